"""Images as tensors, and how a source picture is fitted on a canvas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

Image = Tensor  # [1, 3, H, W] float32 sRGB in [0, 1]
Mask = Tensor  # [1, 1, H, W] float32, 1 = keep
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue, Rec. 601


Sides = tuple[bool, bool, bool, bool]  # top, left, bottom, right
NO_SIDE: Sides = (False, False, False, False)


def interleaved(image: Tensor) -> Tensor:
    """The same image [1, C, H, W], the channels of each pixel side by side in memory, as numpy and OpenCV look at it: a tensor
    that is laid out by channels is copied each time."""
    return image.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Framing:
    """The part of a source picture that a canvas shows: canvas = (source − origin) · scale, never squashed."""

    source: tuple[int, int]  # height, width, px
    canvas: tuple[int, int]  # height, width, px
    origin: tuple[float, float] = (0.0, 0.0)  # x, y of the canvas' corner in source px
    scale: float = 1.0  # canvas px per source px

    @classmethod
    def whole(cls, source: tuple[int, int], long_side: int) -> Framing:
        """The whole picture, its longer side `long_side` px (a smaller picture is enlarged)."""
        height, width = source
        scale = long_side / max(height, width)
        return cls(source, (max(1, round(height * scale)), max(1, round(width * scale))), scale=scale)

    @classmethod
    def around(
        cls, mask: Mask, long_side: int, margin: float, enlargement: float = math.inf, beyond: Sides = NO_SIDE
    ) -> Framing:
        """The part of a picture that holds its mask (not empty) and a margin, a share of the part's longer side.

        The canvas is `long_side` px on its longer side, less where that would enlarge the picture more than
        `enlargement` times; the part ends at the picture's border, but on the sides where it may go `beyond`.
        """
        height, width = mask.shape[-2:]
        rows, columns = mask[0, 0].amax(1).nonzero()[:, 0], mask[0, 0].amax(0).nonzero()[:, 0]
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        left, right = int(columns[0]), int(columns[-1]) + 1
        room = round(margin * max(bottom - top, right - left)) + 2
        most_up, most_left, most_down, most_right = (room if side else 0 for side in beyond)
        top, left = max(-most_up, top - room), max(-most_left, left - room)
        bottom, right = min(height + most_down, bottom + room), min(width + most_right, right + room)
        scale = min(long_side / max(bottom - top, right - left), enlargement)
        canvas = (max(1, round((bottom - top) * scale)), max(1, round((right - left) * scale)))
        return cls((height, width), canvas, (float(left), float(top)), scale)

    def to_source(self, points: Tensor) -> Tensor:
        """Canvas points [..., 2] in source px."""
        return points / self.scale + points.new_tensor(self.origin)

    def to_canvas(self, points: Tensor) -> Tensor:
        """Source points [..., 2] in canvas px."""
        return (points - points.new_tensor(self.origin)) * self.scale

    def crop(self, image: Tensor, fill: float = 1.0) -> Tensor:
        """The framed part of a source image [1, C, H, W], resampled to the canvas size; `fill` lies outside the picture."""
        (height, width), (rows, columns) = self.canvas, image.shape[-2:]
        left, top = round(self.origin[0]), round(self.origin[1])
        right, bottom = round(self.origin[0] + width / self.scale), round(self.origin[1] + height / self.scale)
        if height == 1:  # a canvas is at least one pixel, also of a thinner picture
            bottom = min(bottom, max(rows, top + 1))
        if width == 1:
            right = min(right, max(columns, left + 1))
        part = image[..., max(0, top) : max(0, min(bottom, rows)), max(0, left) : max(0, min(right, columns))]
        if not part.numel():
            return image.new_full((*image.shape[:2], height, width), fill)
        part = F.pad(part, (max(0, -left), max(0, right - columns), max(0, -top), max(0, bottom - rows)), value=fill)
        if part.shape[-2:] == (height, width):
            return part
        return F.interpolate(part, (height, width), mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def luminance(image: Image) -> Tensor:
    """Rec. 601 luma [1, 1, H, W] of an sRGB image."""
    weights = torch.tensor(LUMA, dtype=image.dtype, device=image.device).view(1, 3, 1, 1)
    return (image * weights).sum(1, keepdim=True)


def widened(values: Tensor, reach: int) -> Tensor:
    """The largest of the values [..., H, W] within a square of `reach` px about each place.

    As a max-pooling of stride 1, but by rows, columns and ever longer steps: thirty times as fast where the reach is large.
    """
    for dim in (-2, -1):
        ends = values.new_full([reach if at == values.dim() + dim else side for at, side in enumerate(values.shape)], -math.inf)
        values = _largest_of(torch.cat([ends, values, ends], dim), 2 * reach + 1, dim)
    return values


def _largest_of(values: Tensor, count: int, dim: int) -> Tensor:
    """The largest of each `count` neighbors along a dimension, which is shorter by count - 1 then."""
    seen = 1
    while seen < count:
        step = min(seen, count - seen)
        left = values.shape[dim] - step
        values = torch.maximum(values.narrow(dim, 0, left), values.narrow(dim, step, left))
        seen += step
    return values
