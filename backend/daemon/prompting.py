"""The work of one text: what it tells to a sketch. The worker process and the command line run the same."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path

from stylesketch_ext.wire.codec import dumps
from stylesketch_ext.wire.messages import SketchRequest, SketchSettings

from backend.core.image import Image, Mask
from backend.core.work import Progress, Work
from backend.daemon.drawn_after import DrawnAfter
from backend.daemon.results import sketch_result
from backend.daemon.sketching import choices_of
from backend.export.picture import picture_png
from backend.model_pool import ModelPool
from backend.perception.marked_foreground import Mark
from backend.perception.photograph import decode_mask
from backend.places import Places
from backend.recipes import EVERY_RECIPE, Recipe
from backend.recipes.prompt_sketch import PromptChoices, prompt_sketch
from backend.recipes.sparing import sparing
from backend.style_library import load_pack

RECIPE = "prompt"


@dataclass(frozen=True)
class PromptOrder:
    """What is to be drawn, and where things lie."""

    prompt: PromptChoices
    settings: SketchSettings
    packs: Path  # the user's own style packs
    places: Places
    mask: Path | None = None  # of the generated picture; else settings.mask says
    recipe: Recipe = EVERY_RECIPE["object"]  # how the generated picture is drawn


@dataclass(frozen=True)
class PromptResult(DrawnAfter):
    """A finished sketch of a text; there is no picture where CLIP drew without one."""

    kept: bool  # whether an earlier run had generated the picture


def draw_prompt(order: PromptOrder) -> Work[PromptResult]:
    """The sketch of a text; errors of our tree, OSError for a mask that cannot be read."""
    begin, settings = time.perf_counter(), order.settings
    pack = load_pack(settings.style, order.packs)
    pool = ModelPool.choose(settings.device, settings.rasterizer, order.places)

    def mask_for(picture: Image) -> Mask | None:
        return decode_mask(order.mask.read_bytes(), (picture.shape[-2], picture.shape[-1])) if order.mask else None

    marks = tuple(Mark(mark.kind, tuple(mark.points)) for mark in settings.marks)
    yield Progress("reading the text", 0.0)
    choices, count = choices_of(settings), settings.candidates
    made, pool = yield from sparing(
        lambda given: prompt_sketch(order.prompt, choices, pack, given, mask_for, marks, order.recipe, count), pool
    )
    picture = None if made.picture is None else picture_png(made.picture)
    sketched = SketchRequest(_name(order, picture), settings, title=order.prompt.prompt)
    found = sketch_result(made.drawing, sketched, pack, pool, {"total": time.perf_counter() - begin}, made.attempts)
    return PromptResult(replace(found, recipe=RECIPE), made.drawing, picture, pool, made.kept)


def _name(order: PromptOrder, picture: bytes | None) -> str:
    """What stands for the hash of a picture: that of the one that was drawn after, or of the text."""
    return hashlib.sha256(dumps([repr(order.prompt), repr(order.recipe)]).encode() if picture is None else picture).hexdigest()
