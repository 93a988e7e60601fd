"""The one loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from backend.adam import Adam
from backend.core.strokes import Strokes
from backend.guidance.view import View
from backend.raster import Rasterizer


@dataclass(frozen=True)
class Schedule:
    """How long and how boldly to optimize (Adam, Kingma and Ba 2015; the rate falls by a cosine)."""

    steps: int
    rate: float = 0.35  # canvas px per step at the start
    softness: tuple[float, float] = (1.5, 0.3)  # of the rasterizer at the first and the last step, px
    last: float = 0.1  # share of the rate at the end


@dataclass(frozen=True)
class Step:
    """One step done."""

    number: int  # 1 … steps
    loss: float
    losses: dict[str, float]
    strokes: Strokes


class Parameterization(Protocol):
    """What moves, and the strokes it makes."""

    @property
    def parameters(self) -> list[Tensor]: ...

    def strokes(self) -> Strokes: ...


def optimize(
    parameterization: Parameterization,
    objective: Callable[[View], tuple[Tensor, dict[str, float]]],
    schedule: Schedule,
    rasterizer: Rasterizer,
    size: tuple[int, int],
    paper: Tensor,
    descend: Callable[[Tensor], None] = Tensor.backward,
) -> Iterator[Step]:
    """Minimizes the objective, one `Step` at a time.

    objective: the loss of a view, and its parts by name; size: height and width of the canvas, px; paper: sRGB [3];
    descend: computes the loss's gradient, where an encoder has a part in it that of the pool.
    """
    optimizer = Adam(parameterization.parameters, schedule.rate)
    for number in range(1, schedule.steps + 1):
        part = (number - 1) / max(schedule.steps - 1, 1)
        fall = (1 - schedule.last) / 2
        optimizer.rate = schedule.rate * (1 - fall + fall * math.cos(math.pi * part))
        softness = schedule.softness[0] * (schedule.softness[1] / schedule.softness[0]) ** part
        strokes = parameterization.strokes()
        loss, losses = objective(View(rasterizer(strokes, size, paper, softness), strokes, number))
        optimizer.forget()
        descend(loss)
        optimizer.step()
        with torch.no_grad():
            moved = parameterization.strokes()
        yield Step(number, float(loss.detach()), losses, moved)
