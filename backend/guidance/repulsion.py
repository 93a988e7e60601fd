"""Nearly parallel strokes push each other apart, so that none is drawn twice."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.strokes import Strokes
from backend.guidance.stroke_places import StrokePlaces
from backend.guidance.view import View

PARALLEL = 0.7  # least cosine of strokes that are looked at; they count in full from 1, not at all below this
MOST_TOGETHER = 512  # places whose distances to all others are measured at once


class PushApart:
    """Mean square of how much nearer than `clear` px nearly parallel strokes are, px²: per place of the strokes.

    A place and the part of another stroke right beside it are a pair; their distance is measured across that stroke, so that
    places may lie farther apart along strokes than the strokes do. It pushes no pair farther than `room` px beyond what it
    begins with, and leaves those alone that begin nearer than `one` px: there, two strokes draw one line on purpose, as where
    one ends on the other. No point may move farther than `reach` px.
    """

    def __init__(self, places: StrokePlaces, start: Strokes, clear: float, one: float, room: float, reach: float) -> None:
        self._places = places
        points, direction = (found.detach() for found in places.on(start))
        self._beside, self._other = _pairs(points, direction, places, clear + 2 * reach)
        across = _across(points[self._beside] - points[self._other], direction[self._other])
        self._side, gap = across.sign(), across.abs()
        self._least = torch.where(gap < one, torch.zeros_like(gap), (gap + room).clamp_max(clear))
        along = (direction[self._beside] * direction[self._other]).sum(1).abs()
        self._weight = (along - PARALLEL) / (1 - PARALLEL) / max(1, len(places))

    def __call__(self, view: View) -> Tensor:
        points, direction = self._places.seen(view)
        gap = _across(points[self._beside] - points[self._other], direction[self._other]) * self._side
        return torch.dot(self._weight, F.relu(self._least - gap).square())


def _pairs(points: Tensor, direction: Tensor, places: StrokePlaces, far: float) -> tuple[Tensor, Tensor]:
    """Indices of places, and of places of other strokes beside them, no farther than `far` px across these."""
    around = (places.length / 2).square().add(far**2).sqrt()
    near = [
        (torch.cdist(points[i : i + MOST_TOGETHER], points) < around).nonzero() + around.new_tensor([i, 0], dtype=torch.long)
        for i in range(0, len(points), MOST_TOGETHER)
    ]
    one, other = torch.cat(near).unbind(1)
    apart = places.owner[one] != places.owner[other]
    one, other = one[apart], other[apart]
    offset, ahead = points[one] - points[other], direction[other]
    beside = (offset * ahead).sum(1).abs() <= places.length[other] / 2
    beside &= _across(offset, ahead).abs() < far
    beside &= (direction[one] * ahead).sum(1).abs() > PARALLEL
    return one[beside], other[beside]


def _across(offset: Tensor, direction: Tensor) -> Tensor:
    return offset[..., 0] * direction[..., 1] - offset[..., 1] * direction[..., 0]
