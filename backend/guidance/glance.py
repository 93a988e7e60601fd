"""A canvas as an encoder sees it: small, the subject on white, with a margin."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image, Mask
from backend.core.strokes import Strokes

MARGIN = 8  # px of white around the picture: encoders see less at a picture's border
LEAST_SIDE = 32  # px, less is nothing to an encoder


@dataclass(frozen=True)
class Glance:
    """The small picture, and where the canvas lies in it."""

    image: Image  # [1, 3, h, w] the subject on white
    scale: tuple[float, float]  # x, y: px per canvas px

    @classmethod
    def of(cls, image: Image, mask: Mask, side: int) -> Glance:
        """A canvas [1, 3, H, W] with its subject's mask [1, 1, H, W], its longer side `side` px beside the margin."""
        height, width = image.shape[-2:]
        part = side / max(height, width)
        size = (max(LEAST_SIDE, round(height * part)), max(LEAST_SIDE, round(width * part)))
        small = F.interpolate(image * mask + (1 - mask), size, mode="bilinear", antialias=True, align_corners=False)
        return cls(F.pad(small, (MARGIN,) * 4, value=1.0), (size[1] / width, size[0] / height))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, px."""
        return self.image.shape[-2], self.image.shape[-1]

    def inward(self, points: Tensor) -> Tensor:
        """Canvas points [..., 2] in the small picture."""
        return points * points.new_tensor(self.scale) + MARGIN

    def outward(self, points: Tensor) -> Tensor:
        """Points [..., 2] of the small picture on the canvas."""
        return (points - MARGIN) / points.new_tensor(self.scale)

    def strokes(self, strokes: Strokes, width: float) -> Strokes:
        """Canvas strokes in the small picture, black and `width` px wide."""
        one = torch.ones_like(strokes.opacities)
        return replace(
            strokes,
            points=self.inward(strokes.points),
            widths=width * one[:, None],
            colors=torch.zeros_like(strokes.colors),
            opacities=one,
        )

    def shown(self, values: Mask) -> Mask:
        """A map of the canvas [1, 1, H, W] in the small picture, 0 in the margin."""
        size = (self.size[0] - 2 * MARGIN, self.size[1] - 2 * MARGIN)
        return F.pad(F.interpolate(values, size, mode="area"), (MARGIN,) * 4)
