"""Strokes carried to the next frame: each moves as what it lies on moves, and is then put on the nearest line there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from backend.initialize.curve_places import Points, Values, even_places, length_of, with_normals
from backend.initialize.on_lines import LineMap, Map, SnapSettings, agreement, pull, put_on_lines, read_map
from backend.initialize.parts import drawn_before
from backend.initialize.trace import Lines

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
    kin: float = 4.0  # σ of how differently strokes may have moved before and still move together
    jump: float = 10.0  # a change of motion of one stretch alone from one frame to the next that is doubted
    growth: float = 1.2  # most scaling from one frame to the next
    snap: SnapSettings = SnapSettings()
    beside: float = 2.5  # a stroke is on a line that is this near …
    one: float = 3.5  # … and draws what another does that is this near …
    left: float = 0.2  # … which takes its place where less than this share is left to it
    look: float = 5.0  # how far to either side its surroundings' colors are remembered
    unlike: float = 22.0  # ΔE at which a side does not look the same any more
    seen: float = 0.5  # share of a stroke's places on their line for it to be seen …
    again: float = 0.6  # … and to be seen again
    lineless: float = 0.4  # a stroke with less of it on lines from its beginning (a face's) is known by its surroundings only
    remember: float = 0.15  # share of the new look in what is remembered
    astray: float = 12.0  # how far a stroke that is not seen is looked for …
    longer: int = 8  # … a quarter farther for each frame that it was not, up to so many …
    tried: int = 13  # … at so many places in a row


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
    shown: Bits | None = None  # [M] the places whose surroundings look as they should; None: all
    steps: Points | None = None  # [M, 2] how far each place moved since the last frame, source px; None: as `drift`
    held: Bits | None = None  # [M] the places that are on their line, and look as they should; None: all
    waiting: bool = False  # it made room for something else: it goes along, but is not seen


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
    places = [even_places(stroke.curve, len(stroke.look)) for stroke in strokes]
    owner = np.repeat(np.arange(len(strokes)), [len(rows) for rows in places])
    start = np.concatenate(places)
    end, followed = flow.follow(start)
    followed &= np.concatenate([_trusted(stroke) for stroke in strokes])
    z, w = _complex(start), _complex(end)
    agree, stretch = np.zeros(len(z), bool), np.zeros(len(z), np.int64)
    for i in range(len(strokes)):
        mine = np.flatnonzero((owner == i) & followed)
        for part in np.array_split(mine, max(1, round(len(mine) / settings.stretch))):
            agree[part] = _inliers(z[part], w[part], settings.inlier / scale, settings.tries, seed + i)
            stretch[part] = stretch.max() + 1
    drifts = np.array([stroke.drift for stroke in strokes])
    agree &= ~_caught(z, w, stretch, agree, np.concatenate([_steps(stroke) for stroke in strokes]), scale, settings)
    z, w, owner = z[agree], w[agree], owner[agree]
    return [
        _moved(stroke, z, w, owner == i, _kinship(drifts[owner] - drifts[i], scale, settings), settings.stiff / scale, settings)
        for i, stroke in enumerate(strokes)
    ]


def snapped(strokes: Sequence[CarriedStroke], canvas: Canvas, settings: CarrySettings) -> list[CarriedStroke]:
    """The strokes put on the lines that run beside them, and which of them are seen there."""
    field = LineMap.of(canvas.lines)
    curves = [canvas.of_source(stroke.curve) for stroke in strokes]
    closed = [stroke.closed for stroke in strokes]
    for reach, smooth in settings.snap.rounds:
        curves = put_on_lines(curves, closed, field, reach, smooth, settings.snap)
    judged = [
        replace(stroke, unseen=stroke.unseen + 1) if stroke.waiting else _judged(stroke, curve, field, canvas, settings)
        for stroke, curve in zip(strokes, curves, strict=True)
    ]
    lost = [bool(stroke.unseen and not stroke.waiting) for stroke in judged]
    found = [_found_again(one, field, canvas, settings) if away else one for one, away in zip(judged, lost, strict=True)]
    return _once(found, strokes, canvas, settings)


def begun(
    ids: Sequence[int], curves: Sequence[Points], closed: Sequence[bool], canvas: Canvas, settings: CarrySettings
) -> list[CarriedStroke]:
    """New strokes, their curves in canvas px, as they are to be known in the frames to come."""
    field, strokes = LineMap.of(canvas.lines), list[CarriedStroke]()
    counts = [
        int(np.clip(round(length_of(curve) / settings.samples), settings.least_samples, settings.most_samples))
        for curve in curves
    ]
    twice = drawn_before(curves, counts, settings.one)
    for name, curve, ring, count, taken in zip(ids, curves, closed, counts, twice, strict=True):
        look = look_along(curve, count, canvas, settings)
        at, normal = with_normals(even_places(curve, count))
        held = pull(at, normal, field, settings.beside, settings.snap)[1] > 0
        support = float(held.mean())
        if support > settings.lineless:
            held &= ~taken
            support = max(float(held.mean()), np.nextafter(settings.lineless, 1))
        else:
            held = ~taken
        strokes.append(CarriedStroke(name, canvas.to_source(curve), ring, look, support=support, held=held))
    return strokes


def _once(
    found: Sequence[CarriedStroke], before: Sequence[CarriedStroke], canvas: Canvas, settings: CarrySettings
) -> list[CarriedStroke]:
    """The strokes without what one before them draws already; one of which too little is left is not seen.

    before: the strokes where their motion took them.
    """
    seen, once = [i for i, stroke in enumerate(found) if not stroke.unseen], list(found)
    curves = [canvas.of_source(found[i].curve) for i in seen]
    for i, taken in zip(seen, drawn_before(curves, [len(found[i].look) for i in seen], settings.one), strict=True):
        kept = found[i].held
        left = ~taken if kept is None else kept & ~taken
        if taken.any() and left.mean() < settings.left * found[i].support:
            once[i] = replace(before[i], shown=found[i].shown, held=left, unseen=before[i].unseen + 1)
        else:
            once[i] = replace(found[i], held=left)
    return once


def look_along(curve: Points, count: int, canvas: Canvas, settings: CarrySettings) -> Look:
    """The colors to both sides of `count` places of a curve, canvas px."""
    at, normal = with_normals(even_places(curve, count))
    sides = np.stack([at - settings.look * normal, at + settings.look * normal], 1)
    return read_map(canvas.lab, sides)


def _trusted(stroke: CarriedStroke) -> Bits:
    """The places [M] of a stroke that say how it moves: those that are hidden would move as what hides them."""
    if stroke.unseen:
        return np.zeros(len(stroke.look), bool)
    return np.ones(len(stroke.look), bool) if stroke.shown is None else stroke.shown


def _steps(stroke: CarriedStroke) -> Points:
    """How far each place [M, 2] moved before."""
    return np.tile(stroke.drift, (len(stroke.look), 1)) if stroke.steps is None else stroke.steps


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


def _kinship(apart: Points, scale: float, settings: CarrySettings) -> Values:
    """1 for places [M] of strokes that moved as this one did before; next to nothing for those that stayed when it went."""
    return np.maximum(np.exp(-0.5 * (apart**2).sum(1) * (scale / settings.kin) ** 2), 1e-7)


def _caught(
    z: Complex, w: Complex, part: npt.NDArray[np.int64], agree: Bits, drift: Points, scale: float, settings: CarrySettings
) -> Bits:
    """The places [M] whose part of a stroke suddenly moves neither as before nor as what moved like it.

    If something near it goes on moving otherwise, it is caught by that, which hides it.
    part: [M] 0 … P − 1; drift: [M, 2] how each place moved before.
    """
    count = np.bincount(part[agree], minlength=part.max() + 1)
    rows = np.column_stack([z.real, z.imag, (w - z).real, (w - z).imag, drift])[agree]
    means = np.stack([np.bincount(part[agree], row, len(count)) for row in rows.T], 1) / np.maximum(count, 1)[:, None]
    at, step, before = means[:, :2], means[:, 2:4], means[:, 4:]
    gaps = np.linalg.norm(at - at[:, None], axis=2) * scale
    kin = np.stack([_kinship(before - one, scale, settings) for one in before]) * count * (1 - np.eye(len(count)))
    kin *= np.exp(-0.5 * (gaps / (6 * settings.stiff)) ** 2)
    expected = (kin @ step) / np.maximum(kin.sum(1, keepdims=True), 1e-9)
    changes = (np.linalg.norm(step - other, axis=1) * scale for other in (before, expected))
    alone = (kin.sum(1) > 1) & np.logical_and(*(change > settings.jump for change in changes))
    steady = (np.linalg.norm(step - before, axis=1) * scale < 3 * settings.inlier) & (count > 0)
    other = np.linalg.norm(before - before[:, None], axis=2) * scale > settings.jump  # [i, j]: j moved otherwise than i
    nearer = np.linalg.norm(step - step[:, None], axis=2) < np.linalg.norm(step - expected[:, None], axis=2)
    return (alone & (steady & other & nearer & (gaps < 6 * settings.stiff)).any(1))[part]


def _moved(
    stroke: CarriedStroke, z: Complex, w: Complex, own: Bits, kin: Values, reach: float, settings: CarrySettings
) -> CarriedStroke:
    """Moving least squares with similarities (Schaefer, McPhail and Warren 2006), for every control point by itself."""
    curve = _complex(stroke.curve)
    gap = np.abs(curve[:, None] - z) / reach
    weights = np.where(own, 1.0, settings.neighbor * kin) * np.exp(-0.5 * gap**2)
    weights += 1e-6 * kin * np.exp(-0.5 * (gap / 6) ** 2)
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
    moved_there, count = np.stack([there.real, there.imag], 1), len(stroke.look)
    steps = even_places(moved_there, count) - even_places(stroke.curve, count)
    return replace(stroke, curve=moved_there, drift=(float(step.real), float(step.imag)), steps=steps)


def _judged(
    stroke: CarriedStroke, curve: Points, field: LineMap, canvas: Canvas, settings: CarrySettings, sides: bool = False
) -> CarriedStroke:
    """The stroke on its line, and whether it is seen; one that is not stays where its motion took it.

    sides: both must look as they did.
    """
    count = len(stroke.look)
    at, normal = with_normals(even_places(curve, count))
    _offset, weight = pull(at, normal, field, settings.beside, settings.snap)
    height, width = field.strength.shape
    inside = ((at >= 0) & (at < (width, height))).all(1)
    now = look_along(curve, count, canvas, settings)
    change = np.linalg.norm(now - stroke.look, axis=2)
    on_line = stroke.support > settings.lineless
    alike = (change.min(1) if on_line and not sides else change.max(1)) < settings.unlike
    shown = inside & alike
    held = ((weight > 0) | (not on_line)) & shown
    if held.mean() < (stroke.support if on_line else 1.0) * (settings.again if stroke.unseen else settings.seen):
        return replace(stroke, shown=shown, held=held, unseen=stroke.unseen + 1)
    learned = np.where(held[:, None, None], settings.remember * (now - stroke.look), 0)
    look = (stroke.look + learned).astype(np.float32)
    there = canvas.to_source(curve) if on_line else stroke.curve
    return replace(stroke, curve=there, look=look, shown=shown, held=held, unseen=0)


def _found_again(stroke: CarriedStroke, field: LineMap, canvas: Canvas, settings: CarrySettings) -> CarriedStroke:
    """A stroke that is not seen where its motion took it, on the line near there that looks most like its own."""
    curve, count = canvas.of_source(stroke.curve), len(stroke.look)
    at, normal = with_normals(even_places(curve, count))
    astray = settings.astray * (1 + min(stroke.unseen - 1, settings.longer) / 4)
    reach = astray * np.linspace(-1, 1, settings.tried)
    shifts = np.stack(np.meshgrid(reach, reach), 2).reshape(-1, 2)
    places = at[:, None] + shifts  # [M, K, 2]
    sides = np.stack([places - settings.look * normal[:, None], places + settings.look * normal[:, None]], 2)
    unlike = np.linalg.norm(read_map(canvas.lab, sides) - stroke.look[:, None], axis=3).max(2)
    line = read_map(field.strength, places) * agreement(places, normal, field, settings.snap.turned)
    worth = np.sqrt(line) * np.exp(-0.5 * (unlike / settings.unlike) ** 2)
    near = np.exp(-0.5 * ((shifts**2).sum(1) / astray**2))
    best = int((worth.mean(0) * near).argmax())
    there = curve + shifts[best]
    for nearby, smooth in settings.snap.rounds[2:]:
        [there] = put_on_lines([there], [stroke.closed], field, nearby, smooth, settings.snap)
    found = _judged(stroke, there, field, canvas, settings, sides=True)
    return stroke if found.unseen else found
