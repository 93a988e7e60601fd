"""Strokes that keep their length, and ends that stay where they meet."""

from __future__ import annotations

import torch
from torch import Tensor

from backend.core.strokes import Strokes
from backend.guidance.stroke_places import StrokePlaces
from backend.guidance.view import View


class KeepEnds:
    """Mean square, over the ends of open strokes, of how far one strayed from its anchor, canvas px².

    An end that begins no farther than `touching` px from another stroke is anchored to the place that it ends on, and strays
    by what it moves against that. Others stray by what they move out or in along their stroke; to the side they may go, as
    the lines do that they are on.
    """

    def __init__(self, places: StrokePlaces, start: Strokes, touching: float) -> None:
        self._places = places
        points = start.points.detach()
        self._stroke, self._end, before = _open_ends(start)
        self._start = points[self._stroke, self._end]
        out = self._start - points[self._stroke, before]
        self._out = out / (out.square().sum(1, keepdim=True) + 1e-12).sqrt()
        on, _direction = places.on(start.with_points(points))
        gap = torch.cdist(self._start, on)
        gap = gap.masked_fill(self._stroke[:, None] == places.owner[None], torch.inf)
        nearest, self._anchor = gap.min(1) if len(gap) else (gap.new_zeros(0), self._end)
        self._met = nearest < (touching**2 + (0.75 * places.length[self._anchor]) ** 2).sqrt()
        self._offset = self._start - on[self._anchor]

    def __call__(self, view: View) -> Tensor:
        at = view.strokes.points[self._stroke, self._end]
        along = ((at - self._start) * self._out).sum(1).square()
        parted = (at - self._places.seen(view)[0][self._anchor] - self._offset).square().sum(1)
        return torch.where(self._met, parted, along).sum() / max(1, len(at))


def _open_ends(start: Strokes) -> tuple[Tensor, Tensor, Tensor]:
    """Stroke, control point and the one before it, of every end of an open stroke [E]."""
    stroke = (~start.closed).nonzero()[:, 0]
    last = 3 * start.segments[stroke]
    first = torch.zeros_like(last)
    return stroke.repeat(2), torch.cat([first, last]), torch.cat([first + 1, last - 1])
