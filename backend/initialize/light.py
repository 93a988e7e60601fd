"""What strokes remember of their surroundings, in the light of a frame that is exposed otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backend.initialize.carry import Canvas, CarriedStroke, CarrySettings, look_along
from backend.initialize.curve_places import Values

ROUNDS = 10  # of weighing places by how well they agree
NEAR = 6.0  # difference in L, a or b that counts half
STEEPEST = 2.5  # most that differences of color grow or shrink by


def in_new_light(strokes: Sequence[CarriedStroke], canvas: Canvas, settings: CarrySettings) -> list[CarriedStroke]:
    """The strokes, moved to the frame of a canvas but not yet put on its lines, with what they remember in its light.

    Lightness and colors changed as most places of those that were seen say: each channel by a factor and an offset.
    """
    seen = [stroke for stroke in strokes if not stroke.unseen]
    if not seen:
        return list(strokes)
    before = np.concatenate([stroke.look.reshape(-1, 3) for stroke in seen]).astype(np.float64)
    looks = (look_along(canvas.of_source(stroke.curve), len(stroke.look), canvas, settings) for stroke in seen)
    now = np.concatenate([look.reshape(-1, 3) for look in looks]).astype(np.float64)
    factors, offsets = np.array([_line(before[:, i], now[:, i]) for i in range(3)]).T
    return [replace(stroke, look=(stroke.look * factors + offsets).astype(np.float32)) for stroke in strokes]


def _line(x: Values, y: Values) -> tuple[float, float]:
    """Factor and offset by which most values x become y: least squares, weighed anew by how far each is off."""
    factor, offset = 1.0, float(np.median(y - x))
    for _ in range(ROUNDS):
        weight = 1 / (1 + ((y - factor * x - offset) / NEAR) ** 2)
        mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
        spread = float(weight @ (x - mean_x) ** 2) + NEAR**2  # values that are all alike tell of no factor
        factor = (float(weight @ ((x - mean_x) * (y - mean_y))) + NEAR**2) / spread
        factor = min(max(factor, 1 / STEEPEST), STEEPEST)
        offset = float(mean_y - factor * mean_x)
    return factor, offset
