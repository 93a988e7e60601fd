"""Strokes carried to the next frame: each moves as what it lies on moves, and is then put on the nearest line there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from backend.initialize.trace import Lines

Map = npt.NDArray[np.float32]  # [H, W]
Points = npt.NDArray[np.float64]  # [M, 2]
Values = npt.NDArray[np.float64]  # [M]
Bits = npt.NDArray[np.bool_]  # [M]
Complex = npt.NDArray[np.complex128]  # [M] points as x + iy
Look = npt.NDArray[np.float32]  # [M, 2, 3] CIE Lab to the left and right of M places along a stroke


@dataclass(frozen=True)
class CarrySettings:
    """Distances in px of a canvas whose longer side is about 900 px."""

    samples: float = 6.0  # px of a stroke's length for each place that is followed …
    most_samples: int = 48
    least_samples: int = 8
    stretch: int = 16  # places of a stroke that move as one
    inlier: float = 3.0  # a followed place agrees with its stretch's motion if it ends this near
    tries: int = 40  # motions drawn from two places each (RANSAC, Fischler and Bolles 1981)
    stiff: float = 45.0  # σ of the distance in which places count for a control point's motion …
    neighbor: float = 0.06  # … and how much those of other strokes do beside the stroke's own
    growth: float = 1.2  # most scaling from one frame to the next
    reach: tuple[float, ...] = (9.0, 6.0, 4.0, 3.0, 3.0)  # how far a line is looked for to either side, in each round
    smooth: tuple[float, ...] = (16.0, 8.0, 4.0, 3.0, 3.0)  # σ along a stroke over which it gives way to its line
    ridge: float = 0.07  # strength of a line that can hold a stroke
    beside: float = 2.5  # a stroke is on a line that is this near …
    turned: float = 0.6  # … and runs in its direction: least cosine
    look: float = 5.0  # how far to either side its surroundings' colors are remembered
    unlike: float = 22.0  # ΔE at which a side does not look the same any more
    seen: float = 0.5  # share of a stroke's places on their line for it to be seen …
    again: float = 0.6  # … and to be seen again
    remember: float = 0.15  # share of the new look in what is remembered


@dataclass(frozen=True)
class CarriedStroke:
    """A stroke as it is in one frame."""

    id: int
    curve: Points  # [3S+1, 2] control points, source px
    closed: bool
    look: Look
    drift: tuple[float, float] = (0.0, 0.0)  # how far it moved since the last frame, source px
    unseen: int = 0  # frames since it was last seen
    support: float = 1.0  # share of its places that were on a line when it was drawn


class Flow(Protocol):
    """Says where things went from one frame to the next."""

    def follow(self, points: Points) -> tuple[Points, Bits]:
        """Source points [M, 2] in the next frame, and which of them can be followed."""
        ...


class View(Protocol):
    """Where a canvas lies on the source picture."""

    @property
    def origin(self) -> tuple[float, float]: ...
    @property
    def scale(self) -> float: ...


@dataclass(frozen=True)
class Canvas:
    """The framed part of a frame, as strokes are put on it."""

    view: View
    lines: Lines  # strength 0 where no line may be
    lab: Map  # [H, W, 3] CIE Lab, calmed

    def of_source(self, points: Points) -> Points:
        """Source px as canvas px."""
        return (points - np.array(self.view.origin)) * self.view.scale

    def to_source(self, points: Points) -> Points:
        """Canvas px as source px."""
        return points / self.view.scale + np.array(self.view.origin)


def moved(
    strokes: Sequence[CarriedStroke], flow: Flow, scale: float, settings: CarrySettings, seed: int
) -> list[CarriedStroke]:
    """The strokes where their surroundings took them: a similarity for each of their places, by what could be followed near it.

    Places of a stretch that do not move as most of it are left out. Where few could be followed, neighbors say how the stroke
    moved; where there are none, it goes on as before. scale: canvas px per source px.
    """
    if not strokes:
        return []
    places = [_even(stroke.curve, len(stroke.look)) for stroke in strokes]
    owner = np.repeat(np.arange(len(strokes)), [len(rows) for rows in places])
    start = np.concatenate(places)
    end, followed = flow.follow(start)
    followed &= np.array([not stroke.unseen for stroke in strokes])[owner]
    z, w = _complex(start), _complex(end)
    agree = np.zeros(len(z), bool)
    for i in range(len(strokes)):
        mine = np.flatnonzero((owner == i) & followed)
        for part in np.array_split(mine, max(1, round(len(mine) / settings.stretch))):
            agree[part] = _inliers(z[part], w[part], settings.inlier / scale, settings.tries, seed + i)
    z, w, owner = z[agree], w[agree], owner[agree]
    return [_moved(stroke, z, w, owner == i, settings.stiff / scale, settings) for i, stroke in enumerate(strokes)]


def snapped(strokes: Sequence[CarriedStroke], canvas: Canvas, settings: CarrySettings) -> list[CarriedStroke]:
    """The strokes put on the lines that run beside them, and which of them are seen there."""
    field = _Field.of(canvas.lines)
    curves = [canvas.of_source(stroke.curve) for stroke in strokes]
    closed = [stroke.closed for stroke in strokes]
    for reach, smooth in zip(settings.reach, settings.smooth, strict=True):
        curves = _put_on_lines(curves, closed, field, reach, smooth, settings)
    return [_judged(stroke, curve, field, canvas, settings) for stroke, curve in zip(strokes, curves, strict=True)]


def begun(
    ids: Sequence[int], curves: Sequence[Points], closed: Sequence[bool], canvas: Canvas, settings: CarrySettings
) -> list[CarriedStroke]:
    """New strokes, their curves in canvas px, as they are to be known in the frames to come."""
    field, strokes = _Field.of(canvas.lines), []
    for name, curve, ring in zip(ids, curves, closed, strict=True):
        count = int(np.clip(round(length_of(curve) / settings.samples), settings.least_samples, settings.most_samples))
        look = _look_along(curve, count, canvas, settings)
        at, normal = _with_normals(_even(curve, count))
        support = float((_pull(at, normal, field, settings.beside, settings)[1] > 0).mean())
        strokes.append(CarriedStroke(name, canvas.to_source(curve), ring, look, support=support))
    return strokes


def _look_along(curve: Points, count: int, canvas: Canvas, settings: CarrySettings) -> Look:
    """The colors to both sides of `count` places of a curve, canvas px."""
    at, normal = _with_normals(_even(curve, count))
    sides = np.stack([at - settings.look * normal, at + settings.look * normal], 1)
    return _read(canvas.lab, sides)


def length_of(curve: Points) -> float:
    """Arc length of a poly-Bézier [3S+1, 2]."""
    return float(np.linalg.norm(np.diff(_dense(curve)[0], axis=0), axis=1).sum())


@dataclass(frozen=True)
class _Field:
    """Lines, their direction as the cosine and sine of the doubled angle."""

    strength: Map
    cos: Map
    sin: Map

    @classmethod
    def of(cls, lines: Lines) -> _Field:
        """The field of lines whose tangents have no sign."""
        angle = 2 * np.arctan2(lines.tangent_y, lines.tangent_x)
        return cls(lines.strength, np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32))


def _complex(points: Points) -> Complex:
    return points[:, 0] + 1j * points[:, 1]


def _inliers(z: Complex, w: Complex, near: float, tries: int, seed: int) -> Bits:
    """Which places follow the similarity, among many drawn from two places each, that most follow."""
    if len(z) < 3:
        return np.ones(len(z), bool)
    pairs = np.random.default_rng(seed).integers(0, len(z), (tries, 2))
    first, second = pairs[:, 0], pairs[:, 1]
    gap = z[second] - z[first]
    a = np.where(np.abs(gap) > 1e-6, (w[second] - w[first]) / np.where(np.abs(gap) > 1e-6, gap, 1), 1)
    sane = (np.abs(a) < 1.4) & (np.abs(a) > 0.7)
    errors = np.abs(a[:, None] * (z - z[first][:, None]) + w[first][:, None] - w)
    votes = np.where(sane, (errors < near).sum(1), -1)
    best = int(votes.argmax())
    return errors[best] < near if votes[best] >= 3 else np.zeros(len(z), bool)


def _moved(stroke: CarriedStroke, z: Complex, w: Complex, own: Bits, reach: float, settings: CarrySettings) -> CarriedStroke:
    """Moving least squares with similarities (Schaefer, McPhail and Warren 2006), for every control point by itself."""
    curve = _complex(stroke.curve)
    gap = np.abs(curve[:, None] - z) / reach
    weights = np.where(own, 1.0, settings.neighbor) * np.exp(-0.5 * gap**2)
    weights += 1e-6 * np.exp(-0.5 * (gap / 6) ** 2)
    total = weights.sum(1)
    if not len(z) or total.min() < 1e-9:
        there = curve + complex(*stroke.drift)
    else:
        mean_z, mean_w = weights @ z / total, weights @ w / total
        spread = (weights * np.abs(z - mean_z[:, None]) ** 2).sum(1) + 1e-2 * total * reach**2  # a point alone does not turn
        turn = (weights * np.conj(z - mean_z[:, None]) * (w - mean_w[:, None])).sum(1) + 1e-2 * total * reach**2
        a = turn / spread
        a = np.where((np.abs(a) < settings.growth) & (np.abs(a) > 1 / settings.growth), a, 1)
        there = mean_w + a * (curve - mean_z)
    step = (there - curve).mean()
    return replace(stroke, curve=np.stack([there.real, there.imag], 1), drift=(float(step.real), float(step.imag)))


def _dense(curve: Points, per_segment: int = 16) -> tuple[Points, Values]:
    """Points [M, 2] along a poly-Bézier and their parameters 0 … S."""
    segments = (len(curve) - 1) // 3
    t = np.linspace(0, 1, per_segment, endpoint=False)[:, None]
    s = 1 - t
    pieces = [
        s**3 * curve[3 * i] + 3 * s * s * t * curve[3 * i + 1] + 3 * s * t * t * curve[3 * i + 2] + t**3 * curve[3 * i + 3]
        for i in range(segments)
    ]
    return np.concatenate([*pieces, curve[-1:]]), np.linspace(0, segments, per_segment * segments + 1)


def _even(curve: Points, count: int) -> Points:
    """`count` points of a poly-Bézier, evenly spaced along it."""
    dense, _parameters = _dense(curve)
    place = _lengths(dense)
    at = np.linspace(0, place[-1], count)
    return np.stack([np.interp(at, place, dense[:, axis]) for axis in (0, 1)], 1)


def _lengths(row: Points) -> Values:
    """The arc length up to each point."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(row, axis=0), axis=1))])


def _with_normals(row: Points) -> tuple[Points, Points]:
    tangent = np.gradient(row, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    return row, np.stack([-tangent[:, 1], tangent[:, 0]], 1)


def _read(values: Map, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
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


def _put_on_lines(
    curves: Sequence[Points], closed: Sequence[bool], field: _Field, reach: float, smooth: float, settings: CarrySettings
) -> list[Points]:
    """The curves bent gently towards the lines beside them."""
    if not curves:
        return []
    rows = [_even(curve, max(4, round(length_of(curve) / 2))) for curve in curves]
    pairs = [_with_normals(row) for row in rows]
    offsets, weights = _pull(
        np.concatenate([row for row, _ in pairs]), np.concatenate([normal for _, normal in pairs]), field, reach, settings
    )
    cuts = np.cumsum([len(row) for row in rows])[:-1]
    pulls = zip(curves, closed, pairs, np.split(offsets, cuts), np.split(weights, cuts), strict=True)
    return [_bent(curve, ring, normal, offset, weight, smooth) for curve, ring, (_row, normal), offset, weight in pulls]


def _pull(at: Points, normal: Points, field: _Field, reach: float, settings: CarrySettings) -> tuple[Values, Values]:
    """How far to the side the line of each place [M] lies, and how clearly it is one."""
    steps = np.linspace(-reach, reach, int(4 * reach) + 1)
    across = at[:, None] + steps[:, None] * normal[:, None]
    value = (
        _read(field.strength, across)
        * _agreement(across, normal, field, settings.turned)
        * np.exp(-0.5 * (steps / (0.6 * reach)) ** 2)
    )
    best = value.argmax(1)
    height = np.take_along_axis(value, best[:, None], 1)[:, 0].astype(np.float64)
    return steps[best], np.where(height > settings.ridge, np.sqrt(height), 0.0)


def _agreement(at: npt.NDArray[np.float64], normal: Points, field: _Field, least: float) -> npt.NDArray[np.float64]:
    """0 … 1 [M, K]: how far the field at points [M, K, 2] runs across the normals [M, 2]."""
    doubled = 2 * np.arctan2(-normal[:, 0], normal[:, 1])[:, None]
    cosine = _read(field.cos, at) * np.cos(doubled) + _read(field.sin, at) * np.sin(doubled)
    along = np.sqrt(np.clip((1 + cosine) / 2, 0, 1))
    return np.clip((along - least) / (1 - least), 0, 1)


def _bent(curve: Points, ring: bool, normal: Points, offset: Values, weight: Values, smooth: float) -> Points:
    """A curve whose control points follow the pull along it, smoothed over `smooth` px."""
    if not weight.any():
        return curve
    steady = weight + 0.02 * weight.max()  # where there is no line the stroke stays, softly
    pull = _blurred(weight[:, None] * offset[:, None] * normal, smooth / 2, ring) / _blurred(steady[:, None], smooth / 2, ring)
    if ring:
        pull[0] = pull[-1] = (pull[0] + pull[-1]) / 2
    dense, parameters = _dense(curve)
    place = _lengths(dense)
    share = np.interp(np.arange(len(curve)) / 3, parameters, place / max(place[-1], 1e-9)) * (len(pull) - 1)
    return curve + np.stack([np.interp(share, np.arange(len(pull)), pull[:, axis]) for axis in (0, 1)], 1)


def _blurred(values: npt.NDArray[np.float64], sigma: float, ring: bool) -> npt.NDArray[np.float64]:
    """A Gaussian along rows of values [M, C]."""
    reach = max(1, min(int(3 * sigma), len(values) - 1))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    longer = np.pad(values, ((reach, reach), (0, 0)), mode="wrap" if ring else "edge")
    return np.stack([np.convolve(longer[:, i], weights, mode="valid") for i in range(values.shape[1])], 1)


def _judged(stroke: CarriedStroke, curve: Points, field: _Field, canvas: Canvas, settings: CarrySettings) -> CarriedStroke:
    """The stroke on its line, and whether it is seen; one that is not stays where its motion took it."""
    count = len(stroke.look)
    at, normal = _with_normals(_even(curve, count))
    _offset, weight = _pull(at, normal, field, settings.beside, settings)
    height, width = field.strength.shape
    inside = ((at >= 0) & (at < (width, height))).all(1)
    now = _look_along(curve, count, canvas, settings)
    alike = np.linalg.norm(now - stroke.look, axis=2).min(1) < settings.unlike
    held = (weight > 0) & inside & alike
    if held.mean() < stroke.support * (settings.again if stroke.unseen else settings.seen):
        return replace(stroke, unseen=stroke.unseen + 1)
    learned = np.where(held[:, None, None], settings.remember * (now - stroke.look), 0)
    return replace(stroke, curve=canvas.to_source(curve), look=(stroke.look + learned).astype(np.float32), unseen=0)
