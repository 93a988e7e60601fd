"""The strokes of single frames as one drawing that moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backend.core.drawing import Drawing
from backend.core.moving import FAINTEST, MovingDrawing, MovingStroke
from backend.initialize.carry import CarriedStroke
from backend.initialize.parts import drawn_parts, part_of
from backend.initialize.trajectories import TrajectorySettings, opacity, presence, smooth_way
from backend.recipes.recipe import SketchChoices
from backend.recipes.sequence_notebook import Birth, Page
from backend.style_pack import StylePack


def assembled(
    pages: Sequence[Page],
    size: tuple[int, int],
    rate: float,
    pack: StylePack,
    choices: SketchChoices,
    settings: TrajectorySettings,
) -> MovingDrawing:
    """The pages of all frames in order; every control point on one smooth way per shot."""
    births = [birth for page in pages for birth in page.births]
    frames: dict[int, list[CarriedStroke]] = defaultdict(list)
    first: dict[int, Page] = {}
    for page in pages:
        for stroke in page.strokes:
            frames[stroke.id].append(stroke)
            first.setdefault(stroke.id, page)
    strokes = [_stroke(birth, frames[birth.id], first[birth.id], settings) for birth in births]
    there = [replace(stroke, id=i) for i, stroke in enumerate(stroke for stroke in strokes if stroke)]
    shots = tuple(page.number for page in pages if page.number == page.shot)
    texture = pack.texture.at(choices.style_strength)
    return MovingDrawing(size, len(pages), rate, shots, tuple(there), pack.paper, texture)


def glimpse(page: Page, pages: Sequence[Page], size: tuple[int, int], pack: StylePack) -> Drawing:
    """A frame as far as it is known while the next ones are drawn; pages: this one and those before."""
    births = {birth.id: birth for page in pages for birth in page.births}
    strokes = tuple(
        MovingStroke(birth.id, 0, stroke.curve[None], np.ones(1), birth.closed, birth.widths, birth.color, birth.note)
        for stroke in page.strokes
        if not stroke.unseen and (birth := births.get(stroke.id))
    )
    return MovingDrawing(size, 1, 1.0, (0,), strokes, pack.paper).at(0)


def _stroke(birth: Birth, frames: Sequence[CarriedStroke], page: Page, settings: TrajectorySettings) -> MovingStroke | None:
    """One stroke through its frames, or None if it is never drawn."""
    seen = np.array([not stroke.unseen for stroke in frames])
    drift = np.array([stroke.drift for stroke in frames])
    points = smooth_way(np.stack([stroke.curve for stroke in frames]), seen, drift, settings)
    held = [stroke.held for stroke in frames if stroke.held is not None]
    if not birth.closed and len(held) == len(frames):
        parts = drawn_parts(np.stack(held), seen).tolist()
        points = np.stack([part_of(curve, first, last) for curve, (first, last) in zip(points, parts, strict=True)])
    opacities = birth.opacity * opacity(presence(seen, settings), page.number == page.shot, settings)
    drawn = np.flatnonzero(opacities > FAINTEST)
    if not len(drawn):
        return None
    a, b = int(drawn[0]), int(drawn[-1]) + 1
    return MovingStroke(
        birth.id, page.number + a, points[a:b], opacities[a:b], birth.closed, birth.widths, birth.color, birth.note
    )
