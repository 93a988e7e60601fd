"""Colors: few, the picture's own or the style's."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backend.core.bezier import sample
from backend.core.entries import Color
from backend.core.image import Image, Mask
from backend.core.strokes import Strokes
from backend.core.style_tables import Palette

Map = npt.NDArray[np.float32]


LEAST_CONTRAST = 26.0  # of lightness between a line and its paper
PIXELS = 4000  # of the picture, for finding its colors


def colors_along(
    strokes: Strokes, image: Image, mask: Mask, palette: Palette, paper: Color, chance: np.random.Generator
) -> Tensor:
    """Colors [N, 3] of lines: the palette's nearest to the picture along each.

    image: [1, 3, H, W] the canvas the strokes lie on; mask: [1, 1, H, W] where its colors are looked for.
    """
    lab = _lab(np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32))
    found = (
        _lab(np.array([palette.colors], np.float32))[0]
        if palette.colors
        else _main_colors(_subject(lab, mask), palette.count, chance)
    )
    points = sample(strokes.points, strokes.segments, 9)[0].numpy()
    x, y = (np.clip(points[..., axis], 0, lab.shape[1 - axis] - 1).astype(int) for axis in (0, 1))
    here = np.median(lab[y, x], axis=1)
    nearest = ((here[:, None] - found[None]) ** 2).sum(2).argmin(1)
    inks = found if palette.colors else _as_inks(found, palette.vividness, paper)
    return torch.from_numpy(_rgb(inks[nearest]))


def _subject(lab: Map, mask: Mask) -> Map:
    """The pixels [M, 3] of a picture inside a mask, or all where the mask is empty."""
    inside = mask[0, 0].cpu().numpy() > 0.5
    return lab[inside] if inside.any() else lab.reshape(-1, 3)


def _main_colors(pixels: Map, count: int, chance: np.random.Generator) -> Map:
    """The `count` colors [count, 3] that pixels [M, 3] in Lab are nearest to (k-means, seeded far apart)."""
    pixels = pixels[chance.integers(0, len(pixels), PIXELS)]
    centers = pixels[:1]
    for _ in range(count - 1):
        apart = ((pixels[:, None] - centers[None]) ** 2).sum(2).min(1)
        centers = np.concatenate([centers, pixels[apart.argmax()][None]])
    for _ in range(12):
        nearest = ((pixels[:, None] - centers[None]) ** 2).sum(2).argmin(1)
        centers = np.stack([pixels[nearest == k].mean(0) if (nearest == k).any() else centers[k] for k in range(len(centers))])
    return centers


def _as_inks(lab: Map, vividness: float, paper: Color) -> Map:
    """Colors that stand out from the paper."""
    lightness = _lab(np.array([[paper]], np.float32))[0, 0, 0]
    inks = lab.copy()
    inks[:, 1:] *= vividness
    if lightness > 50:
        inks[:, 0] = np.minimum(inks[:, 0], lightness - LEAST_CONTRAST)
    else:
        inks[:, 0] = np.maximum(inks[:, 0], lightness + LEAST_CONTRAST)
    return inks


def _lab(rgb: Map) -> Map:
    lab: Map = cv2.cvtColor(np.ascontiguousarray(rgb, dtype=np.float32), cv2.COLOR_RGB2Lab)
    return lab


def _rgb(lab: Map) -> Map:
    rgb: Map = np.clip(cv2.cvtColor(np.ascontiguousarray(lab[None], dtype=np.float32), cv2.COLOR_Lab2RGB)[0], 0, 1)
    return rgb
