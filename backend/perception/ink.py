"""Ink and paper told apart: aged, uneven and colored paper, light lines on dark paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]  # [H, W]
Lines = npt.NDArray[np.uint8]  # [H, W] 1 = ink
Color = tuple[float, float, float]

BLOCKS = 24  # along the longer side; each says how light its paper is
DARKEST_PAPER = 0.75  # of the paper's usual lightness: what is darker is no uneven paper but ink
WINDOW = 7  # px, radius in which a line is darker than its surroundings
LEAST_CONTRAST = 0.12  # between a line and its surroundings, of that between ink and paper …
LEAST_LIGHTNESS = 8.0  # … which is at least this much of CIE lightness, or there is no ink
NOISE_LEVELS = 5.0  # a line stands out by so many standard deviations of the paper's noise
SAMPLE = 50_000  # pixels that medians are taken of
DARK_GROUND = 50.0  # lightness below which the ground of light lines lies
GROUND = 12.0  # lightness by which other things differ from the ground …
LIGHTER = 3.0  # … which must so many times more often be lighter than darker
FINE = 0.5  # of what is lighter, that must be fine things


@dataclass(frozen=True)
class Ink:
    """A picture as ink on paper."""

    darkness: Map  # 0 = paper … 1 = the darkest ink (of light lines: the lightest)
    lines: Lines  # where ink is, cut halfway between each line and its surroundings
    coverage: float  # share of the paper that is inked, with parts of pixels
    paper: Color  # sRGB in [0, 1]
    color: Color  # of the ink
    light_on_dark: bool

    @property
    def is_blank(self) -> bool:
        """There is no ink."""
        return not self.lines.any()


def ink_of(rgb: Map) -> Ink:
    """Ink and paper of a picture [H, W, 3], sRGB in [0, 1]."""
    lightness = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)[..., 0]
    light_on_dark = _has_light_lines(lightness)
    if light_on_dark:
        lightness = 100 - lightness
    paper = paper_lightness(lightness)
    depth = float(np.percentile(paper - lightness, 99.5))
    darkness = np.clip((paper - lightness) / max(depth, 1e-3), 0, 1)
    if depth < LEAST_LIGHTNESS:
        none = np.zeros(darkness.shape, np.uint8)
        return Ink(darkness, none, 0.0, _median(rgb.reshape(-1, 3)), (0.0, 0.0, 0.0), light_on_dark)
    lines, coverage = _lines(darkness)
    return Ink(darkness, lines, coverage, *_colors(rgb, darkness, lines), light_on_dark)


def paper_lightness(lightness: Map) -> Map:
    """How light the paper is everywhere [H, W]: what is lightest around, unless ink leaves too little paper there."""
    height, width = lightness.shape
    block = max(8, -(-max(height, width) // BLOCKS))
    rows, columns = -(-height // block), -(-width // block)
    padded = cv2.copyMakeBorder(lightness, 0, rows * block - height, 0, columns * block - width, cv2.BORDER_REFLECT)
    pieces = padded.reshape(rows, block, columns, block).swapaxes(1, 2).reshape(rows, columns, -1)
    lightest = np.percentile(pieces, 92, axis=2).astype(np.float32)
    usual = float(np.percentile(lightest, 75))
    level = cv2.GaussianBlur(np.clip(lightest, DARKEST_PAPER * usual, None), (0, 0), 1.0)
    full = cv2.resize(level, (columns * block, rows * block), interpolation=cv2.INTER_LINEAR)
    return full[:height, :width]


def _has_light_lines(lightness: Map) -> bool:
    """Whether the ground is dark, most of the rest is lighter, and fine light things stand out of it."""
    if float(np.median(lightness)) > DARK_GROUND:
        return False
    counts, edges = np.histogram(some(lightness.reshape(-1)), 50, (0, 100))
    ground = float(edges[counts.argmax()]) + 1
    if (lightness > ground + GROUND).sum() < LIGHTER * (lightness < ground - GROUND).sum():
        return False
    kernel = np.ones((2 * WINDOW + 1, 2 * WINDOW + 1), np.uint8)
    fine = lightness - cv2.morphologyEx(lightness, cv2.MORPH_OPEN, kernel)
    return bool(fine.mean() > FINE * np.clip(lightness - ground, 0, None).mean())


def _lines(darkness: Map) -> tuple[Lines, float]:
    """Ink and its coverage: what is darker than halfway between the extremes around (Bernsen 1986).

    Where all around is alike, ink is what is darker than Otsu's level.
    """
    calm = cv2.GaussianBlur(darkness, (0, 0), 0.6)
    kernel = np.ones((2 * WINDOW + 1, 2 * WINDOW + 1), np.uint8)
    highest, lowest = cv2.dilate(calm, kernel), cv2.erode(calm, kernel)
    level, _ = cv2.threshold((255 * calm).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    clear = highest - lowest > max(LEAST_CONTRAST, NOISE_LEVELS * _noise(darkness))
    flat = calm > max(level / 255, 2 * LEAST_CONTRAST)
    lines = np.where(clear, calm > (highest + lowest) / 2, flat)
    contrast = np.maximum(cv2.dilate(darkness, kernel) - lowest, 1e-3)
    parts = np.where(clear, np.clip(2 * (darkness - lowest) / contrast - 0.5, 0, 1), flat)
    return lines.astype(np.uint8), float(parts.mean())


def _noise(darkness: Map) -> float:
    """The standard deviation of the noise of the lighter half of a picture (Immerkær 1996, with a median)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough, shades = (some(part.reshape(-1)) for part in (np.abs(cv2.filter2D(darkness, -1, kernel)), darkness))
    return float(np.median(rough[shades <= np.median(shades)])) / (0.6745 * 6)


def _colors(rgb: Map, darkness: Map, lines: Lines) -> tuple[Color, Color]:
    """The median colors of the paper and of the darker half of the ink."""
    pixels, shades, inked = (some(values) for values in (rgb.reshape(-1, 3), darkness.reshape(-1), lines.reshape(-1) > 0))
    if not inked.any() or inked.all():
        return _median(pixels), _median(pixels)
    paper = ~inked & (shades <= np.median(shades[~inked]))
    ink = inked & (shades >= np.median(shades[inked]))
    return _median(pixels[paper]), _median(pixels[ink])


def some(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """At most SAMPLE of some values [M, …], evenly chosen."""
    return values[:: -(-len(values) // SAMPLE)]


def _median(pixels: Map) -> Color:
    red, green, blue = (float(value) for value in np.median(some(pixels), axis=0))
    return red, green, blue
