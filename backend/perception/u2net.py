"""U²-Net (Qin et al. 2020), which tells the subject of a picture from its surroundings: the full network and the small one."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image, Mask
from backend.encoders.encoder import Kernel, Kernels, Weights, arithmetic

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, sRGB
SIDE = 320  # px of the square that the network was trained on
DEPTHS = (7, 6, 5, 4)  # of the blocks on the way down; the two below them keep their size
FLAT = (1, 2, 4, 8)  # dilations of blocks that keep their size


class U2Net:
    """The network, from weights in the published key layout, under any prefix. Batch norms are folded."""

    def __init__(self, weights: Weights, device: torch.device, name: str = "u2net", dtype: torch.dtype | None = None) -> None:
        self.name = name
        plain = {key.removeprefix("module."): value for key, value in weights.items()}
        self._kernels = kernels = Kernels(plain, device, dtype or arithmetic(device), name)
        self._down = [_Block(kernels, f"stage{i + 1}", depth) for i, depth in enumerate(DEPTHS)]
        self._bottom = [_FlatBlock(kernels, f"stage{i}") for i in (5, 6)]
        rising = [_Block(kernels, f"stage{i}d", DEPTHS[i - 1]) for i in (4, 3, 2, 1)]
        self._up: list[Callable[[Tensor], Tensor]] = [_FlatBlock(kernels, "stage5d"), *rising]
        self._sides = [kernels.convolution(f"side{i}") for i in range(1, 7)]
        self._out = kernels.convolution("outconv")

    @torch.no_grad()
    def __call__(self, image: Image) -> Mask:
        """How surely each place of an image [1, 3, H, W] belongs to the subject [1, 1, H, W], stretched to 0 … 1.

        As published, the picture is squashed to a square.
        """
        size = image.shape[-2:]
        x = F.interpolate(image, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
        mean, deviation = (torch.tensor(values, device=x.device).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
        x = (x / x.max().clamp_min(1e-6) - mean) / deviation
        found = torch.sigmoid(self._logits(x.to(self._kernels.device, self._kernels.dtype)).float())
        low, high = found.min(), found.max()
        found = (found - low) / (high - low).clamp_min(1e-6)
        return F.interpolate(found, size, mode="bilinear", align_corners=False).to(image)

    def _logits(self, x: Tensor) -> Tensor:
        """[B, 1, h, w] of normalized pictures [B, 3, h, w]."""
        passed: list[Tensor] = []
        stages: list[Callable[[Tensor], Tensor]] = [*self._down, *self._bottom]
        for stage in stages:
            x = stage(F.max_pool2d(x, 2, ceil_mode=True) if passed else x)
            passed.append(x)
        shown = [passed.pop()]
        for stage in self._up:
            beside = passed.pop()
            shown.append(stage(torch.cat([_enlarged(shown[-1], beside), beside], 1)))
        first = shown[-1]
        sides = [_enlarged(F.conv2d(x, *side, padding=1), first) for x, side in zip(reversed(shown), self._sides, strict=True)]
        return F.conv2d(torch.cat(sides, 1), *self._out)


class _Block:
    """A small U of its own: `depth` − 1 convolutions downwards, a dilated one, and back, added to what came in."""

    def __init__(self, kernels: Kernels, name: str, depth: int) -> None:
        self._inward = _folded(kernels, f"{name}.rebnconvin")
        self._down = [_folded(kernels, f"{name}.rebnconv{i}") for i in range(1, depth)]
        self._bottom = _folded(kernels, f"{name}.rebnconv{depth}")
        self._up = [_folded(kernels, f"{name}.rebnconv{i}d") for i in range(depth - 1, 0, -1)]

    def __call__(self, x: Tensor) -> Tensor:
        entered = x = _convolved(x, self._inward)
        passed: list[Tensor] = []
        for kernel in self._down:
            x = _convolved(F.max_pool2d(x, 2, ceil_mode=True) if passed else x, kernel)
            passed.append(x)
        x = _convolved(x, self._bottom, 2)
        for kernel in self._up:
            beside = passed.pop()
            x = _convolved(torch.cat([_enlarged(x, beside), beside], 1), kernel)
        return x + entered


class _FlatBlock:
    """The same without changes of size: convolutions ever more dilated, and back."""

    def __init__(self, kernels: Kernels, name: str) -> None:
        self._inward = _folded(kernels, f"{name}.rebnconvin")
        self._down = [_folded(kernels, f"{name}.rebnconv{i}") for i in (1, 2, 3, 4)]
        self._up = [_folded(kernels, f"{name}.rebnconv{i}d") for i in (3, 2, 1)]

    def __call__(self, x: Tensor) -> Tensor:
        entered = x = _convolved(x, self._inward)
        passed: list[Tensor] = []
        for kernel, dilation in zip(self._down, FLAT, strict=True):
            x = _convolved(x, kernel, dilation)
            passed.append(x)
        passed.pop()
        for kernel, dilation in zip(self._up, reversed(FLAT[:3]), strict=True):
            x = _convolved(torch.cat([x, passed.pop()], 1), kernel, dilation)
        return x + entered


def _folded(kernels: Kernels, name: str) -> Kernel:
    return kernels.folded(f"{name}.conv_s1", f"{name}.bn_s1")


def _convolved(x: Tensor, kernel: Kernel, dilation: int = 1) -> Tensor:
    return F.relu(F.conv2d(x, *kernel, padding=dilation, dilation=dilation))


def _enlarged(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False) if x.shape[-2:] != like.shape[-2:] else x
