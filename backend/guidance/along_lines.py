"""Strokes that run on lines and in their direction."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.guidance.stroke_places import StrokePlaces
from backend.guidance.view import View


class AlongLines:
    """Share, 0 … 1, of the strokes' length that does not run along the lines of a field.

    The mean over places p, weighted by length, of (1 − s(p)·cos 2(φ − θ(p))) / 2: s is the strength of the line there, θ its
    direction and φ the stroke's. Angles are doubled since lines have no sense (Granlund 1978); where no line is, the stroke's
    direction does not matter, and the strength pulls a stroke onto the middle of its line, from no farther than that is wide.

    field: [1, 2, H, W] s·cos 2θ and s·sin 2θ, s in 0 … 1. counts: [N] what each stroke counts, 0: nothing.
    """

    def __init__(self, places: StrokePlaces, field: Tensor, counts: Tensor) -> None:
        self._places, self._field = places, field
        height, width = field.shape[-2:]
        self._scale = field.new_tensor([2 / width, 2 / height])
        weight = places.length * counts[places.owner]
        self._weight = weight / weight.sum().clamp_min(1e-9)

    def __call__(self, view: View) -> Tensor:
        points, direction = self._places.seen(view)
        grid = (points * self._scale - 1)[None, :, None]
        cos, sin = F.grid_sample(self._field, grid, padding_mode="border", align_corners=False)[0, :, :, 0]
        x, y = direction.unbind(1)
        along = cos * (x * x - y * y) + sin * (2 * x * y)
        return torch.dot(self._weight, 1 - along) / 2
