"""The shapes of single lines: how long, how bent, how unsteady, how their width swells and thins."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.perception.skeleton import GRID, Chain, smoothed

Values = npt.NDArray[np.float64]
Row = npt.NDArray[np.float64]  # [M, 2] px

LEAST_LENGTH = 6.0  # times its width, of a line whose ends are looked at
FULL = 0.8  # of a line's usual width; what is less is its thinned end
GRID_STRAY = 0.25  # px that a straight, slanting line seems to stray
BEND = 6.0  # px, σ over which a line's turns count, or two widths
COURSE = 12.0  # px, σ of a line's smooth course …
COURSE_WIDTHS = 5.0  # … or so many widths
LEAST_WIDTHS = 5  # measured along a line whose variation counts


@dataclass(frozen=True)
class Shape:
    """One line; px, nan where there was nothing to measure."""

    length: float
    turn: float  # rad per px
    stray: float  # sideways from its smooth course, root of the mean square
    width: float  # median
    variation: float  # of its width, standard deviation over mean
    tapers: tuple[float, ...]  # share of its length over which it thins, for each free end
    tips: tuple[float, ...]  # width there, beside its usual one


def shape_of(chain: Chain, places: Values, widths: Values) -> Shape:
    """The shape of a chain, whose width was measured at `places` [K], px along it (nan where it could not be)."""
    known = np.isfinite(widths)
    width = float(np.median(widths[known])) if known.any() else np.nan
    length = chain.length
    ends = _ends(chain, places[known], widths[known], width, length)
    steady = _steadied(widths[known])
    return Shape(
        length=length,
        turn=_turn(chain.row, max(BEND, 2 * width if known.any() else BEND)),
        stray=_stray(chain.row, max(COURSE, COURSE_WIDTHS * width if known.any() else COURSE)),
        width=width,
        variation=float(steady.std() / steady.mean()) if len(steady) >= LEAST_WIDTHS else np.nan,
        tapers=tuple(taper for taper, _ in ends),
        tips=tuple(tip for _, tip in ends),
    )


def _ends(chain: Chain, places: Values, widths: Values, width: float, length: float) -> list[tuple[float, float]]:
    """Taper and tip of each free end of a line that is long enough to tell."""
    if len(widths) < LEAST_WIDTHS or length < LEAST_LENGTH * width:
        return []
    found = []
    for free, order in zip(chain.free, (slice(None), slice(None, None, -1)), strict=True):
        if free:
            along = places[order] if order.step is None else length - places[order]
            full = np.nonzero(widths[order] >= FULL * width)[0]
            found.append((float(along[full[0]]) / length if full[0] else 0.0, min(1.0, float(widths[order][0]) / width)))
    return found


def _steadied(values: Values) -> Values:
    """Each value the median of itself and its neighbors."""
    if len(values) < 3:
        return values
    return np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)


def _turn(row: Row, sigma: float) -> float:
    """How much a line turns, rad per px."""
    if len(row) < 4 * sigma:
        return np.nan
    steps = np.diff(smoothed(row, sigma), axis=0)
    angles = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    return float(np.abs(np.diff(angles)).sum() / max(float(np.hypot(*steps.T).sum()), 1e-9))


def _stray(row: Row, sigma: float) -> float:
    """How far a line strays from its smooth course, px, without the steps of the pixel grid."""
    if len(row) < 4 * sigma:
        return np.nan
    once = smoothed(row, sigma)
    course = 2 * once - smoothed(once, sigma)  # twice, so that a bend of its course is no stray
    inner = slice(int(sigma), -int(sigma))
    away = smoothed(row, GRID)[inner] - course[inner]
    along = np.gradient(course[inner], axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    return math.sqrt(max(0.0, float(((away * normal).sum(1) ** 2).mean()) - GRID_STRAY**2))
