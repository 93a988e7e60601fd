"""The pixels of a picture, moved along the color axes of an exemplar."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image, Mask, luminance

LEAST = 0.004  # deviation of an axis along which the exemplar has none, sRGB
REACH = 3  # px around a pixel in which something may be drawn
BARE, FULL = 0.1, 0.3  # deviation within that reach of bare ground and of what is drawn, shares of the whole picture's


class Pixels:
    """A picture whose pixels are the parameters, in units of the exemplar's deviation along its principal colors.

    So a gray exemplar's picture hardly gets any hue on its way. free: [1, 1, H, W] 0 … 1, how far each pixel may leave the
    start; None: all may.
    """

    def __init__(self, start: Image, exemplar: Image, free: Mask | None = None) -> None:
        self._start, self._free = start, free
        colors = exemplar[0].flatten(1).double()
        values, vectors = torch.linalg.eigh(torch.cov(colors))
        axes = (vectors * values.clamp(min=LEAST**2).sqrt()).to(start.dtype)  # [3, 3], columns
        self._mean, self._axes = colors.mean(1).to(start.dtype).view(1, 3, 1, 1), axes.view(3, 3, 1, 1)
        self.shares = F.conv2d(start - self._mean, torch.linalg.inv(axes).view(3, 3, 1, 1)).requires_grad_()

    @property
    def parameters(self) -> list[Tensor]:
        """The tensors to optimize."""
        return [self.shares]

    def image(self) -> Image:
        """The picture as it stands [1, 3, H, W] in [0, 1]; gradients go on where it is cut off at black or white."""
        found = F.conv2d(self.shares, self._axes) + self._mean
        if self._free is not None:
            found = self._start + self._free * (found - self._start)
        return found + (found.clamp(0, 1) - found).detach()


def drawn_on(image: Image, tiled: bool) -> Mask:
    """Where something is drawn [1, 1, H, W] 0 … 1, not bare ground: where lightness varies within a few px.

    Full from FULL of the deviation of the whole picture on.
    """
    light = luminance(image).double()
    wide = F.pad(light, (REACH,) * 4, mode="circular" if tiled else "reflect")
    box = 2 * REACH + 1
    mean, square = F.avg_pool2d(wide, box, 1), F.avg_pool2d(wide.square(), box, 1)
    deviation = (square - mean.square()).clamp(min=0).sqrt()
    whole = float(light.std()) + LEAST
    return ((deviation / whole - BARE) / (FULL - BARE)).clamp(0, 1).to(image.dtype)


def shifted(image: Image, margin: int, down: int, right: int, tiled: bool) -> Image:
    """An image with `margin` px more in all, seen from a place `down` and `right` px (at most the margin) off.

    Around it lies the image itself where it is tiled, its mirror image where it is not.
    """
    height, width = image.shape[-2] + margin, image.shape[-1] + margin
    padded = F.pad(image, (margin,) * 4, mode="circular" if tiled else "reflect")
    return padded[..., down : down + height, right : right + width]


def calm_border(tile: Image) -> Image:
    """The same endless pattern, cut where neighboring lines of pixels differ least."""
    for axis in (2, 3):
        others = tuple(a for a in range(4) if a != axis)
        steps = (tile - tile.roll(1, axis)).abs().mean(others)  # from the line before to this one
        tile = tile.roll(-int(steps.argmin()), axis)
    return tile


def resized(image: Image, size: tuple[int, int]) -> Image:
    """An image at another height and width."""
    return F.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False)


def colored_noise(exemplar: Image, size: tuple[int, int], generator: torch.Generator) -> Image:
    """Normal noise [1, 3, H, W] of the mean and the covariance of an exemplar's colors."""
    colors = exemplar[0].flatten(1).double()
    mean, covariance = colors.mean(1), torch.cov(colors)
    values, vectors = torch.linalg.eigh(covariance)
    noise = torch.randn(3, size[0] * size[1], generator=generator, dtype=torch.float64).to(colors.device)
    found = vectors @ (values.clamp(min=0).sqrt()[:, None] * noise) + mean[:, None]
    return found.view(1, 3, *size).clamp(0, 1).to(exemplar.dtype)
