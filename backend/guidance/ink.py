"""Ink where the picture has lines, none where it has not: the classical guidance."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image, luminance
from backend.guidance.squared_error import mean_squared_error
from backend.guidance.view import View


class InkMatch:
    """Mean squared difference of ink between drawing and target, over a pyramid of `levels` halvings.

    target: [1, 1, H, W] ink in [0, 1], 1 = black line. Coarse levels pull strokes from afar, fine ones place them.
    far: what each level weighs beside the next finer one.
    """

    def __init__(self, target: Tensor, paper: Tensor, levels: int = 4, far: float = 2.0) -> None:
        self._paper, self._far = luminance(paper.view(1, 3, 1, 1)), far
        self._targets = _pyramid(target, levels)

    def __call__(self, view: View) -> Tensor:
        drawn = _pyramid(_ink(view.image, self._paper), len(self._targets))
        losses = [(self._far**i) * mean_squared_error(a, b) for i, (a, b) in enumerate(zip(drawn, self._targets, strict=True))]
        return torch.stack(losses).sum()


def _ink(image: Image, paper: Tensor) -> Tensor:
    """How far each pixel is from the paper [1, 1, H, W]."""
    return (paper - luminance(image)).abs()


def _pyramid(image: Tensor, levels: int) -> list[Tensor]:
    images = [image]
    for _ in range(levels - 1):
        images.append(F.avg_pool2d(images[-1], 2, ceil_mode=True, count_include_pad=False))
    return images
