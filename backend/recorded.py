"""The loop of optimize.py recorded as a CUDA graph, for objectives that are the same at every step. Not run on a card yet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import torch
from torch import Tensor

from backend.adam import DECAY, EPSILON
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.guidance.view import View
from backend.optimize import Parameterization, Schedule, Step

WARM_UP = 3  # steps before recording, so that whatever is made once is made


class RecordableRasterizer(Protocol):
    """A rasterizer on a card that takes its softness from there, and whose passes may be recorded: `CudaEngine`."""

    def __call__(self, strokes: Strokes, size: tuple[int, int], paper: Tensor, softness: Tensor) -> Image: ...

    def overflowed(self, device: torch.device) -> bool: ...


class Recorder(Protocol):
    """Makes one call of many."""

    def aside(self) -> AbstractContextManager[None]:
        """Where to work before recording."""

    def record(self, step: Callable[[], None]) -> Callable[[], None]:
        """What does the same as `step` whenever it is called, with the tensors that `step` used. May call `step` to see."""


class GraphRecorder:
    """CUDA graphs."""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Another stream than the default one, which cannot be recorded."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            yield
        torch.cuda.current_stream().wait_stream(stream)

    def record(self, step: Callable[[], None]) -> Callable[[], None]:
        """The graph's replay."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        return graph.replay


GRAPHS = GraphRecorder()


def optimize_recorded(
    parameterization: Parameterization,
    objective: Callable[[View], Tensor],
    schedule: Schedule,
    rasterizer: RecordableRasterizer,
    size: tuple[int, int],
    paper: Tensor,
    every: int = 50,
    recorder: Recorder = GRAPHS,
) -> Iterator[Step]:
    """`optimize` without a host in its steps: Adam by the same schedule, a `Step` for every so many of them.

    objective: the loss of a view, a scalar on the card; it must not read `View.number` nor wait for the card. Parameters are
    float32 on the card, and so is `paper`. Steps that a recorded pass lacked room for are done again.
    """
    descent = _Descent(parameterization, objective, schedule, rasterizer, size, paper)
    replay: Callable[[], None] | None = None
    done = 0
    while done < schedule.steps:
        goal, before = min(done + every, schedule.steps), descent.state()
        for number in range(done, goal):
            if number < WARM_UP:
                with recorder.aside():
                    descent.step()
                continue
            replay = replay or recorder.record(descent.step)
            replay()
        if rasterizer.overflowed(descent.device):
            descent.restore(before)
            replay = None
            continue
        done = goal
        with torch.no_grad():
            moved = parameterization.strokes()
        yield Step(done, float(descent.loss), {}, moved)


class _Descent:
    """One step after the other, all numbers on the card."""

    def __init__(
        self,
        parameterization: Parameterization,
        objective: Callable[[View], Tensor],
        schedule: Schedule,
        rasterizer: RecordableRasterizer,
        size: tuple[int, int],
        paper: Tensor,
    ) -> None:
        self._parameterization, self._objective = parameterization, objective
        self._rasterizer, self._size, self._paper = rasterizer, size, paper
        self._parameters = parameterization.parameters
        self.device = self._parameters[0].device
        table = [_settings(schedule, number) for number in range(schedule.steps)]
        self._table = torch.tensor(table, dtype=torch.float32, device=self.device)  # [steps, 4]
        self._number = torch.zeros(1, dtype=torch.long, device=self.device)
        self._means = [torch.zeros_like(one) for one in self._parameters]
        self._squares = [torch.zeros_like(one) for one in self._parameters]
        self.loss = torch.zeros((), device=self.device)

    def step(self) -> None:
        """One step of Adam."""
        rate, softness, first, second = self._table.index_select(0, self._number)[0].unbind()
        strokes = self._parameterization.strokes()
        loss = self._objective(View(self._rasterizer(strokes, self._size, self._paper, softness), strokes))
        gradients = torch.autograd.grad(loss, self._parameters)
        with torch.no_grad():
            for one, gradient, mean, square in zip(self._parameters, gradients, self._means, self._squares, strict=True):
                mean.lerp_(gradient, 1 - DECAY[0])
                square.mul_(DECAY[1]).addcmul_(gradient, gradient, value=1 - DECAY[1])
                one.sub_(rate / first * mean / ((square / second).sqrt() + EPSILON))
            self.loss.copy_(loss)
            self._number.add_(1)

    def state(self) -> list[Tensor]:
        """Copies of all that a step changes."""
        return [one.detach().clone() for one in self._changing]

    def restore(self, state: list[Tensor]) -> None:
        """Takes all steps since then back."""
        with torch.no_grad():
            for one, before in zip(self._changing, state, strict=True):
                one.copy_(before)

    @property
    def _changing(self) -> list[Tensor]:
        return [*self._parameters, *self._means, *self._squares, self._number]


def _settings(schedule: Schedule, number: int) -> tuple[float, float, float, float]:
    """Rate and softness of a step, and by how much Adam's averages of so few steps fall short; as in optimize.py."""
    part, fall = number / max(schedule.steps - 1, 1), (1 - schedule.last) / 2
    rate = schedule.rate * (1 - fall + fall * math.cos(math.pi * part))
    softness = schedule.softness[0] * (schedule.softness[1] / schedule.softness[0]) ** part
    return rate, softness, 1 - DECAY[0] ** (number + 1), 1 - DECAY[1] ** (number + 1)
