"""Middle lines of strokes with their widths: points, tangents, half widths at any places of many lines at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

TOLERANCE = 0.02  # of a stroke's greatest width: how far its outline may be off
LEAST_TOLERANCE = 0.005  # px


@dataclass(frozen=True)
class Line:
    """A stroke's middle line and width."""

    points: Points  # [3S+1, 2] control points, px
    widths: Points  # [K] full width at knots evenly spaced in the parameter, px
    closed: bool

    @property
    def segments(self) -> int:
        return (len(self.points) - 1) // 3

    @property
    def extent(self) -> float:
        """Longer side of the box around its control points, px."""
        return float(np.ptp(self.points, axis=0).max())


class Lines:
    """Many lines in arrays, evaluated at any places at once."""

    def __init__(self, lines: Sequence[Line]) -> None:
        longest = max((len(line.points) for line in lines), default=4)
        knots = max((len(line.widths) for line in lines), default=2)
        self.points = np.stack([_padded(line.points, longest) for line in lines]) if lines else np.zeros((0, 4, 2))
        self.segments = np.array([line.segments for line in lines], np.int64)
        self.widths = np.array([_padded(line.widths, knots) for line in lines]).reshape(-1, knots).clip(0)
        self.last_knot = np.array([len(line.widths) - 1 for line in lines], np.int64)
        widest = self.widths.max(1, initial=0.0)
        self.tolerance = np.maximum(TOLERANCE * widest, LEAST_TOLERANCE)

    def at(
        self, row: npt.NDArray[np.int64], place: Points, before: npt.NDArray[np.bool_]
    ) -> tuple[Points, Points, Points, Points]:
        """Middle points, unit tangents, half widths and the derivatives of both sides' common part at places in segments.

        row, place: [P]; before: which places at a joint belong to the segment that ends there. The last is (speed, growth,
        turn): length of the derivative, derivative of the half width, derivative of the tangent's angle, [P, 3].
        """
        which = np.where(before, np.ceil(place) - 1, np.floor(place)).clip(0, self.segments[row] - 1).astype(np.int64)
        t = (place - which)[:, None]
        cubic = self.points[row[:, None], 3 * which[:, None] + np.arange(4)]
        d1 = 3 * np.diff(cubic, axis=1)
        d2 = 2 * np.diff(d1, axis=1)
        s = 1 - t
        middle = s**3 * cubic[:, 0] + 3 * s * s * t * cubic[:, 1] + 3 * s * t * t * cubic[:, 2] + t**3 * cubic[:, 3]
        velocity = s * s * d1[:, 0] + 2 * s * t * d1[:, 1] + t * t * d1[:, 2]
        bend = s * d2[:, 0] + t * d2[:, 1]
        speed = np.hypot(velocity[:, 0], velocity[:, 1])
        still = speed < 1e-9
        direction = velocity.copy()
        direction[still] = _leaving(cubic[still], t[still, 0])
        tangent = direction / np.maximum(np.hypot(direction[:, 0], direction[:, 1]), 1e-12)[:, None]
        turn = (velocity[:, 0] * bend[:, 1] - velocity[:, 1] * bend[:, 0]) / np.where(still, 1, speed * speed)
        half, growth = self._half(row, place, before)
        return middle, tangent, half, np.stack([speed, growth, np.where(still, 0, turn)], 1)

    def _half(self, row: npt.NDArray[np.int64], place: Points, before: npt.NDArray[np.bool_]) -> tuple[Points, Points]:
        rate = self.last_knot[row] / self.segments[row]
        knot = place * rate
        left = (
            np.where(before, np.ceil(knot) - 1, np.floor(knot)).clip(0, np.maximum(self.last_knot[row] - 1, 0)).astype(np.int64)
        )
        right = np.minimum(left + 1, self.last_knot[row])
        low, high = self.widths[row, left] / 2, self.widths[row, right] / 2
        return low + (high - low) * (knot - left), (high - low) * rate


def _padded(values: Points, count: int) -> Points:
    return np.concatenate([values, np.repeat(values[-1:], count - len(values), 0)])


def _leaving(cubic: Points, t: Points) -> Points:
    """Where a cubic [P, 4, 2] goes at places t whose derivative vanishes: to its next different control point."""
    backwards = (t > 0.5)[:, None, None]
    seen = np.where(backwards, cubic[:, ::-1], cubic)
    steps = seen[:, 1:] - seen[:, :1]
    far = (np.abs(steps).max(-1) > 1e-9).argmax(1)
    step = steps[np.arange(len(steps)), far]
    step = np.where(backwards[:, 0], -step, step)
    return np.where(np.abs(step).max(-1, keepdims=True) > 1e-9, step, np.array([1.0, 0.0]))
