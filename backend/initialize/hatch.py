"""Hatching: lines that carry the tone of a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.core.style_tables import Hatch

Map = npt.NDArray[np.float32]  # [H, W]
Row = npt.NDArray[np.float64]  # [M, 2]

STEP = 3.0  # px from point to point along a line
WIDEST = 1.6  # times a style's own spacing that lines may be apart
ATTEMPTS = 9  # to come down to the number of lines that is allowed


@dataclass(frozen=True)
class HatchLine:
    """One line of hatching."""

    row: Row  # [M, 2] points, canvas px
    level: int  # of the layer it belongs to, 0 = the first
    floor: float  # darkness at which it would be as thin as nothing


@dataclass(frozen=True)
class Lattice:
    """Where hatching lies: one of its lines runs through a point, so that regions of one picture can hatch alike."""

    origin: tuple[float, float] = (0.0, 0.0)  # x, y, canvas px
    spacing: float | None = None  # px; None: what the style says, wider where the lines would be too many


@dataclass(frozen=True)
class _Grid:
    """A lattice whose spacing is known."""

    origin: tuple[float, float]
    spacing: float


@dataclass(frozen=True)
class _Sheet:
    """Parallel lines over a whole canvas: row k, column j lies at points[k, j]."""

    points: npt.NDArray[np.float64]  # [R, C, 2] canvas px
    step: float  # px from one column to the next
    spacing: float  # px from one row to the next


def hatch_lines(
    darkness: Map, drawn: Map, hatch: Hatch, count: int, generator: torch.Generator, lattice: Lattice = Lattice()
) -> tuple[list[HatchLine], float]:
    """At most `count` lines that carry a tone, those that say most first, and their spacing, px.

    darkness: [H, W] 0 = paper … 1 = black. drawn: [H, W] 1 where contours are drawn. Where the lines would be more than
    `count`, they are laid farther apart, up to WIDEST times, unless the lattice says how far, and then left out of all but
    the darkest places.
    """
    side = max(darkness.shape)
    free = _away_from(drawn, hatch.margin * side)
    relief = _relief(darkness, side)
    chance = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    spacing, lines = lattice.spacing or hatch.spacing * side, list[HatchLine]()
    widest = lattice.spacing or WIDEST * spacing
    for _ in range(ATTEMPTS if count > 0 else 0):
        state = chance.bit_generator.state
        lines = [
            line
            for level in range(hatch.levels)
            for line in _layer(darkness, free, relief, hatch, level, _Grid(lattice.origin, spacing), chance)
        ]
        if len(lines) <= count:
            break
        chance.bit_generator.state = state
        excess = len(lines) / count
        if spacing < widest:
            spacing = min(widest, spacing * max(1.06, excess**0.55))
        else:
            hatch = replace(hatch, lightest=1 - (1 - hatch.lightest) / min(1.4, max(1.06, excess**0.4)))
    return lines[:count], spacing


def _layer(
    darkness: Map, free: Map, relief: Map, hatch: Hatch, level: int, grid: _Grid, chance: np.random.Generator
) -> list[HatchLine]:
    """The lines of one level."""
    side, spacing = max(darkness.shape), grid.spacing
    angle = hatch.angles[level % len(hatch.angles)]
    repeat = level // len(hatch.angles)
    sheet = _sheet(relief, angle, hatch.form * 0.06 * side, grid, 0.5 * (repeat % 2))
    threshold = hatch.lightest + (1 - hatch.lightest) * level / hatch.levels
    dark = _sampled(_dark_places(darkness, threshold, spacing), sheet.points) > 0.5
    open_here = _sampled(free, sheet.points) > 0.5
    floor = threshold if level else 0.5 * threshold
    return [
        HatchLine(sheet.points[k, a:b], level, floor)
        for k in _spread_order(len(sheet.points))
        for a, b in _runs(dark[k], open_here[k], sheet, hatch.longest * side, chance)
    ]


def _dark_places(darkness: Map, threshold: float, spacing: float) -> Map:
    """1 where it is darker than the threshold over more than about a line's surroundings, else 0 [H, W]."""
    reach = 2 * round(0.6 * spacing) + 1
    return cv2.morphologyEx(
        (darkness > threshold).astype(np.float32), cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    )


def _sheet(relief: Map, angle: float, depth: float, grid: _Grid, shift: float) -> _Sheet:
    """Lines of a grid at an angle, shifted by a share of its spacing; with a depth (px) they run as cuts through the
    relief would look from the side."""
    height, width = relief.shape
    spacing = grid.spacing
    turn = math.radians(-angle)
    along, across = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    middle, half = np.array([width / 2, height / 2]), math.hypot(width, height) / 2 + spacing
    step = STEP
    u, v = np.arange(-half, half, step), np.arange(-half, half, step)
    places = middle + u[None, :, None] * along + v[:, None, None] * across
    first = float((np.array(grid.origin) - middle) @ across) + shift * spacing
    offsets = np.arange(-half + (first + half) % spacing, half, spacing)
    if depth > 0:
        height_map = _sampled(relief, places) * depth
        shown = v[:, None] + height_map - height_map.mean()
        shown = np.maximum.accumulate(shown + 1e-6 * v[:, None], 0)
        rows = np.stack([np.interp(offsets, shown[:, j], v) for j in range(len(u))], 1)
    else:
        rows = np.repeat(offsets[:, None], len(u), 1)
    points = middle + u[None, :, None] * along + rows[..., None] * across
    return _Sheet(points, step, spacing)


def _relief(darkness: Map, side: int) -> Map:
    """The tone as a landscape, light = high: smooth enough for lines that bend over it to stay calm."""
    small = cv2.resize(1 - darkness, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), 0.02 * side / 4)
    return cv2.resize(smooth, darkness.shape[::-1], interpolation=cv2.INTER_CUBIC)


def _sampled(values: Map, points: npt.NDArray[np.float64]) -> Map:
    """Values [...] at points [..., 2]; 0 outside."""
    x, y = points[..., 0].astype(np.float32) - 0.5, points[..., 1].astype(np.float32) - 0.5
    return cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def _away_from(drawn: Map, margin: float) -> Map:
    """1 where nothing is drawn within a margin, else 0 [H, W]."""
    if margin <= 0:
        return np.ones_like(drawn)
    distance = cv2.distanceTransform((drawn < 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return (distance > margin).astype(np.float32)


def _spread_order(count: int) -> list[int]:
    """0 … count − 1 so that every beginning is spread evenly over them."""
    bits = max(1, (count - 1).bit_length())
    order = (int(format(i, f"0{bits}b")[::-1], 2) for i in range(2**bits))
    return [k for k in order if k < count]


def _runs(
    dark: npt.NDArray[np.bool_],
    open_here: npt.NDArray[np.bool_],
    sheet: _Sheet,
    longest: float,
    chance: np.random.Generator,
) -> Iterator[tuple[int, int]]:
    """Where a line is drawn [a, b): short gaps in the tone are passed over, crumbs are left out, ends are not cut straight."""
    gap, least = round(1.2 * sheet.spacing / sheet.step), round(2.5 * sheet.spacing / sheet.step)
    for a, b in _intervals(_without_short(dark, gap, least) & open_here):
        for c, d in _pieces(a, b, longest / sheet.step, chance):
            stray = 0.5 * sheet.spacing / sheet.step
            c, d = round(c + abs(chance.normal(0, stray))), round(d - abs(chance.normal(0, stray)))
            if d - c >= least:
                yield c, d


def _without_short(dark: npt.NDArray[np.bool_], gap: int, least: int) -> npt.NDArray[np.bool_]:
    closed = dark.copy()
    for a, b in _intervals(~dark):
        if a > 0 and b < len(dark) and b - a <= gap:
            closed[a:b] = True
    for a, b in _intervals(closed):
        if b - a < least:
            closed[a:b] = False
    return closed


def _intervals(marked: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _pieces(a: int, b: int, longest: float, chance: np.random.Generator) -> Iterator[tuple[int, int]]:
    """[a, b) in pieces of about the longest length, a little apart."""
    if not longest or b - a <= 1.3 * longest:
        yield a, b
        return
    start = a
    while start < b:
        end = min(b, start + round(longest * chance.uniform(0.6, 1.0)))
        if b - end < 0.3 * longest:
            end = b
        yield start, end
        start = end + 2
