"""The Swin transformer (Liu et al. 2021): windows of a picture that look at themselves, shifted at every other block."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.encoders.encoder import Kernels

HEAD = 32  # channels of an attention head, in every Swin
EPSILON = 1e-5  # of layer norms


class Swin:
    """The four stages, from weights in the key layout of the authors, under a prefix. Depths and sizes are the weights' own."""

    def __init__(self, kernels: Kernels, prefix: str) -> None:
        self._kernels, self._prefix = kernels, prefix
        self._patches = kernels.convolution(f"{prefix}patch_embed.proj")
        self._stages = [_Stage(kernels, f"{prefix}layers.{i}.") for i in range(4)]

    def __call__(self, x: Tensor) -> list[Tensor]:
        """What comes out of each stage [B, C, h, w], of normalized pictures [B, 3, H, W] whose sides are multiples of 4."""
        x = F.conv2d(x, *self._patches, stride=self._patches[0].shape[-1]).permute(0, 2, 3, 1)
        x = _normed(x, self._kernels, f"{self._prefix}patch_embed.norm")
        found = []
        for number, stage in enumerate(self._stages):
            x = stage.looked(x)
            found.append(_normed(x, self._kernels, f"{self._prefix}norm{number}").permute(0, 3, 1, 2).contiguous())
            if number < len(self._stages) - 1:
                x = stage.merged(x)
        return found


class _Stage:
    """Blocks of one size, and the way to the next."""

    def __init__(self, kernels: Kernels, prefix: str) -> None:
        self._kernels, self._prefix = kernels, prefix
        count = 1 + max((int(key.split(".")[0]) for key in _after(kernels, f"{prefix}blocks.")), default=0)
        self._blocks = [_Block(kernels, f"{prefix}blocks.{i}.", shifted=i % 2 == 1) for i in range(count)]

    def looked(self, x: Tensor) -> Tensor:
        """[B, h, w, C] of [B, h, w, C]."""
        for block in self._blocks:
            x = block(x)
        return x

    def merged(self, x: Tensor) -> Tensor:
        """Every four neighbors as one [B, h / 2, w / 2, 2 C], rounded up."""
        x = F.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        x = torch.cat([x[:, down::2, across::2] for across in (0, 1) for down in (0, 1)], -1)
        return F.linear(
            _normed(x, self._kernels, f"{self._prefix}downsample.norm"),
            self._kernels(f"{self._prefix}downsample.reduction.weight"),
        )


class _Block:
    """Attention within windows, and a perceptron."""

    def __init__(self, kernels: Kernels, prefix: str, shifted: bool) -> None:
        self._kernels, self._prefix = kernels, prefix
        table = kernels(f"{prefix}attn.relative_position_bias_table")  # [(2 s − 1)², heads]
        self._side = (round(len(table) ** 0.5) + 1) // 2
        self._shift = self._side // 2 if shifted else 0
        self._bias = table[_relative(self._side).to(table.device)].permute(2, 0, 1)  # [heads, s², s²]

    def __call__(self, x: Tensor) -> Tensor:
        """[B, h, w, C] of [B, h, w, C]."""
        x = x + self._attended(_normed(x, self._kernels, f"{self._prefix}norm1"))
        wide = F.gelu(self._linear(_normed(x, self._kernels, f"{self._prefix}norm2"), "mlp.fc1"))
        return x + self._linear(wide, "mlp.fc2")

    def _attended(self, x: Tensor) -> Tensor:
        height, width = x.shape[1:3]
        x = F.pad(x, (0, 0, 0, -width % self._side, 0, -height % self._side))
        padded = (x.shape[1], x.shape[2])
        if self._shift:
            x = torch.roll(x, (-self._shift, -self._shift), (1, 2))
        windows = self._among(_windows(x, self._side), padded)
        x = _joined(windows, padded, self._side)
        if self._shift:
            x = torch.roll(x, (self._shift, self._shift), (1, 2))
        return x[:, :height, :width]

    def _among(self, windows: Tensor, size: tuple[int, int]) -> Tensor:
        """Attention within windows [B, n, s², C]."""
        q, k, v = (part.unflatten(-1, (-1, HEAD)).transpose(-2, -3) for part in self._linear(windows, "attn.qkv").chunk(3, -1))
        scores = q @ k.transpose(-1, -2) / HEAD**0.5 + self._bias
        if self._shift:
            apart = _apart(size, self._side, self._shift).to(scores.device)
            scores = scores.masked_fill(apart[None, :, None], float("-inf"))
        return self._linear((torch.softmax(scores, -1) @ v).transpose(-2, -3).flatten(-2), "attn.proj")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, *self._kernels.convolution(f"{self._prefix}{name}"))


def _windows(x: Tensor, side: int) -> Tensor:
    """[B, h, w, C] → [B, n, side², C]."""
    return x.unflatten(1, (-1, side)).unflatten(3, (-1, side)).transpose(2, 3).flatten(3, 4).flatten(1, 2)


def _joined(windows: Tensor, size: tuple[int, int], side: int) -> Tensor:
    """[B, n, side², C] → [B, h, w, C]."""
    rows = windows.unflatten(1, (size[0] // side, size[1] // side)).unflatten(3, (side, side))
    return rows.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def _relative(side: int) -> Tensor:
    """Which entry of the table [(2 side − 1)²] tells of two places of a window [side², side²]."""
    place = torch.stack(torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij"), -1).reshape(-1, 2)
    apart = place[:, None] - place[None] + side - 1
    return apart[..., 0] * (2 * side - 1) + apart[..., 1]


def _apart(size: tuple[int, int], side: int, shift: int) -> Tensor:
    """[n, side², side²]: what lies in one window of a rolled picture, but not side by side in the picture itself."""

    def part(length: int) -> Tensor:
        place = torch.arange(length)
        return (place >= length - side).long() + (place >= length - shift).long()

    label = part(size[0])[:, None] * 3 + part(size[1])[None]
    windows = _windows(label[None, :, :, None], side)[0, :, :, 0]
    return windows[:, :, None] != windows[:, None]


def _normed(x: Tensor, kernels: Kernels, name: str) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], *kernels.convolution(name), EPSILON)


def _after(kernels: Kernels, prefix: str) -> list[str]:
    return [key[len(prefix) :] for key in kernels.weights if key.startswith(prefix)]
