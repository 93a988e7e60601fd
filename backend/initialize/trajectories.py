"""One smooth way through its frames for every control point, and when a stroke is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TrajectorySettings:
    """Times in frames."""

    stiffness: float = 0.3  # weight of squared accelerations beside squared distances
    unseen_weight: float = 0.05  # of a frame in which the stroke was not seen
    blink: int = 2  # a stroke gone for no longer stays …
    least: int = 3  # … and one that is there for less never was
    fade: int = 3  # frames in which a stroke comes or goes


def smooth_way(points: Array, seen: Bits, drift: Array, settings: TrajectorySettings = TrajectorySettings()) -> Array:
    """The points [F, K, 2] of F frames on smooth ways beside the one on which motion was tracked.

    drift: [F, 2] how far all of them were taken since the frame before; what the picture itself does, also when it jerks,
    is no tremor. Smoothed is what is relative to that way, every point by itself.
    """
    count = len(points)
    if count < 3:
        return points
    tracked = np.cumsum(np.concatenate([np.zeros((1, 2)), drift[1:]]), axis=0)[:, None]
    points = points - tracked
    weights = np.where(seen, 1.0, settings.unseen_weight)
    return tracked + smoothed_values(points.reshape(count, -1), weights, settings.stiffness).reshape(points.shape)


def smoothed_values(values: Array, weights: Array, stiffness: float) -> Array:
    """Smooth x [F, C] beside values [F, C]: minimizes Σ wᵢ|xᵢ − vᵢ|² + stiffness·Σ|xᵢ₋₁ − 2xᵢ + xᵢ₊₁|² (Whittaker 1923)."""
    return _solved(weights, stiffness, (weights[:, None] * values).astype(np.float64))


def presence(seen: Bits, settings: TrajectorySettings = TrajectorySettings()) -> Bits:
    """When a stroke [F] is drawn: as it is seen, but without blinking."""
    there = seen.copy()
    for first, end in _runs(~there):
        if end - first <= settings.blink and first > 0 and end < len(there):
            there[first:end] = True
    for first, end in _runs(there):
        if end - first < settings.least and end < len(there) and first > 0:
            there[first:end] = False
    return there


def opacity(there: Bits, begins: bool, settings: TrajectorySettings = TrajectorySettings()) -> Array:
    """0 … 1 [F]: a stroke fades in over its first frames, and out over some frames after its last.

    begins: it is there at once, because its shot begins there.
    """
    fade = settings.fade
    before = np.full(fade - 1, bool(begins and there[0]))
    return np.convolve(np.concatenate([before, there]).astype(float), np.ones(fade) / fade)[fade - 1 : fade - 1 + len(there)]


def _runs(bits: Bits) -> list[tuple[int, int]]:
    """First index and end of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], bits.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _solved(weights: Array, stiffness: float, right: Array) -> Array:
    """x of (W + stiffness·DᵀD)·x = right [F, C] by a banded Cholesky decomposition; D takes second differences."""
    n = len(weights)
    bands = np.zeros((3, n))  # the matrix' diagonal and the two beside it
    for i in range(n - 2):
        for a, left in enumerate((1.0, -2.0, 1.0)):
            for b, other in enumerate((1.0, -2.0, 1.0)):
                if b >= a:
                    bands[b - a, i + a] += stiffness * left * other
    bands[0] += weights + 1e-9
    l0, l1, l2 = np.zeros(n), np.zeros(n), np.zeros(n)  # row i of the lower triangle: i−2, i−1, i
    for i in range(n):
        l2[i] = bands[2, i - 2] / l0[i - 2] if i > 1 else 0
        l1[i] = (bands[1, i - 1] - (l2[i] * l1[i - 1] if i > 1 else 0)) / l0[i - 1] if i else 0
        l0[i] = np.sqrt(bands[0, i] - l1[i] ** 2 - l2[i] ** 2)
    x = right.copy()
    for i in range(n):
        x[i] = (x[i] - (l1[i] * x[i - 1] if i else 0) - (l2[i] * x[i - 2] if i > 1 else 0)) / l0[i]
    for i in reversed(range(n)):
        after = (l1[i + 1] * x[i + 1] if i + 1 < n else 0) + (l2[i + 2] * x[i + 2] if i + 2 < n else 0)
        x[i] = (x[i] - after) / l0[i]
    return x
