"""Adam. torch's own gives the same numbers, but its optimizers first import torch's compiler, which takes seconds."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

DECAY = (0.9, 0.999)  # of the averages of gradients and of their squares, as the paper has them
EPSILON = 1e-8


class Adam:
    """Adam (Kingma and Ba, 2015, algorithm 1) for parameters that all have gradients at every step."""

    def __init__(self, parameters: Iterable[Tensor], rate: float) -> None:
        self.rate = rate  # the paper's α; may change between steps
        self._parameters = list(parameters)
        self._means = [torch.zeros_like(one) for one in self._parameters]
        self._squares = [torch.zeros_like(one) for one in self._parameters]
        self._number = 0

    def forget(self) -> None:
        """Drops the gradients of the step before."""
        for one in self._parameters:
            one.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Moves the parameters; one without a gradient stays where it is."""
        self._number += 1
        first, second = (1 - decay**self._number for decay in DECAY)
        for one, mean, square in zip(self._parameters, self._means, self._squares, strict=True):
            if one.grad is None:
                continue
            mean.lerp_(one.grad, 1 - DECAY[0])
            square.mul_(DECAY[1]).addcmul_(one.grad, one.grad, value=1 - DECAY[1])
            one.addcdiv_(mean, (square.sqrt() / second**0.5).add_(EPSILON), value=-self.rate / first)
