"""Curves put on the lines that run beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.initialize.curve_places import Points, Values, basis_at, dense_places, lengths, spread, with_normals
from backend.initialize.trace import Lines

Map = npt.NDArray[np.float32]  # [H, W]

TAUT = 0.25  # how much lengths count beside turns where a stroke gives way to its line


@dataclass(frozen=True)
class SnapSettings:
    """Distances in px of a canvas whose longer side is about 900 px."""

    reach: tuple[float, ...] = (9.0, 6.0, 4.0, 3.0, 3.0)  # how far a line is looked for to either side, in each round
    smooth: tuple[float, ...] = (16.0, 8.0, 4.0, 2.0, 1.5)  # px along a stroke over which it gives way to its line
    spacing: float = 2.0  # px between the places at which it does
    ridge: float = 0.1  # strength of a line that can hold a stroke
    turned: float = 0.6  # it runs in the stroke's direction: least cosine

    @property
    def rounds(self) -> list[tuple[float, float]]:
        """Reach and smoothness of each round."""
        return list(zip(self.reach, self.smooth, strict=True))


@dataclass(frozen=True)
class LineMap:
    """Lines, their direction as the cosine and sine of the doubled angle."""

    strength: Map
    cos: Map
    sin: Map

    @classmethod
    def of(cls, lines: Lines) -> LineMap:
        """The field of lines whose tangents have no sign."""
        angle = 2 * np.arctan2(lines.tangent_y, lines.tangent_x)
        return cls(lines.strength, np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32))


def put_on_lines(
    curves: Sequence[Points], closed: Sequence[bool], field: LineMap, reach: float, smooth: float, settings: SnapSettings
) -> list[Points]:
    """The curves bent gently towards the lines beside them."""
    if not curves:
        return []
    dense = [dense_places(curve) for curve in curves]
    rows = [spread(*pair, max(4, round(lengths(pair[0])[-1] / settings.spacing))) for pair in dense]
    pairs = [with_normals(row) for row, _ in rows]
    offsets, weights = pull(
        np.concatenate([row for row, _ in pairs]), np.concatenate([normal for _, normal in pairs]), field, reach, settings
    )
    cuts = np.cumsum([len(row) for row, _ in rows])[:-1]
    pulls = zip(curves, closed, rows, pairs, np.split(offsets, cuts), np.split(weights, cuts), strict=True)
    size = smooth / settings.spacing
    return [
        _bent(curve, ring, basis_at(at, len(curve)), normal, offset, weight, size)
        for curve, ring, (_, at), (_, normal), offset, weight in pulls
    ]


def pull(at: Points, normal: Points, field: LineMap, reach: float, settings: SnapSettings) -> tuple[Values, Values]:
    """How far to the side the line of each place [M] lies, and how clearly it is one."""
    steps = np.linspace(-reach, reach, int(4 * reach) + 1)
    across = at[:, None] + steps[:, None] * normal[:, None]
    value = (
        read_map(field.strength, across)
        * agreement(across, normal, field, settings.turned)
        * np.exp(-0.5 * (steps / (0.6 * reach)) ** 2)
    )
    best = value.argmax(1)
    height = np.take_along_axis(value, best[:, None], 1)[:, 0].astype(np.float64)
    return steps[best], np.where(height > settings.ridge, np.sqrt(height), 0.0)


def agreement(at: npt.NDArray[np.float64], normal: Points, field: LineMap, least: float) -> npt.NDArray[np.float64]:
    """0 … 1 [M, K]: how far the field at points [M, K, 2] runs across the normals [M, 2]."""
    doubled = 2 * np.arctan2(-normal[:, 0], normal[:, 1])[:, None]
    cosine = read_map(field.cos, at) * np.cos(doubled) + read_map(field.sin, at) * np.sin(doubled)
    along = np.sqrt(np.clip((1 + cosine) / 2, 0, 1))
    return np.clip((along - least) / (1 - least), 0, 1)


def _bent(curve: Points, ring: bool, basis: Values, normal: Points, offset: Values, weight: Values, size: float) -> Points:
    """A curve whose places follow their pull across it, while it keeps its place and its shape.

    With u the way of its places, minimizes Σ wᵢ(nᵢ·uᵢ − oᵢ)² + still·Σ|uᵢ|² + taut·Σ|uᵢ₊₁ − uᵢ|² + stiff·Σ|uᵢ₋₁ − 2uᵢ + uᵢ₊₁|².
    """
    if not weight.any():
        return curve
    if ring:  # its ends are one point
        basis = np.concatenate([basis[:, :1] + basis[:, -1:], basis[:, 1:-1]], 1)
    count, around = basis.shape[1], np.concatenate([basis, basis[1:3]]) if ring else basis
    same = 0.02 * float(weight.max()) * basis.T @ basis + 1e-9 * np.eye(count)
    for order, share in ((1, TAUT * size**2), (2, size**4)):
        change = np.diff(around, n=order, axis=0)
        same += share * weight.mean() * change.T @ change
    across = np.concatenate([normal[:, :1] * basis, normal[:, 1:] * basis], 1)
    matrix = across.T @ (weight[:, None] * across) + np.kron(np.eye(2), same)
    way = np.linalg.solve(matrix, across.T @ (weight * offset)).reshape(2, count).T
    return curve + (np.concatenate([way, way[:1]]) if ring else way)


def read_map(values: Map, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """A map [H, W] or [H, W, C] at points [..., 2], bilinearly, as its border outside of it."""
    flat = (points.reshape(-1, 2) - 0.5).astype(np.float32)
    rows = [  # OpenCV's remap takes at most 32767 in a row
        cv2.remap(
            values,
            flat[None, i : i + 30000, 0],
            flat[None, i : i + 30000, 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[0]
        for i in range(0, len(flat), 30000)
    ]
    return np.concatenate(rows).reshape(*points.shape[:-1], *values.shape[2:])
