"""The outline of a stroke of changing width: closed poly-Béziers whose nonzero filling is the stroke.

The outline is the middle line moved by half the width to either side, with round joins and caps. It may cross itself where
the stroke turns tighter than half its width: with arcs on both sides of a corner the winding number counts the stretches of
the middle line that reach a point, so that filling needs no clipping. Where the width changes as fast as the line runs, that
does not hold: what is left open there is closed by circles.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Ring = Points  # [3R+1, 2] control points of a closed poly-Bézier, the last one is the first
_Side = list[tuple[float, Points]]  # pieces: the place in segments where each begins, and its cubic [4, 2]

SAMPLES = 17  # places where a piece is compared with what it stands for
PROBES = 12  # places of a segment where its stroke is searched for holes
FINEST = 2.0**-7  # of a stroke's segments: shorter pieces are taken as they are
TOLERANCE = 0.01  # of the stroke's greatest width
PROFILE_TOLERANCE = 0.02  # likewise
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


def varies(widths: Sequence[float]) -> bool:
    """Whether a stroke of these knots needs an outline: its width changes by more than 2 %."""
    return len(widths) > 1 and max(widths) > 0 and max(widths) - min(widths) > 0.02 * max(widths)


def profile(widths: Sequence[float], segments: int) -> tuple[tuple[float, float], ...]:
    """The fewest (place, full width) that tell the widths within PROFILE_TOLERANCE; place 0 … segments, straight between.

    widths: at knots evenly spaced in the parameter.
    """
    values = np.maximum(np.asarray(widths, np.float64), 0)
    kept, allowed = {0, len(values) - 1}, PROFILE_TOLERANCE * float(values.max())
    stack = [(0, len(values) - 1)]
    while stack:
        a, b = stack.pop()
        off = np.abs(values[a : b + 1] - np.linspace(values[a], values[b], b - a + 1))
        if off.max() > allowed:
            middle = a + int(off.argmax())
            kept.add(middle)
            stack += [(a, middle), (middle, b)]
    return tuple((k * segments / (len(values) - 1), float(values[k])) for k in sorted(kept))


def outlines(lines: Sequence[Line]) -> list[tuple[Ring, ...]]:
    """One ring for each line, two for a closed one, and circles where those would leave holes.

    A line without length has none.
    """
    long = [i for i, line in enumerate(lines) if line.extent > 0]
    traced = _Lines([lines[i] for i in long])
    joints = _Joints(traced)
    pieces, caps, doubtful = _sides(traced, joints), _caps(traced), _doubtful(traced)
    rings: list[tuple[Ring, ...]] = [()] * len(lines)
    for row, i in enumerate(long):
        along, back = (_joined(traced, joints, row, side, lines[i].closed) for side in pieces[row])
        back = [cubic[::-1] for cubic in reversed(back)]
        start, end = caps[row]
        sides = (_chained(along), _chained(back)) if lines[i].closed else (_chained([*along, *end, *back, *start]),)
        rings[i] = (*sides, *_circles(traced, row, sides, doubtful[row]))
    return rings


class _Lines:
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


@dataclass(frozen=True)
class _Pieces:
    """Stretches of the sides of many lines."""

    row: npt.NDArray[np.int64]  # [P]
    side: Points  # [P] +1: where the tangent turned by 90° (x to y) points; -1
    start: Points  # [P] place in segments
    end: Points  # [P]

    def select(self, index: npt.NDArray[np.bool_]) -> _Pieces:
        return _Pieces(self.row[index], self.side[index], self.start[index], self.end[index])


def _sides(lines: _Lines, joints: _Joints) -> list[tuple[_Side, _Side]]:
    """The left (+1) and the right side of each line, their pieces in any order."""
    found: list[tuple[_Side, _Side]] = [([], []) for _ in lines.segments]
    pieces = _runs(lines, joints)
    while len(pieces.row):
        cubics, fits = _fitted(lines, pieces)
        kept = pieces.select(fits)
        for row, side, start, cubic in zip(kept.row, kept.side, kept.start, cubics[fits], strict=True):
            found[row][0 if side > 0 else 1].append((float(start), cubic))
        pieces = _halved(pieces.select(~fits))
    return found


def _runs(lines: _Lines, joints: _Joints) -> _Pieces:
    """Both sides of each line, cut at its corners."""
    rows: list[int] = []
    start: list[float] = []
    end: list[float] = []
    for i, segments in enumerate(lines.segments):
        bounds = [0.0, *joints.corners[i], float(segments)]
        rows += [i] * (len(bounds) - 1)
        start += bounds[:-1]
        end += bounds[1:]
    sides = np.repeat([1.0, -1.0], len(rows))
    return _Pieces(np.array(rows + rows, np.int64), sides, np.array(start + start), np.array(end + end))


class _Joints:
    """What happens where two segments of a line meet; the seam of a line is its joint 0."""

    def __init__(self, lines: _Lines) -> None:
        row = np.repeat(np.arange(len(lines.segments)), lines.segments)
        joint = np.arange(len(row)) - np.repeat(np.cumsum(lines.segments) - lines.segments, lines.segments)
        ending = np.where(joint == 0, lines.segments[row], joint).astype(np.float64)
        _, one, half, _ = lines.at(row, ending, np.ones(len(row), np.bool_))
        _, other, _, _ = lines.at(row, joint.astype(np.float64), np.zeros(len(row), np.bool_))
        turn = np.arctan2(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0], (one * other).sum(1))
        self.corners: list[list[float]] = [[] for _ in lines.segments]  # inner joints where the sides break
        self.turns: list[list[float]] = [[] for _ in lines.segments]  # by which angle a line turns at each joint, -π … π
        broken = (np.abs(turn) * half > lines.tolerance[row] / 2) & (joint > 0)
        for i, k, angle, is_corner in zip(row.tolist(), joint.tolist(), turn.tolist(), broken.tolist(), strict=True):
            self.turns[i].append(angle)
            if is_corner:
                self.corners[i].append(float(k))


def _halved(pieces: _Pieces) -> _Pieces:
    """Each piece as two, cut at the joint of segments near its middle, if there is one."""
    middle, length = (pieces.start + pieces.end) / 2, pieces.end - pieces.start
    joint = np.round(middle)
    cut = np.where(np.abs(joint - middle) < 0.25 * length, joint, middle)
    return _Pieces(
        np.concatenate([pieces.row, pieces.row]),
        np.concatenate([pieces.side, pieces.side]),
        np.concatenate([pieces.start, cut]),
        np.concatenate([cut, pieces.end]),
    )


def _fitted(lines: _Lines, pieces: _Pieces) -> tuple[Points, npt.NDArray[np.bool_]]:
    """A cubic [P, 4, 2] for each piece, and whether it may stay."""
    count, share = len(pieces.row), np.linspace(0, 1, SAMPLES)
    place = pieces.start[:, None] + (pieces.end - pieces.start)[:, None] * share
    before = np.broadcast_to(share == 1, place.shape).ravel()
    middle, tangent, half, rates = lines.at(np.repeat(pieces.row, SAMPLES), place.ravel(), before)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1) * np.repeat(pieces.side, SAMPLES)[:, None]
    side = (middle + half[:, None] * normal).reshape(count, SAMPLES, 2)
    along = rates[:, 0] - np.repeat(pieces.side, SAMPLES) * half * rates[:, 2]
    velocity = (along[:, None] * tangent + rates[:, 1, None] * normal).reshape(count, SAMPLES, 2)
    cubics, error = _least_squares(side, velocity)
    tolerance = lines.tolerance[pieces.row]
    short = (pieces.end - pieces.start <= FINEST) | (np.ptp(side, axis=1).max(1) < tolerance)
    return cubics, (error <= tolerance) | short


def _least_squares(row: Points, velocity: Points) -> tuple[Points, Points]:
    """Cubics [P, 4, 2] along rows of points [P, M, 2] with their end tangents, and how far off they are at most.

    velocity: [P, M, 2], the rows' derivatives, of any scale.
    """
    start, end = _unit(velocity[:, 0], row[:, 1] - row[:, 0]), -_unit(velocity[:, -1], row[:, -1] - row[:, -2])
    steps = np.hypot(*np.moveaxis(np.diff(row, axis=1), -1, 0))
    length = np.maximum(steps.sum(1), 1e-12)
    t = np.concatenate([np.zeros((len(row), 1)), np.cumsum(steps, 1) / length[:, None]], 1)
    for _ in range(3):
        cubics = _handles(row, t, start, end, length)
        t = _nearer(cubics, row, t)
    return cubics, np.sqrt(((_evaluate(cubics, t) - row) ** 2).sum(-1).max(1))


def _unit(vector: Points, otherwise: Points) -> Points:
    chosen = np.where((np.hypot(vector[:, 0], vector[:, 1]) > 1e-9)[:, None], vector, otherwise)
    return chosen / np.maximum(np.hypot(chosen[:, 0], chosen[:, 1]), 1e-12)[:, None]


def _weights(t: Points) -> Points:
    s = 1 - t
    return np.stack([s**3, 3 * s * s * t, 3 * s * t * t, t**3], -1)


def _evaluate(cubics: Points, t: Points) -> Points:
    points: Points = _weights(t) @ cubics
    return points


def _handles(row: Points, t: Points, start: Points, end: Points, length: Points) -> Points:
    """The cubics with the rows' ends and given end tangents that are nearest to the rows at parameters t [P, M]."""
    w = _weights(t)
    rest = row - (w[..., :2].sum(-1)[..., None] * row[:, :1] + w[..., 2:].sum(-1)[..., None] * row[:, -1:])
    aa, bb = (w[..., 1] ** 2).sum(1), (w[..., 2] ** 2).sum(1)
    ab = (w[..., 1] * w[..., 2]).sum(1) * (start * end).sum(1)
    ra = ((rest * start[:, None]).sum(-1) * w[..., 1]).sum(1)
    rb = ((rest * end[:, None]).sum(-1) * w[..., 2]).sum(1)
    determinant = aa * bb - ab * ab
    regular = np.abs(determinant) > 1e-9
    divisor = np.where(regular, determinant, 1)
    alpha, beta = (ra * bb - rb * ab) / divisor, (rb * aa - ra * ab) / divisor
    good = regular & (alpha > 0) & (beta > 0) & (alpha < length) & (beta < length)
    alpha, beta = np.where(good, alpha, length / 3), np.where(good, beta, length / 3)
    first, last = row[:, 0], row[:, -1]
    return np.stack([first, first + alpha[:, None] * start, last + beta[:, None] * end, last], 1)


def _nearer(cubics: Points, row: Points, t: Points) -> Points:
    """One Newton step of each parameter towards its point's nearest place on the cubic."""
    d1 = 3 * np.diff(cubics, axis=1)
    d2 = 2 * np.diff(d1, axis=1)
    s = 1 - t
    off = _evaluate(cubics, t) - row
    v = np.stack([s * s, 2 * s * t, t * t], -1) @ d1
    a = np.stack([s, t], -1) @ d2
    slope = (v * v).sum(-1) + (off * a).sum(-1)
    fit = slope > 1e-9
    step = np.where(fit, (off * v).sum(-1) / np.where(fit, slope, 1), 0)
    moved: Points = np.clip(t - step.clip(-0.25, 0.25), 0, 1)
    return moved


def _joined(lines: _Lines, joints: _Joints, i: int, side: _Side, closed: bool) -> list[Points]:
    """The pieces (place where it begins, cubic) of one side, in order, with the arcs between them where they do not meet."""
    joined: list[Points] = []
    side = sorted(side, key=lambda piece: piece[0])
    following = [*side[1:], *(side[:1] if closed else [])]
    for (_, cubic), after in itertools.zip_longest(side, following):
        joined.append(cubic)
        if after is not None and float(np.abs(after[1][0] - cubic[3]).max()) > lines.tolerance[i] / 4:
            joint = int(after[0])
            joined += _arc(lines.points[i, 3 * joint], cubic[3], joints.turns[i][joint])
    return joined


def _caps(lines: _Lines) -> list[tuple[list[Points], list[Points]]]:
    """For each line the half circles around its start, from the right side to the left, and around its end, back again."""
    count = len(lines.segments)
    row, at_end = np.tile(np.arange(count), 2), np.repeat([False, True], count)
    middle, tangent, half, _ = lines.at(row, np.where(at_end, lines.segments[row], 0).astype(np.float64), at_end)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1) * np.where(at_end, 1, -1)[:, None]
    caps = [
        _arc(middle[k], middle[k] + half[k] * normal[k], -math.pi) if half[k] > lines.tolerance[row[k]] / 4 else []
        for k in range(2 * count)
    ]
    return list(zip(caps[:count], caps[count:], strict=True))


def _arc(center: Points, start: Points, angle: float) -> list[Points]:
    """A circle's arc from `start` by `angle` (x towards y) in cubics of at most 90°."""
    count = max(1, math.ceil(abs(angle) / (math.pi / 2) - 1e-6))
    step = angle / count
    reach = 4 / 3 * math.tan(step / 4)
    arc, spoke = [], start - center
    for _ in range(count):
        turned = math.cos(step) * spoke + math.sin(step) * _quarter(spoke)
        handles = spoke + reach * _quarter(spoke), turned - reach * _quarter(turned)
        arc.append(center + np.stack([spoke, *handles, turned]))
        spoke = turned
    return arc


def _quarter(vector: Points) -> Points:
    return np.array([-vector[1], vector[0]])


def _chained(cubics: list[Points]) -> Ring:
    """Cubics, each beginning where the one before ends, as one closed row of control points."""
    ring = np.concatenate([cubics[0][:1], *(cubic[1:] for cubic in cubics)])
    ring[-1] = ring[0]
    return ring


def _doubtful(lines: _Lines) -> list[Points]:
    """For each line the places in segments where a side turns back, or where the width changes faster than the line runs."""
    counts = lines.segments * PROBES + 1
    row = np.repeat(np.arange(len(counts)), counts)
    place = (np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)) / PROBES
    _, _, half, rates = lines.at(row, place, np.zeros(len(row), np.bool_))
    speed, growth, turn = rates.T
    wild = (half > lines.tolerance[row]) & ((np.abs(turn) * half > speed) | (np.abs(growth) > speed))
    return np.split(np.where(wild, place, np.nan), np.cumsum(counts)[:-1]) if len(counts) else []


def _circles(lines: _Lines, i: int, rings: tuple[Ring, ...], places: Points) -> list[Ring]:
    """Circles of the stroke's width at some of the places, so that none of its points there stays outside of the rings."""
    places = places[~np.isnan(places)]
    if not len(places):
        return []
    middle, tangent, half, _ = lines.at(np.full(len(places), i), places, np.zeros(len(places), np.bool_))
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    spokes = [share * direction for direction in (normal, tangent) for share in (-0.9, -0.5, 0.5, 0.9)]
    inside = np.stack([middle, *(middle + half[:, None] * spoke for spoke in spokes)], 1)
    open_ = _winding(inside.reshape(-1, 2), rings).reshape(inside.shape[:2]) == 0
    circles = []
    while open_.any():
        k = int(open_.sum(1).argmax())
        spoke = middle[k] + half[k] * normal[k]
        circles.append(_chained(_arc(middle[k], spoke, -2 * math.pi)))
        open_ &= np.hypot(*np.moveaxis(inside - middle[k], -1, 0)) > half[k]
    return circles


def _winding(points: Points, rings: tuple[Ring, ...]) -> npt.NDArray[np.int64]:
    """How often rings go round each of the points [P, 2]."""
    t = _weights(np.arange(8) / 8)
    start = np.concatenate([(t @ _cubics(ring)).reshape(-1, 2) for ring in rings])
    end = np.concatenate([np.roll((t @ _cubics(ring)).reshape(-1, 2), -1, 0) for ring in rings])
    x, y = points[:, :1], points[:, 1:]
    (ax, ay), (bx, by) = start.T, end.T
    side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
    return ((ay <= y) & (by > y) & (side > 0)).sum(1) - ((ay > y) & (by <= y) & (side < 0)).sum(1)


def _cubics(ring: Ring) -> Points:
    return np.stack([ring[k : len(ring) - 3 + k : 3] for k in range(4)], 1)
