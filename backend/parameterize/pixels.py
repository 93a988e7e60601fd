"""The pixels of a picture, moved freely between black and white."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image

REACH = 1.1  # of the sigmoid beyond 0 … 1, so that paper can be quite white


class Pixels:
    """A picture whose pixels are the parameters, through a sigmoid that keeps them in [0, 1]."""

    def __init__(self, start: Image) -> None:
        share = ((start - 0.5) / REACH + 0.5).clamp(0.01, 0.99)
        self.logits = torch.logit(share).requires_grad_()

    @property
    def parameters(self) -> list[Tensor]:
        """The tensors to optimize."""
        return [self.logits]

    def image(self) -> Image:
        """The picture as it stands [1, 3, H, W], differentiable in the parameters; out of range by a twentieth at most."""
        return (torch.sigmoid(self.logits) - 0.5) * REACH + 0.5


def wrapped(image: Image, margin: int) -> Image:
    """A tile with `margin` px of its neighbors around it."""
    return F.pad(image, (margin,) * 4, mode="circular")


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
