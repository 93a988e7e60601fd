"""Lines that are drawn already: nothing that runs along them is drawn again, and what is new goes to where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.initialize.streamlines import Map, Row, Trace

Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CoveredSettings:
    """Distances in px of a canvas whose longer side is about 900 px."""

    reach: float = 9.0  # a line this near to a drawn one, and in its direction, is the same line …
    turned: float = 0.75  # … least cosine …
    flank: int = 9  # … and so much farther away, what falls off from it is its flank
    least: float = 20.0  # parts of a known outline that are free must be this long
    least_share: float = 0.7  # of a closed one that must be free


@dataclass(frozen=True)
class Covered:
    """What is drawn already on a canvas."""

    rows: tuple[Row, ...] = ()  # canvas px, the middle of the first pixel at 0, about 1 px apart
    before: float = 0.0  # the order goes on as if so many strokes had been chosen
    settings: CoveredSettings = CoveredSettings()

    @property
    def traces(self) -> list[Trace]:
        """What is drawn as lines."""
        return [Trace(row, np.ones(len(row))) for row in self.rows]

    def less(self, strength: Map, x: Map, y: Map, origin: tuple[float, float] = (0.0, 0.0), scale: float = 1.0) -> Map:
        """The strength of a line field of tangents x, y, but 0 where it runs along what is drawn.

        origin, scale: x, y on the canvas of the field's corner, and its px per canvas px.
        """
        rows = [(row + 0.5 - origin) * scale - 0.5 for row in self.rows]
        distance, along_x, along_y = _nearest(rows, (strength.shape[0], strength.shape[1]))
        along, reach = np.abs(along_x * x + along_y * y) > self.settings.turned, self.settings.reach * scale**0.5
        beside = _with_flanks(distance < reach, along & (distance < reach + self.settings.flank), distance, strength)
        return np.where(beside & along, np.float32(0), strength)

    def free_parts(self, trace: Trace, worth: npt.NDArray[np.float64], shape: tuple[int, int]) -> list[slice]:
        """The parts of a line that are worth something and do not run along what is drawn.

        Of a closed line all or nothing. worth: [M] of its points; shape: height, width of the canvas, px.
        """
        distance, along_x, along_y = _nearest(self.rows, shape)
        at = np.rint(trace.row).astype(int)
        place = at[:, 1].clip(0, shape[0] - 1), at[:, 0].clip(0, shape[1] - 1)
        step = _directions(trace.row)
        along = np.abs(along_x[place] * step[:, 0] + along_y[place] * step[:, 1])
        free = ~((distance[place] < self.settings.reach) & (along > self.settings.turned)) & (worth > 0)
        if free.all() or trace.closed:
            return [slice(0, len(free))] if free.mean() >= self.settings.least_share else []
        way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(trace.row, axis=0), axis=1))])
        return [slice(begin, end) for begin, end in _runs(free) if way[end - 1] - way[begin] >= self.settings.least]


def _with_flanks(core: Bits, allowed: Bits, distance: Map, strength: Map) -> Bits:
    """A core [H, W] widened over what is allowed, as long as the strength does not rise with the distance."""
    if not core.any():
        return core
    away_y, away_x = np.gradient(distance)
    y, x = np.indices(strength.shape, np.float32)
    inward = cv2.remap(strength, x - away_x, y - away_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    falls = allowed & (strength <= inward)
    while True:
        wider = core | (falls & (cv2.dilate(core.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0))
        if np.array_equal(wider, core):
            return core
        core = wider


def _nearest(rows: Sequence[Row], shape: tuple[int, int]) -> tuple[Map, Map, Map]:
    """How far each pixel is from the rows, px, and the unit direction x, y of the nearest of them [H, W]."""
    free, x, y = np.ones(shape, np.uint8), np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row in rows:
        at, step = np.rint(row).astype(int), _directions(row)
        here = (at[:, 0] >= 0) & (at[:, 0] < shape[1]) & (at[:, 1] >= 0) & (at[:, 1] < shape[0])
        place = at[here, 1], at[here, 0]
        free[place], x[place], y[place] = 0, step[here, 0], step[here, 1]
    if free.all():
        return np.full(shape, 1e6, np.float32), x, y
    distance, label = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of_label = np.zeros((int(label.max()) + 1, 2), np.float32)
    on = free == 0
    of_label[label[on]] = np.stack([x[on], y[on]], 1)
    return distance, of_label[label, 0], of_label[label, 1]


def _directions(row: Row) -> npt.NDArray[np.float64]:
    """Unit tangents [M, 2]."""
    if len(row) < 2:
        return np.zeros((len(row), 2))
    step = np.gradient(row, axis=0)
    return np.asarray(step / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-9))


def _runs(free: Bits) -> list[tuple[int, int]]:
    """Begin and end of each run of what is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]]).astype(np.int8))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))
