"""The work of one restyled photograph that is to be a sketch. The worker process and the command line run the same."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path

from stylesketch_ext.wire.messages import SketchRequest, SketchSettings

from backend.core.image import Image
from backend.core.work import Progress, Work
from backend.daemon.drawn_after import DrawnAfter
from backend.daemon.results import sketch_result
from backend.daemon.sketching import choices_of
from backend.export.picture import picture_png
from backend.model_pool import ModelPool
from backend.recipes.recipe import Inputs
from backend.recipes.restyled_sketch import restyled_sketch
from backend.recipes.style_transfer import RestyleChoices, StyleSource
from backend.style_library import load_pack

RECIPE = "restyled"


@dataclass(frozen=True)
class RestyledOrder:
    """What is to be restyled and drawn."""

    inputs: Inputs  # the photograph; mask and marks in px of it
    style: StyleSource
    restyling: RestyleChoices
    settings: SketchSettings  # how the restyled picture is drawn; its mask stands in the inputs
    packs: Path  # the user's own style packs
    title: str = ""


@dataclass(frozen=True)
class RestyledDrawn(DrawnAfter):
    """A finished sketch of a restyled photograph."""

    edges: Image  # [1, 1, H, W], the photograph's edges dark on white
    method: str  # by which it was restyled
    strength: float
    steps: int  # of a diffusion network


def draw_restyled(order: RestyledOrder, pool: ModelPool) -> Work[RestyledDrawn]:
    """The sketch of a restyled photograph; errors of our tree."""
    begin, settings = time.perf_counter(), order.settings
    pack = load_pack(settings.style, order.packs)
    yield Progress("reading the picture", 0.0)
    choices = choices_of(settings)
    made = yield from restyled_sketch(order.inputs, order.style, order.restyling, choices, pack, pool, settings.candidates)
    picture = picture_png(made.restyled.image)
    sketched = SketchRequest(hashlib.sha256(picture).hexdigest(), settings, title=order.title)
    found = sketch_result(made.drawing, sketched, pack, made.pool, {"total": time.perf_counter() - begin}, made.attempts)
    told = replace(found, recipe=RECIPE)
    restyled = made.restyled
    return RestyledDrawn(
        told, made.drawing, picture, made.pool, restyled.edges, restyled.method, restyled.strength, restyled.steps
    )
