"""CLIPasso's own start: short strokes scattered over what is salient and has edges (Vinker et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Map = npt.NDArray[np.float32]  # [H, W]


@dataclass(frozen=True)
class ScatteredSettings:
    """The published constants."""

    sigma: float = 0.8  # of the finer blur, px
    k: float = 10.0  # how many times coarser the other blur is
    gamma: float = 0.98  # its share
    epsilon: float = -0.1  # differences below count as paper
    phi: float = 200.0  # steepness of the edges
    temperature: float = 0.3  # τ of the softmax over places
    radius: float = 0.05  # of the steps between control points, share of the side


def scattered_start(
    luma: Map, saliency: Map, count: int, generator: torch.Generator, settings: ScatteredSettings = ScatteredSettings()
) -> list[Tensor]:
    """`count` cubics [4, 2], canvas px: the first points drawn by saliency × edges, each next one near the one before.

    luma: [H, W] of the picture, in CLIP's normalization; saliency: [H, W] 0 … 1. Fewer where fewer places are salient.
    """
    chances = _chances(saliency * (1 - edges(luma, settings)), settings.temperature)
    count = min(count, int((chances > 0).sum()))
    if not count:
        return []
    places = torch.multinomial(torch.from_numpy(chances.ravel()), count, generator=generator)
    height, width = luma.shape
    points = torch.stack([places % width, places // width], 1).double() + 0.5
    steps = settings.radius * (torch.rand(count, 3, 2, generator=generator, dtype=torch.float64) - 0.5)
    curves = torch.cat([points[:, None], points[:, None] + (steps * max(height, width)).cumsum(1)], 1)
    return list(curves.float())


def edges(luma: Map, settings: ScatteredSettings = ScatteredSettings()) -> Map:
    """XDoG (Winnemöller et al. 2012) as CLIPasso uses it: 0 on edges (and dark flats), else 1 [H, W]."""
    fine, coarse = (
        cv2.GaussianBlur(luma, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        for sigma in (settings.sigma, settings.sigma * settings.k)
    )
    difference = fine - settings.gamma * coarse
    found = np.where(difference < settings.epsilon, 1.0, 1 + np.tanh(settings.phi * difference))
    span = max(float(found.max() - found.min()), 1e-9)
    gray = np.round(255 * (found - found.min()) / span).astype(np.uint8)
    _level, parted = cv2.threshold(gray, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return parted.astype(np.float32)


def _chances(values: Map, temperature: float) -> npt.NDArray[np.float64]:
    """A softmax where the values are above 0, 0 elsewhere."""
    spread = float(values.max() - values.min())
    unit = (values - values.min()) / spread if spread > 0 else np.zeros_like(values)
    chances = np.where(unit > 0, np.exp(unit.astype(np.float64) / temperature), 0.0)
    return chances / max(float(chances.sum()), 1e-300)
