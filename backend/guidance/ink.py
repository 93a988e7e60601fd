"""Ink where the picture has lines, none where it has not: the classical guidance."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from backend.core.image import LUMA, Image, luminance
from backend.guidance.view import View


class InkMatch:
    """Mean squared difference of ink between drawing and target, over a pyramid of `levels` halvings.

    target: [1, 1, H, W] ink in [0, 1], 1 = black line. Coarse levels pull strokes from afar, fine ones place them.
    far: what each level weighs beside the next finer one. Differentiable once.
    """

    def __init__(self, target: Tensor, paper: Tensor, levels: int = 4, far: float = 2.0) -> None:
        self._paper, self._far = luminance(paper.view(1, 3, 1, 1)), far
        red, green, blue = paper.tolist()
        self._gray = red if red == green == blue else None  # the paper's, so that blank pixels have no ink at all
        self._targets = _pyramid(target, levels)

    def __call__(self, view: View) -> Tensor:
        loss: Tensor = _InkMatch.apply(view.image, self._paper, self._gray, self._far, self._targets)
        return loss


class _InkMatch(torch.autograd.Function):
    """The whole term at once: it keeps the differences of every level, which the gradient is a sum of."""

    @staticmethod
    def forward(ctx: Any, image: Image, paper: Tensor, gray: float | None, far: float, targets: list[Tensor]) -> Tensor:
        one = image.stride(1) == 0  # the channels share their memory
        signed = paper - luminance(image) if gray is None or not one else gray - image[:, :1]
        losses, scales = [], []
        differences = _pyramid(signed.abs(), len(targets))
        for level, (difference, target) in enumerate(zip(differences, targets, strict=True)):
            flat = difference.sub_(target).reshape(-1)
            losses.append(torch.dot(flat, flat) * (far**level / flat.numel()))
            scales.append(2 * far**level / flat.numel())
        ctx.save_for_backward(signed, *differences)
        ctx.one, ctx.scales, ctx.shape = gray is not None and one, scales, image.shape
        return torch.stack(losses).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        signed, *differences = ctx.saved_tensors
        coarse: Tensor | None = None
        for difference, scale in zip(reversed(differences), reversed(ctx.scales), strict=True):
            fine = difference * (gradient * scale)
            coarse = fine if coarse is None else _spread(coarse, fine)
        assert coarse is not None
        by_luma = coarse.mul_(signed.sgn()).neg_()
        if ctx.one:
            return (by_luma / ctx.shape[1]).expand(ctx.shape), None, None, None, None
        return by_luma * by_luma.new_tensor(LUMA).view(1, 3, 1, 1), None, None, None, None


def _spread(coarse: Tensor, onto: Tensor) -> Tensor:
    """Adds to each pixel its part of the gradient of the mean of up to 2 × 2 pixels that it belongs to."""
    coarse = coarse / 4
    if onto.shape[-2] % 2:
        coarse[..., -1, :] *= 2
    if onto.shape[-1] % 2:
        coarse[..., -1] *= 2
    for row in range(2):
        for column in range(2):
            part = onto[..., row::2, column::2]
            part += coarse[..., : part.shape[-2], : part.shape[-1]]
    return onto


def _pyramid(image: Tensor, levels: int) -> list[Tensor]:
    images = [image]
    for _ in range(levels - 1):
        images.append(F.avg_pool2d(images[-1], 2, ceil_mode=True, count_include_pad=False))
    return images
