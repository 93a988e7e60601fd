"""Lines on their way through the hand: rows of points, evenly spaced along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backend.core.bezier import find_corners, fit_poly_bezier, sample
from backend.core.strokes import Strokes

Row = npt.NDArray[np.float64]  # [M, 2]

STEP = 3.0  # px from point to point
CORNER_REACH, CORNER_TURN = 3, 0.9  # points to either side, rad
TOLERANCE = 0.7  # px between a line and its curve


@dataclass(frozen=True)
class Line:
    """One line, and which plain stroke it comes from."""

    row: Row  # points about STEP px apart; of a closed line the last is the first
    closed: bool
    source: int

    @property
    def length(self) -> float:
        """Arc length, px."""
        return float(np.linalg.norm(np.diff(self.row, axis=0), axis=1).sum())

    @property
    def corners(self) -> tuple[int, ...]:
        """Indices of sharp turns."""
        return find_corners(self.row, CORNER_REACH, CORNER_TURN)


def lines_of(strokes: Strokes) -> list[Line]:
    """The strokes as lines, in their order."""
    if not len(strokes):
        return []
    strokes = strokes.to("cpu")
    count = 8 * int(strokes.segments.max()) + 25
    points = sample(strokes.points, strokes.segments, count)[0].double().numpy()
    return [Line(evenly(points[i]), bool(strokes.closed[i]), i) for i in range(len(strokes))]


def evenly(row: Row, step: float = STEP) -> Row:
    """The row with points about `step` px apart (at least four), its ends kept."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(row, axis=0), axis=1))])
    places = np.linspace(0, along[-1], max(4, round(along[-1] / step) + 1))
    return np.stack([np.interp(places, along, row[:, axis]) for axis in (0, 1)], 1)


def curves_of(lines: Sequence[Line], tolerance: float = TOLERANCE) -> list[Tensor]:
    """The control points [3s+1, 2] of each line, as few as stay within a tolerance, px."""
    return [torch.from_numpy(fit_poly_bezier(line.row, tolerance, line.corners, line.closed)).float() for line in lines]
