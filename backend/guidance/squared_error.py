"""The mean squared difference of two pictures, in half the passes over memory that torch's own takes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def mean_squared_error(image: Tensor, target: Tensor) -> Tensor:
    """Mean of (image − target)², a scalar; both of one shape. Differentiable in the image, once."""
    loss: Tensor = _MeanSquaredError.apply(image, target)
    return loss


class _MeanSquaredError(torch.autograd.Function):
    """Keeps the difference, which is the gradient but for a factor."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, target: Tensor) -> Tensor:
        difference = image - target
        ctx.save_for_backward(difference)
        flat = difference.reshape(-1)
        return torch.dot(flat, flat) / flat.numel()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (difference,) = ctx.saved_tensors
        return difference * (gradient * (2 / difference.numel())), None
