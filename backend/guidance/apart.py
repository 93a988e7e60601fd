"""Lines that lie apart stay apart, and keep their length: no ink piles up, no stroke breaks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.bezier import sample
from backend.core.strokes import Strokes
from backend.guidance.view import View

MOST_SAMPLES, MOST_PER_STROKE, LEAST_PER_STROKE = 2400, 48, 12


class KeepApart:
    """Mean square of how much nearer than at the start samples of nearly parallel strokes have come, px².

    Only what is nearer than `distance` px counts; pairs that cannot come so near, since no point moves farther than
    `reach` px, are not looked at.
    """

    def __init__(self, start: Strokes, distance: float, reach: float) -> None:
        self._count = min(MOST_PER_STROKE, max(LEAST_PER_STROKE, MOST_SAMPLES // max(1, len(start))))
        points, _directions = self._samples(start)
        owner = torch.arange(len(start), device=points.device).repeat_interleave(self._count)
        gap = torch.cdist(points, points)
        near = (gap < distance + 2 * reach) & (owner[:, None] < owner[None])
        self._one, self._other = near.nonzero(as_tuple=True)
        self._least = gap[self._one, self._other].clamp_max(distance)
        self._total = max(1, len(points))

    def __call__(self, view: View) -> Tensor:
        points, directions = self._samples(view.strokes)
        gap = ((points[self._one] - points[self._other]).square().sum(1) + 1e-9).sqrt()
        parallel = (directions[self._one] * directions[self._other]).sum(1).square().detach()
        return (parallel * F.relu(self._least - gap).square()).sum() / self._total

    def _samples(self, strokes: Strokes) -> tuple[Tensor, Tensor]:
        points, directions = sample(strokes.points, strokes.segments, self._count)
        return points.reshape(-1, 2), directions.reshape(-1, 2)


class KeepLength:
    """Sum over strokes of the square by which one is shorter than `least` of its start."""

    def __init__(self, start: Strokes, least: float = 0.95) -> None:
        self._start, self._least = _lengths(start.points.detach()), least

    def __call__(self, view: View) -> Tensor:
        return F.relu(self._least - _lengths(view.strokes.points) / self._start).square().sum()


def _lengths(points: Tensor) -> Tensor:
    """Lengths [N] of the control polygons."""
    return (points[:, 1:] - points[:, :-1]).square().sum(-1).add(1e-9).sqrt().sum(1)
