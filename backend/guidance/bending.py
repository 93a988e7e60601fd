"""Calm strokes: the change of bending against the start."""

from __future__ import annotations

import torch
from torch import Tensor

from backend.core.strokes import Strokes
from backend.guidance.view import View


class KeepBending:
    """Mean squared change of the second differences of the control points against the start, canvas px²."""

    def __init__(self, start: Strokes) -> None:
        self._start = _second_differences(start.points.detach())
        index = torch.arange(self._start.shape[1], device=self._start.device)
        self._used = (index[None] + 2 <= 3 * start.segments[:, None])[..., None].to(self._start)

    def __call__(self, view: View) -> Tensor:
        change = (_second_differences(view.strokes.points) - self._start) * self._used
        return change.square().sum() / self._used.sum().clamp_min(1)


def _second_differences(points: Tensor) -> Tensor:
    return points[:, 2:] - 2 * points[:, 1:-1] + points[:, :-2]
