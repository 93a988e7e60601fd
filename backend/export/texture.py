"""The look of a material laid over a drawing: as an SVG filter over strokes that stay strokes, and on pictures.

Both come from the same noise; a picture is like its filter, not equal: layers that lie over each other are textured as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F

from backend.core.image import Framing, Image
from backend.core.texture import Texture
from backend.export.turbulence import Field, fractal_noise

SEED = 7
RED, GREEN, ALPHA = 0, 1, 3  # channels of the noise


@dataclass(frozen=True)
class FilterStep:
    """One primitive of an SVG filter. Lengths among its attributes are source px, frequencies 1 / source px."""

    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class _Noise:
    """feTurbulence: cells per source px."""

    frequency: float
    octaves: int

    @property
    def step(self) -> FilterStep:
        settings = {"baseFrequency": f"{self.frequency:.5g}", "numOctaves": str(self.octaves), "seed": str(SEED)}
        return _step("feTurbulence", type="fractalNoise", **settings, result="noise")

    def at(self, framing: Framing, channel: int) -> Field:
        """[H, W] 0 … 1 on a canvas."""
        (height, width), (left, top) = framing.canvas, framing.origin
        x, y = np.arange(width)[None] / framing.scale + left, np.arange(height)[:, None] / framing.scale + top
        return fractal_noise(x, y, self.frequency, self.octaves, SEED, channel)


@dataclass(frozen=True)
class _Thinned:
    """Strokes through which paper shows: opacity = gain · noise + offset."""

    noise: _Noise
    gain: float
    offset: float

    def steps(self) -> tuple[FilterStep, ...]:
        values = f"0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  0 0 0 {self.gain:.4g} {self.offset:.4g}"
        sieve = _step("feColorMatrix", **{"in": "noise"}, type="matrix", values=values, result="sieve")
        return self.noise.step, sieve, _step("feComposite", **{"in": "SourceGraphic"}, in2="sieve", operator="in")

    def over(self, image: Image, framing: Framing, paper: torch.Tensor) -> Image:
        share = (self.gain * self.noise.at(framing, ALPHA) + self.offset).clip(0, 1)
        ground = paper.view(1, 3, 1, 1)
        return ground + torch.from_numpy(share).to(image) * (image - ground)


@dataclass(frozen=True)
class _Displaced:
    """Strokes with ragged edges, moved by at most half of `reach` source px."""

    noise: _Noise
    reach: float

    def steps(self) -> tuple[FilterStep, ...]:
        channels = {"xChannelSelector": "R", "yChannelSelector": "G"}
        moved = _step("feDisplacementMap", **{"in": "SourceGraphic"}, in2="noise", scale=f"{self.reach:.5g}", **channels)
        return self.noise.step, moved

    def over(self, image: Image, framing: Framing, paper: torch.Tensor) -> Image:
        height, width = framing.canvas
        reach = self.reach * framing.scale
        x = np.arange(width)[None] + 0.5 + reach * (self.noise.at(framing, RED) - 0.5)
        y = np.arange(height)[:, None] + 0.5 + reach * (self.noise.at(framing, GREEN) - 0.5)
        grid = torch.from_numpy(np.stack([2 * x / width - 1, 2 * y / height - 1], -1)[None]).to(image)
        ground = paper.view(1, 3, 1, 1)
        return ground + F.grid_sample(image - ground, grid, "bilinear", "zeros", align_corners=False)


def texture_filter(texture: Texture, longer_side: float) -> tuple[FilterStep, ...]:
    """The primitives of the filter, for a drawing whose longer side has so many source px; none where nothing is to be seen."""
    look = _look(texture, longer_side)
    return look.steps() if look else ()


def textured(image: Image, texture: Texture, framing: Framing, paper: torch.Tensor) -> Image:
    """A picture of a drawing, on a canvas of that framing and on that paper [3], with the look of its texture."""
    look = _look(texture, max(framing.source))
    return look.over(image, framing, paper) if look else image


def _look(texture: Texture, longer_side: float) -> _Thinned | _Displaced | None:
    if texture.kind == "none" or texture.amount <= 0:
        return None
    amount, cells = texture.amount, 1 / (texture.scale * longer_side)
    if texture.kind == "grain":  # paper's tooth: everywhere a little
        return _Thinned(_Noise(cells, 3), 4.5 * amount, 1 - 2.5 * amount)
    if texture.kind == "dry-brush":  # clean gaps where the bristles miss
        return _Thinned(_Noise(cells, 4), 10.0, -10 * (0.2 + 0.3 * amount))
    assert texture.kind == "bleed", texture.kind
    return _Displaced(_Noise(cells, 2), 3 * amount / cells)


def _step(name: str, **attributes: str) -> FilterStep:
    return FilterStep(name, MappingProxyType(attributes))
