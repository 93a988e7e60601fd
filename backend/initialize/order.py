"""The order of strokes: every prefix a drawing that says as much as it can."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]
Row = npt.NDArray[np.float64]

CELL = 2  # px of the canvas per cell of the coverage grid
FAR, FAR_BESIDE = 4.5, 3.5  # reaches, and widths of what is beside a stroke, beyond which it takes nothing from others


@dataclass(frozen=True)
class OrderSettings:
    """Distances as a share of the canvas' longer side."""

    reach: float = 0.055  # a first stroke tells what is this far from it …
    last_reach: float = 0.006  # … a late one only what lies beside it
    ease: float = 14.0  # strokes over which the reach falls by a factor e
    brevity: float = 0.5  # late strokes are compared by gain / length^brevity, so that short telling details do not starve
    beside: float = 0.009  # what is nearer than about this to a stroke is beside it, the more the nearer
    least_new: float = 0.3  # a stroke of which a smaller share is not beside others only doubles them …
    least_new_closed: float = 0.1  # … but a closed one is a shape of its own: a pupil in its eye
    closely: float = 3.0  # late strokes see a place that is looked at closely so many times nearer, and 1 more; early ones less
    closely_beside: float = 0.3  # … and for what lies beside what so many times
    aside: float = 0.3  # brevity where nobody looks closely


def order_by_coverage(
    rows: Sequence[Row], worths: Sequence[npt.NDArray[np.float64]], shape: tuple[int, int], count: int,
    settings: OrderSettings = OrderSettings(), enlarged: Sequence[float] = (), looked: Sequence[Row] = (),
    pairs: Sequence[int | None] = (), drawn: Sequence[Row] = (), before: float = 0.0,
) -> list[tuple[int, float]]:  # fmt: skip
    """Up to `count` indices of rows, greedily by what each adds, and those gains.

    rows: points [M, 2] about 1 px apart; worths: [M] worth of drawing each point; shape: height, width of the canvas, px.
    A point's worth counts in so far as it is far from what is drawn already: w·(1 − exp(−d²/2r²)), with the reach r
    shrinking as the drawing grows (greedy maximization of a submodular coverage). enlarged: how many times closer each row
    was seen (default: 1), for what lies beside what; its points are as many times denser.
    looked: [M] how closely, 0 … 1, each point is looked at: lines there are seen nearer, and where nobody looks, short ones
    count for hardly more than they tell (default: no place is special). pairs: a number that rows have in common which follow
    one right after the other: two eyes (default: none do). drawn: rows that are there already, as if `before` strokes had been
    chosen.
    """
    if not rows:
        return []
    grid = (shape[0] // CELL + 1, shape[1] // CELL + 1)
    flat = np.concatenate(rows)
    cells = np.clip((flat / CELL).astype(int), 0, (grid[1] - 1, grid[0] - 1))
    cell = cells[:, 1] * grid[1] + cells[:, 0]
    worth = np.concatenate(worths)
    starts = np.cumsum([0, *(len(row) for row in rows[:-1])])
    full = np.add.reduceat(worth, starts)
    distance = np.full(grid, 1e6, np.float32)
    left = np.ones(len(rows), bool)
    lengths = np.array([len(row) for row in rows], float)
    closer = np.repeat(np.array(enlarged if len(enlarged) else np.ones(len(rows)), float), [len(row) for row in rows])
    nearer, zoom = closer, np.zeros(len(flat))
    if len(looked):
        close = np.concatenate(looked)
        nearer = np.maximum(closer, 1 + settings.closely_beside * close)
        zoom = np.where(closer > 1, 0, settings.closely * close)  # a close-up has its lines' worth raised already
    brevity = _brevity(looked, settings)
    closed = np.array([np.array_equal(row[0], row[-1]) for row in rows])
    least_new = np.where(closed, settings.least_new_closed, settings.least_new)
    chosen: list[tuple[int, float]] = []
    side = max(shape)
    for row in drawn:
        _lower(distance, row, max(FAR * side * settings.reach, FAR_BESIDE * side * settings.beside))
    while len(chosen) < count and left.any():
        late = 1 - np.exp(-(len(chosen) + before) / settings.ease)
        reach = side * (settings.reach + (settings.last_reach - settings.reach) * late)
        apart = distance.ravel()[cell]
        new = np.add.reduceat(worth * (1 - np.exp(-0.5 * (nearer * apart / (side * settings.beside)) ** 2)), starts)
        left &= new > least_new * full
        gains = np.add.reduceat(worth * (1 - np.exp(-0.5 * ((1 + late * zoom) * apart / reach) ** 2)), starts)
        merits = np.where(left, gains / lengths ** (brevity * late), -1.0)
        best = _partner(chosen, left, pairs)
        if best is None:
            best = int(merits.argmax())
        if not left[best] or gains[best] <= 0:
            break
        left[best] = False
        chosen.append((best, float(gains[best])))
        _lower(distance, rows[best], max(FAR * reach, FAR_BESIDE * side * settings.beside))
    return chosen


def _partner(chosen: Sequence[tuple[int, float]], left: npt.NDArray[np.bool_], pairs: Sequence[int | None]) -> int | None:
    """The row that is left of the pair of the last one that was chosen."""
    pair = pairs[chosen[-1][0]] if chosen and len(pairs) else None
    return None if pair is None else next((i for i in np.flatnonzero(left).tolist() if pairs[i] == pair), None)


def _brevity(looked: Sequence[Row], settings: OrderSettings) -> float | npt.NDArray[np.float64]:
    """The brevity of each row [n], or of all."""
    if not len(looked):
        return settings.brevity
    closely = np.array([float(close.mean()) for close in looked])
    return settings.aside + (settings.brevity - settings.aside) * closely


def _lower(distance: Map, row: Row, margin: float) -> None:
    """Lowers the distance [h, w] of cells to a row of points, canvas px, less a cell: what lies beside a row is on it.

    Only of cells up to about `margin` px from it: farther ones tell nothing of it any more.
    """
    at, room = np.floor(row / CELL).astype(np.int32), math.ceil(margin / CELL) + 1
    (left, top), (right, bottom) = np.maximum(at.min(0) - room, 0), np.maximum(at.max(0) + room + 1, 0)
    part = distance[top:bottom, left:right]
    if not part.size:
        return
    free = np.ones(part.shape, np.uint8)
    cv2.polylines(free, [at - np.array([left, top], np.int32)], False, 0)
    cells = np.minimum(cv2.distanceTransform(free, cv2.DIST_L2, 5), 1e5)
    np.minimum(part, np.maximum(CELL * (cells - 1), 0), out=part)
