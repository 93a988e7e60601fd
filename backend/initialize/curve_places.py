"""Places along poly-Béziers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]  # [M, 2]
Values = npt.NDArray[np.float64]  # [M]


def length_of(curve: Points) -> float:
    """Arc length of a poly-Bézier [3S+1, 2]."""
    return float(np.linalg.norm(np.diff(dense_places(curve)[0], axis=0), axis=1).sum())


def dense_places(curve: Points, per_segment: int = 16) -> tuple[Points, Values]:
    """Points [M, 2] along a poly-Bézier and their parameters 0 … S."""
    segments = (len(curve) - 1) // 3
    t = np.linspace(0, 1, per_segment, endpoint=False)[:, None]
    s = 1 - t
    pieces = [
        s**3 * curve[3 * i] + 3 * s * s * t * curve[3 * i + 1] + 3 * s * t * t * curve[3 * i + 2] + t**3 * curve[3 * i + 3]
        for i in range(segments)
    ]
    return np.concatenate([*pieces, curve[-1:]]), np.linspace(0, segments, per_segment * segments + 1)


def even_places(curve: Points, count: int) -> Points:
    """`count` points of a poly-Bézier, evenly spaced along it."""
    return spread(*dense_places(curve), count)[0]


def spread(dense: Points, parameters: Values, count: int) -> tuple[Points, Values]:
    """`count` points evenly along a curve's dense points, and their parameters."""
    place = lengths(dense)
    at = np.linspace(0, place[-1], count)
    row = np.stack([np.interp(at, place, dense[:, axis]) for axis in (0, 1)], 1)
    return row, np.interp(at, place, parameters)


def lengths(row: Points) -> Values:
    """The arc length up to each point."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(row, axis=0), axis=1))])


def with_normals(row: Points) -> tuple[Points, Points]:
    """The points of a row, and the unit vectors [M, 2] across it, to its right where y points down."""
    tangent = np.gradient(row, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    return row, np.stack([-tangent[:, 1], tangent[:, 0]], 1)


def basis_at(parameters: Values, count: int) -> Values:
    """[M, K]: how much each of the K control points of a poly-Bézier counts at parameters [M] 0 … S."""
    segment = np.minimum(parameters.astype(int), (count - 1) // 3 - 1)
    t = parameters - segment
    s = 1 - t
    basis = np.zeros((len(parameters), count))
    for i, share in enumerate((s**3, 3 * s * s * t, 3 * s * t * t, t**3)):
        basis[np.arange(len(parameters)), 3 * segment + i] = share
    return basis
