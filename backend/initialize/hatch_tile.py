"""Even hatching that goes on over the borders of a tile, so that the tile can be repeated."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.float64]  # [M, 2] px
STEP = 6.0  # px from point to point along a line
BEND = 0.35  # of a spacing, how far lines that bend with a form swing to either side
SWING = 260.0  # px of the length of such a swing, about
PART = 0.8, 1.15  # lengths of strokes beside the usual one


@dataclass(frozen=True)
class TileHatch:
    """One layer of parallel lines. Lengths are px."""

    angle: float  # degrees, 0 = level, 90 = upright
    spacing: float
    length: float  # of a stroke, about
    overlap: float = 0.0  # share of a stroke's length that the next one lies over
    bend: float = 0.0  # 0: straight … 1: swinging
    shift: float = 0.0  # of the layer, in spacings


def hatch_rows(size: tuple[int, int], hatch: TileHatch, chance: np.random.Generator) -> list[Row]:
    """Strokes that hatch a tile of `size` (height, width): they begin in it and may run over its borders.

    Angle and spacing are the nearest ones at which lines meet themselves beyond the borders.
    """
    height, width = size
    turn = math.radians(-hatch.angle)
    counts = round(-width * math.sin(turn) / hatch.spacing), round(height * math.cos(turn) / hatch.spacing)
    if counts == (0, 0):
        counts = (0, 1) if abs(math.cos(turn)) > abs(math.sin(turn)) else (1, 0)
    wave = np.array([counts[0] / width, counts[1] / height])  # lines lie where its product with a place is whole
    loops = math.gcd(*counts)
    way = np.array([width * counts[1], -height * counts[0]]) / loops  # along a line until it meets itself
    rows: list[Row] = []
    for loop in range(loops):
        begin = (loop + hatch.shift) * wave / (wave @ wave)
        rows += _strokes(begin, way, hatch, chance)
    across = wave / np.linalg.norm(wave)
    apart = 1 / float(np.linalg.norm(wave))
    return [_wrapped(row + _swing(row, size, hatch.bend * apart)[:, None] * across, size) for row in rows]


def copies(row: Row, size: tuple[int, int], reach: float) -> list[tuple[int, int]]:
    """By how many px, x and y, a stroke with points at `row` has to be moved to be seen on a tile wherever it goes on.

    reach: px that it covers beyond its points.
    """
    (left, top), (right, bottom) = row.min(0) - reach, row.max(0) + reach
    height, width = size
    columns = range(math.ceil(-right / width), math.floor((width - left) / width) + 1)
    lines = range(math.ceil(-bottom / height), math.floor((height - top) / height) + 1)
    return [(width * i, height * j) for i in columns for j in lines]


def _strokes(begin: Row, way: Row, hatch: TileHatch, chance: np.random.Generator) -> list[Row]:
    """A closed line in pieces, each a little over the next."""
    whole = float(np.linalg.norm(way))
    count = max(1, round(whole / hatch.length))
    shares = chance.uniform(*PART, count)
    ends = np.cumsum(shares) / shares.sum() + chance.uniform(0, 1)
    rows = []
    for a, b in zip(np.roll(ends, 1) - np.eye(1, count)[0], ends, strict=True):
        more = hatch.overlap * (b - a) / 2
        along = np.linspace(a - more, b + more, max(2, round((b - a + 2 * more) * whole / STEP)))
        rows.append(begin + along[:, None] * way)
    return rows


def _swing(row: Row, size: tuple[int, int], most: float) -> npt.NDArray[np.float64]:
    """How far a line that bends lies beside its course, the same after every width and height."""
    height, width = size
    waves = max(1, round(width / SWING)), max(1, round(height / SWING))
    phase = 2 * math.pi * (row[:, 0] * waves[0] / width + row[:, 1] * waves[1] / height)
    swing: npt.NDArray[np.float64] = BEND * most * (np.sin(phase) + 0.5 * np.sin(2 * phase + 1))
    return swing


def _wrapped(row: Row, size: tuple[int, int]) -> Row:
    """The same stroke, moved by whole tiles so that its first point lies in the tile."""
    return row - np.floor(row[0] / size[::-1]) * size[::-1]
