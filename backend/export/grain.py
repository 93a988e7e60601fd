"""Paper and the grain of materials as tiles: noise whose opposite borders fit."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch

from backend.core.image import Image
from backend.core.texture import Texture

Field = npt.NDArray[np.float64]
TOOTH = ((1.2, 0.5), (3.5, 0.4), (14.0, 0.3), (70.0, 0.35))
"""Of paper: how large its unevenness is, px, and what each size weighs."""
DEPTH = 0.013  # deviation of paper's lightness, a share of it
LEAST_DEPTH = 0.006  # the same of dark paper, of white
FIBERS = 1 / 2600  # a px²
FIBER = 12.0, 34.0  # px of their length
FIBER_DEPTH = 0.03  # of their lightness, at most
SPREAD = 0.12  # deviation of the noise that a texture's settings are made for


def tiled_noise(size: tuple[int, int], scale: float, chance: np.random.Generator) -> Field:
    """Noise [H, W] of mean 0 and deviation 1, smooth over about `scale` px; opposite borders fit."""
    height, width = size
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    kept = np.exp(-2 * (math.pi * scale / 2) ** 2 * (down**2 + across**2))
    kept[0, 0] = 0
    noise: Field = np.fft.irfft2(np.fft.rfft2(chance.standard_normal(size)) * kept, size)
    return noise / max(float(noise.std()), 1e-12)


def grained_paper(size: tuple[int, int], color: tuple[float, float, float], chance: np.random.Generator) -> Image:
    """A tile [1, 3, H, W] of paper of a color: its tooth, clouds and a few fibers, hardly to be seen."""
    uneven = sum(weight * tiled_noise(size, scale, chance) for scale, weight in TOOTH)
    uneven = uneven / np.std(uneven) * DEPTH + _fibers(size, chance)
    tone = np.array(color)
    room = min(1.0, (1 - float(tone.max())) / (2 * DEPTH))  # white paper cannot get lighter: its hollows tell its grain
    uneven = uneven - (1 - room) * 2 * DEPTH
    depth = np.maximum(tone, LEAST_DEPTH / DEPTH)
    pixels = (tone + uneven[..., None] * depth).clip(0, 1)
    return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None].contiguous()


def grain_over(image: Image, texture: Texture, paper: Image, scale: float, chance: np.random.Generator) -> Image:
    """A tile of strokes [1, 3, H, W] on paper of the same size, with the look of a texture; scale: px of its grains.

    Like export.texture, whose noise does not fit at opposite borders.
    """
    if texture.kind == "none" or texture.amount <= 0:
        return image
    size, amount = (image.shape[-2], image.shape[-1]), texture.amount
    noise = 0.5 + SPREAD * (0.75 * tiled_noise(size, scale, chance) + 0.66 * tiled_noise(size, scale / 2, chance))
    if texture.kind == "bleed":
        return _displaced(image, 3 * amount * scale, scale, chance)
    gain, offset = (4.5 * amount, 1 - 2.5 * amount) if texture.kind == "grain" else (10.0, -10 * (0.2 + 0.3 * amount))
    share = torch.from_numpy((gain * noise + offset).clip(0, 1)).to(image)
    return paper + share * (image - paper)


def _displaced(image: Image, reach: float, scale: float, chance: np.random.Generator) -> Image:
    """The tile with ragged edges, moved by at most half of `reach` px, about."""
    height, width = image.shape[-2:]
    y, x = np.mgrid[:height, :width]
    moves = [SPREAD * reach * tiled_noise((height, width), scale, chance) for _ in range(2)]
    rows, columns = (y + moves[0]).round().astype(int) % height, (x + moves[1]).round().astype(int) % width
    return image[..., torch.from_numpy(rows), torch.from_numpy(columns)]


def _fibers(size: tuple[int, int], chance: np.random.Generator) -> Field:
    """What short curved fibers add to a tile's lightness [H, W]."""
    height, width = size
    found = np.zeros(size)
    for _ in range(round(height * width * FIBERS)):
        length, turn = chance.uniform(*FIBER), chance.uniform(0, 2 * math.pi)
        along = np.arange(0, length, 0.7)
        angle = turn + chance.normal(0, 0.03) * along
        x, y = (
            chance.uniform(0, width) + 0.7 * np.cumsum(np.cos(angle)),
            chance.uniform(0, height) + 0.7 * np.cumsum(np.sin(angle)),
        )
        places = y.astype(int) % height, x.astype(int) % width
        found[places] = chance.uniform(-1, 0.6) * FIBER_DEPTH
    return found
