"""Strokes as a hand makes them that does not know yet what it draws: calm arcs, waves and loops about the middle."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class GestureSettings:
    """Lengths are shares of the canvas' side."""

    first_length: float = 0.7  # of the first strokes, which lay a drawing out …
    last_length: float = 0.15  # … and of the last, which are details
    spread: float = 0.22  # standard deviation of the strokes' middles about the canvas' middle
    turn: float = 1.4 * math.pi  # rad, at most, over a stroke of the first length
    segments: int = 2  # cubics of a stroke


def gestures(
    count: int, late: float, side: float, generator: torch.Generator, settings: GestureSettings = GestureSettings()
) -> list[Tensor]:
    """`count` poly-Béziers [3S+1, 2] on a square canvas of `side` px.

    late: 0 for the first strokes of a drawing … 1 for the last.
    """
    found = []
    for _ in range(count):
        u, v, angle, turn, wave = torch.rand(5, generator=generator).tolist()
        middle = 0.5 + settings.spread * torch.randn(2, generator=generator)
        length = settings.first_length * (settings.last_length / settings.first_length) ** late * (0.6 + 0.8 * u)
        bend = settings.turn * (2 * turn - 1)
        points = _course(length, 2 * math.pi * angle, bend, bend * (2 * wave - 1) if v < 0.3 else bend, settings.segments)
        found.append(((points - points.mean(0) + middle).clamp(0.04, 0.96) * side).float())
    return found


def _course(length: float, angle: float, first: float, second: float, segments: int) -> Tensor:
    """A course whose direction turns by `first` over its first half and by `second` over the other [3S+1, 2]."""
    steps = 3 * segments
    place = torch.arange(steps) / steps
    heading = angle + torch.where(place < 0.5, first * place, first * 0.5 + second * (place - 0.5))
    moves = length / steps * torch.stack([heading.cos(), heading.sin()], 1)
    points = torch.cat([torch.zeros(1, 2), moves.cumsum(0)])
    joints = torch.arange(3, steps, 3)
    points[joints] = (points[joints - 1] + points[joints + 1]) / 2  # so that segments join without a corner
    return points
