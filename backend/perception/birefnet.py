"""BiRefNet (Zheng et al. 2024), which tells the subject of a picture from its surroundings in fine detail: both sizes.

Differs from the published code: the deformable convolutions are sums over taps that are sampled by `grid_sample`, so that
no other package is needed and little memory is; what only training uses is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image, Mask
from backend.encoders.encoder import Kernel, Kernels, Weights
from backend.perception.swin import Swin

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, sRGB
SIDE = 1024  # px of the square that the networks were trained on
DEEPER = (4, 3, 2)  # the decoder's levels from the deepest but one on, as the published keys number them


class BiRefNet:
    """The network, from weights in the published key layout; its size is the weights' own. Batch norms are folded.

    float32 everywhere: places that are looked at are px of up to 256, which shorter numbers cannot tell apart.
    """

    def __init__(self, weights: Weights, device: torch.device, name: str = "birefnet", side: int = SIDE) -> None:
        """side: px of the square that a picture is brought to, a multiple of 64."""
        self.name, self._side = name, side
        kernels = Kernels(_floats(weights), device, torch.float32, name)
        self._kernels, self._eye = kernels, Swin(kernels, "bb.")
        self._squeeze = _DecoderBlock(kernels, "squeeze_module.0")
        self._blocks = {i: _DecoderBlock(kernels, f"decoder.decoder_block{i}") for i in (4, 3, 2, 1)}
        self._gates = {i: _Gate(kernels, i) for i in DEEPER}
        self._beside = {i: kernels.convolution(f"decoder.lateral_block{i}.conv") for i in DEEPER}
        self._pictures = {
            i: [kernels.convolution(f"decoder.ipt_blk{i}.{part}") for part in ("conv1", "conv_out")] for i in range(1, 6)
        }
        self._out = kernels.convolution("decoder.conv_out1.0")

    @torch.no_grad()
    def __call__(self, image: Image) -> Mask:
        """How surely each place of an image [1, 3, H, W] belongs to the subject [1, 1, H, W], 0 … 1.

        As published, the picture is squashed to a square.
        """
        size = image.shape[-2:]
        x = F.interpolate(image, (self._side, self._side), mode="bilinear", antialias=True, align_corners=False)
        mean, deviation = (torch.tensor(values, device=x.device).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
        found = torch.sigmoid(self._logits(((x - mean) / deviation).to(self._kernels.device, torch.float32)))
        return F.interpolate(found, size, mode="bilinear", align_corners=False).to(image)

    def _logits(self, x: Tensor) -> Tensor:
        """[B, 1, h, w] of normalized pictures [B, 3, h, w]."""
        seen = self._seen(x)
        deep = torch.cat([*(_resized(level, seen[3]) for level in seen[:3]), seen[3]], 1)
        now = self._with_picture(self._squeeze(deep), x, 5)
        for level, beside in zip(DEEPER, (seen[2], seen[1], seen[0]), strict=True):
            gated = self._gates[level](self._blocks[level](now))
            now = _resized(gated, beside) + F.conv2d(beside, *self._beside[level])
            now = self._with_picture(now, x, level)
        now = self._blocks[1](now)
        weight, bias = self._out  # applied to its two halves apart: together they were the largest thing of all
        drawn = F.conv2d(now, weight[:, : now.shape[1]])
        return _resized(drawn, x) + F.conv2d(self._patched(x, x, 1), weight[:, now.shape[1] :], bias)

    def _seen(self, x: Tensor) -> list[Tensor]:
        """What the transformer sees in the picture and in one of half its size, level by level."""
        half = F.interpolate(x, (x.shape[-2] // 2, x.shape[-1] // 2), mode="bilinear", align_corners=True)
        return [torch.cat([full, _resized(small, full)], 1) for full, small in zip(self._eye(x), self._eye(half), strict=True)]

    def _with_picture(self, features: Tensor, x: Tensor, number: int) -> Tensor:
        """Features beside what the picture itself shows there."""
        return torch.cat([features, self._patched(features, x, number)], 1)

    def _patched(self, features: Tensor, x: Tensor, number: int) -> Tensor:
        """The picture cut into as many pieces as make each as large as the features, seen as channels."""
        first, last = self._pictures[number]
        return F.conv2d(F.conv2d(_pieces(x, features), *first, padding=1), *last, padding=1)


class _DecoderBlock:
    """A convolution, deformable ones of several sizes side by side, and a convolution."""

    def __init__(self, kernels: Kernels, name: str) -> None:
        self._inward, self._outward = (
            kernels.folded(f"{name}.conv_in", f"{name}.bn_in"),
            kernels.folded(f"{name}.conv_out", f"{name}.bn_out"),
        )
        around = f"{name}.dec_att"
        count = sum(f"{around}.aspp_deforms.{i}.bn.weight" in kernels.weights for i in range(9))
        self._branches = [
            _Deformable(kernels, f"{around}.{part}") for part in ("aspp1", *(f"aspp_deforms.{i}" for i in range(count)))
        ]
        self._whole = kernels.folded(f"{around}.global_avg_pool.1", f"{around}.global_avg_pool.2")
        self._mixed = kernels.folded(f"{around}.conv1", f"{around}.bn1")

    def __call__(self, x: Tensor) -> Tensor:
        x = F.relu(F.conv2d(x, *self._inward, padding=1))
        parts = [branch(x) for branch in self._branches]
        whole = F.relu(F.conv2d(x.mean((2, 3), keepdim=True), *self._whole)).expand_as(parts[0])
        x = F.relu(F.conv2d(torch.cat([*parts, whole], 1), *self._mixed))
        return F.conv2d(x, *self._outward, padding=1)


class _Deformable:
    """A convolution whose taps look where the picture says, and as strongly (Zhu et al. 2019)."""

    def __init__(self, kernels: Kernels, name: str) -> None:
        self._offsets, self._strengths = (
            kernels.convolution(f"{name}.atrous_conv.{part}") for part in ("offset_conv", "modulator_conv")
        )
        self._kernel = kernels.folded(f"{name}.atrous_conv.regular_conv", f"{name}.bn")

    def __call__(self, x: Tensor) -> Tensor:
        padding = self._kernel[0].shape[-1] // 2
        offsets, strengths = (F.conv2d(x, *kernel, padding=padding) for kernel in (self._offsets, self._strengths))
        return F.relu(deformed(x, offsets, 2 * torch.sigmoid(strengths), self._kernel))


class _Gate:
    """How much of a level is passed on, place by place."""

    def __init__(self, kernels: Kernels, number: int) -> None:
        self._edges = kernels.folded(f"decoder.gdt_convs_{number}.0", f"decoder.gdt_convs_{number}.1")
        self._share = kernels.convolution(f"decoder.gdt_convs_attn_{number}.0")

    def __call__(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(F.conv2d(F.relu(F.conv2d(x, *self._edges, padding=1)), *self._share))


def deformed(x: Tensor, offsets: Tensor, strengths: Tensor, kernel: Kernel) -> Tensor:
    """A convolution of [B, C, h, w] whose taps are moved by offsets [B, 2 k², h, w], px, y before x, and weighed by strengths
    [B, k², h, w]; beyond the border is nothing."""
    weight, bias = kernel
    height, width = x.shape[-2:]
    side = weight.shape[-1]
    y, into = torch.meshgrid(
        *(torch.arange(length, device=x.device, dtype=x.dtype) for length in (height, width)), indexing="ij"
    )
    total = bias.view(1, -1, 1, 1)
    for tap in range(side * side):
        down = y + (tap // side - side // 2) + offsets[:, 2 * tap]
        across = into + (tap % side - side // 2) + offsets[:, 2 * tap + 1]
        grid = torch.stack([(2 * across + 1) / width - 1, (2 * down + 1) / height - 1], -1)
        sampled = F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        total = total + F.conv2d(sampled * strengths[:, tap : tap + 1], weight[:, :, tap // side, tap % side, None, None])
    return total


def _pieces(x: Tensor, like: Tensor) -> Tensor:
    """A picture [B, C, H, W] cut into pieces of the size of `like`, [B, n C, h, w]: column by column, from top to bottom.

    This is the order with which the published weights were trained; the published code has had another one since.
    """
    height, width = like.shape[-2:]
    cut = x.unflatten(3, (-1, width)).unflatten(2, (-1, height))  # [B, C, rows, h, columns, w]
    return cut.permute(0, 4, 2, 1, 3, 5).flatten(1, 3)


def _resized(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=True)


def _floats(weights: Weights) -> Mapping[str, Tensor]:
    """The weights without a prefix that data parallel training leaves, and without tables of indices."""
    return {key.removeprefix("module."): value for key, value in weights.items() if value.is_floating_point()}
