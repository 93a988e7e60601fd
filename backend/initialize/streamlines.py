"""Rows of points along the ridges of a line field: the raw material of strokes."""

from __future__ import annotations

import ctypes
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.core.errors import OutOfMemory
from backend.raster.native.library import TraceRow, load_library

Map = npt.NDArray[np.float32]  # [H, W]
Maps = tuple[Map, Map, Map]  # strength, tangent x and y
Row = npt.NDArray[np.float64]  # [M, 2] points x, y in canvas px, about 1 px apart
Indices = npt.NDArray[np.intp]  # [M]

LEAST_POINTS = 4  # of a line


@dataclass(frozen=True)
class TraceSettings:
    """Distances in px of a canvas whose longer side is about 900 px; strengths as in the line field."""

    seed: float = 0.14  # a line starts where the strength is above this …
    keep: float = 0.04  # … and runs on while it is above this
    gap: int = 4  # steps a line runs on without support
    turn: float = 0.6  # least cosine between the directions of neighboring steps
    apart: int = 3  # no line starts, and none runs on, nearer to another than this
    least: float = 9.0  # shorter lines are crumbs …
    least_strong: float = 7.0  # … unless they are strong (a pupil, a nostril)
    strong: float = 0.55
    border: int = 3  # no lines along the picture's border


@dataclass(frozen=True)
class Trace:
    """One traced line."""

    row: Row
    strength: npt.NDArray[np.float64]  # [M]
    closed: bool = False
    even: bool = False  # free of tremor and corners already

    @property
    def length(self) -> float:
        """Arc length, px."""
        return float(np.linalg.norm(np.diff(self.row, axis=0), axis=1).sum())


class _Field:
    """Maps as flat arrays of the standard library, since single look-ups in them are many times faster than in numpy's."""

    def __init__(self, strength: Map, tangent_x: Map, tangent_y: Map) -> None:
        self.height, self.width = strength.shape
        self.strength, self.tangent_x, self.tangent_y = (
            array(values.dtype.char, values.tobytes()) for values in (strength, tangent_x, tangent_y)
        )
        self.taken = bytearray(self.height * self.width)  # 1 on lines and near to them

    def inside(self, x: float, y: float, border: int) -> bool:
        return border <= x < self.width - 1 - border and border <= y < self.height - 1 - border

    def strength_at(self, x: float, y: float) -> float:
        """Bilinear; x, y must be inside."""
        ix, iy = int(x), int(y)
        fx, fy = x - ix, y - iy
        s, w, gx = self.strength, self.width, 1 - fx
        i = iy * w + ix
        j = i + w
        return (s[i] * gx + s[i + 1] * fx) * (1 - fy) + (s[j] * gx + s[j + 1] * fx) * fy

    def index(self, x: float, y: float) -> int:
        return int(y + 0.5) * self.width + int(x + 0.5)

    def disc(self, radius: int) -> Indices:
        """The indices within `radius` px of a pixel, from its own on."""
        y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
        return (y * self.width + x)[x * x + y * y <= radius * radius + 1]

    def claim(self, row: Row, disc: Indices) -> None:
        """Takes all that is within a disc about any of a row of points."""
        at = (row + 0.5).astype(int)
        cells = (at[:, 1] * self.width + at[:, 0])[:, None] + disc
        np.frombuffer(self.taken, np.uint8)[cells[(cells >= 0) & (cells < len(self.taken))]] = 1


def trace_lines(strength: Map, tangent_x: Map, tangent_y: Map, settings: TraceSettings = TraceSettings()) -> list[Trace]:
    """Lines along the ridges of a line field, the strongest seeds first, none of them twice."""
    library = load_library()
    maps = strength, tangent_x, tangent_y
    followed = rows_of(maps, settings) if library is None else native_rows(maps, settings, library)
    traces = (Trace(row, _strength_along(row, strength), closed) for row, closed in followed if len(row) >= LEAST_POINTS)
    return [trace for trace in traces if _worth_keeping(trace, settings)]


def rows_of(maps: Maps, settings: TraceSettings) -> Iterator[tuple[Row, bool]]:
    """The points of each line through the seeds of strength, tangent x and y, and whether it is closed."""
    field = _Field(*maps)
    around = field.disc(settings.apart)
    for index in _seeds(*maps, settings).tolist():
        if field.taken[index]:
            continue
        x, y = float(index % field.width), float(index // field.width)
        points, closed = _line_through(field, x, y, settings)
        row = np.array(points)
        field.claim(row, around)
        yield row, closed


def native_rows(maps: Maps, settings: TraceSettings, library: ctypes.CDLL) -> list[tuple[Row, bool]]:
    """The same, bit by bit, in a twentieth of the time."""
    height, width = maps[0].shape
    held = [np.ascontiguousarray(values, np.float32) for values in maps]
    seeds = _seeds(*maps, settings).astype(np.int64)
    how = TraceRow(settings.keep, settings.turn, settings.gap, settings.apart, settings.border)
    count, total = ctypes.c_int64(), ctypes.c_int64()
    found = library.stylesketch_trace(
        *(values.ctypes.data for values in held),
        *(height, width, seeds.ctypes.data, len(seeds), how, ctypes.byref(count), ctypes.byref(total)),
    )
    if not found:
        raise OutOfMemory("There is not enough memory for this picture. Close other programs or scale the picture down.")
    points, lengths, closed = np.empty((total.value, 2)), np.empty(count.value, np.int64), np.empty(count.value, np.uint8)
    library.stylesketch_traced(found, points.ctypes.data, lengths.ctypes.data, closed.ctypes.data)
    return list(zip(np.split(points, np.cumsum(lengths)[:-1]), map(bool, closed), strict=True)) if len(lengths) else []


def _strength_along(row: Row, strength: Map) -> npt.NDArray[np.float64]:
    """The strength [M] at a row of points, bilinear."""
    x, y = row.astype(int).T
    fx, fy = (row - np.stack([x, y], 1)).T
    upper = strength[y, x] * (1 - fx) + strength[y, x + 1] * fx
    return np.asarray(upper * (1 - fy) + (strength[y + 1, x] * (1 - fx) + strength[y + 1, x + 1] * fx) * fy)


def _worth_keeping(trace: Trace, settings: TraceSettings) -> bool:
    least = settings.least_strong if trace.strength.mean() > settings.strong else settings.least
    return trace.length >= least


def _seeds(strength: Map, tangent_x: Map, tangent_y: Map, settings: TraceSettings) -> Indices:
    """Indices of ridge pixels above the seed strength, strongest first."""
    height, width = strength.shape
    y, x = np.nonzero(strength > settings.seed)
    b = settings.border + 1
    inside = (x >= b) & (x < width - 1 - b) & (y >= b) & (y < height - 1 - b)
    x, y = x[inside], y[inside]
    nx, ny = -tangent_y[y, x], tangent_x[y, x]
    here = strength[y, x]
    sides = [strength[np.rint(y + s * ny).astype(int), np.rint(x + s * nx).astype(int)] for s in (-1, 1)]
    ridge = (here >= sides[0]) & (here >= sides[1])
    x, y, here = x[ridge], y[ridge], here[ridge]
    order = np.lexsort((x, y, -here))
    return np.asarray(y[order] * width + x[order])


def _line_through(field: _Field, x: float, y: float, settings: TraceSettings) -> tuple[list[tuple[float, float]], bool]:
    """The line through a seed, followed both ways; True if it comes back to its start."""
    i = field.index(x, y)
    tx, ty = field.tangent_x[i], field.tangent_y[i]
    x, y = _on_ridge(field, x, y, tx, ty, field.strength_at(x, y))
    passed = {field.index(x, y): 0}
    ahead, closed = _follow(field, x, y, tx, ty, settings, passed, 1)
    if closed:
        return [(x, y), *ahead, (x, y)], True
    behind, _closed = _follow(field, x, y, -tx, -ty, settings, passed, -1)
    return [*reversed(behind), (x, y), *ahead], False


def _on_ridge(field: _Field, x: float, y: float, tx: float, ty: float, here: float) -> tuple[float, float]:
    """The point nearest to x, y, at most 1 px across the line, where the strength is largest; here: the strength at x, y."""
    nx, ny = -ty, tx
    left, right = field.strength_at(x - 0.75 * nx, y - 0.75 * ny), field.strength_at(x + 0.75 * nx, y + 0.75 * ny)
    curvature = left - 2 * here + right
    if curvature < -1e-6:
        shift = max(-0.75, min(0.75, 0.75 * 0.5 * (left - right) / curvature))
    else:
        shift = 0.75 if right > left else -0.75 if left > right else 0.0
    return x + shift * nx, y + shift * ny


def _follow(
    field: _Field, x0: float, y0: float, tx: float, ty: float, settings: TraceSettings, passed: dict[int, int], way: int
) -> tuple[list[tuple[float, float]], bool]:
    """Points after x0, y0 along the ridge in direction t, and whether they come back to it.

    passed: pixels the line has been on, each with its place along the line, counted in direction `way` (1 or -1).
    """
    points: list[tuple[float, float]] = []
    x, y, unsupported, supported = x0, y0, 0, 0
    sx, sy = tx, ty
    while True:
        x, y = x + tx, y + ty
        if not field.inside(x, y, settings.border):
            break
        i = field.index(x, y)
        if len(points) >= 8 and (x - x0) ** 2 + (y - y0) ** 2 < 2.0 and sx * tx + sy * ty > 0.3:
            return points, True
        place = way * len(points)
        if abs(passed.setdefault(i, place) - place) > 5:
            break
        if field.taken[i]:
            points += _up_to_the_other(field, x, y, tx, ty, settings)
            supported = len(points)
            break
        ux, uy = field.tangent_x[i], field.tangent_y[i]
        cosine = ux * tx + uy * ty
        if cosine < 0:
            ux, uy, cosine = -ux, -uy, -cosine
        strength = field.strength_at(x, y)
        if strength < settings.keep or cosine < settings.turn:
            unsupported += 1
            if unsupported > settings.gap:
                break
            points.append((x, y))
            continue
        unsupported = 0
        tx, ty = 0.5 * tx + 0.5 * ux, 0.5 * ty + 0.5 * uy
        norm = math.sqrt(tx * tx + ty * ty)  # on every machine the same
        tx, ty = tx / norm, ty / norm
        ridge_x, ridge_y = _on_ridge(field, x, y, tx, ty, strength)
        x, y = 0.5 * (x + ridge_x), 0.5 * (y + ridge_y)
        if not field.inside(x, y, settings.border):
            break
        points.append((x, y))
        supported = len(points)
    return points[:supported], False


def _up_to_the_other(
    field: _Field, x: float, y: float, tx: float, ty: float, settings: TraceSettings
) -> list[tuple[float, float]]:
    """The last points of a line that runs into another's surround: up to that other line if it meets it, else none."""
    points: list[tuple[float, float]] = []
    for _ in range(settings.apart + 2):
        if not field.inside(x, y, settings.border) or field.strength_at(x, y) < settings.keep:
            return points
        i = field.index(x, y)
        if abs(field.tangent_x[i] * tx + field.tangent_y[i] * ty) < settings.turn:
            return points
        points.append((x, y))
        x, y = x + tx, y + ty
    return []
