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

import numpy as np
import numpy.typing as npt

from backend.export.lines import Line, Lines, Points
from backend.export.sides import Joints, Side, sides, weights

Ring = Points  # [3R+1, 2] control points of a closed poly-Bézier, the last one is the first

PROBES = 12  # places of a segment where its stroke is searched for holes
LEAST_CHANGE = 0.05  # of a stroke's greatest width
PROFILE_TOLERANCE = 0.02  # likewise
PLACES = 8  # of a segment where a profile may have knots


def varies(widths: Sequence[float]) -> bool:
    """Whether a stroke of these knots needs an outline: one width is not enough to tell them."""
    return len(widths) > 1 and max(widths) > 0 and max(widths) - min(widths) > LEAST_CHANGE * max(widths)


def profile(widths: Sequence[float], segments: int) -> tuple[tuple[float, float], ...]:
    """A few (place, full width) that tell the widths about within PROFILE_TOLERANCE; place 0 … segments, straight between.

    widths: at knots evenly spaced in the parameter. Every joint of segments has a knot: over joints without one, Inkscape's
    PowerStroke gives up on one line in a thousand.
    """
    values, shares = np.maximum(np.asarray(widths, np.float64), 0), np.linspace(0, 1, len(widths))
    kept, allowed = {0, len(values) - 1}, PROFILE_TOLERANCE * float(values.max())
    stack = [(0, len(values) - 1)]
    while stack:
        a, b = stack.pop()
        off = np.abs(values[a : b + 1] - np.linspace(values[a], values[b], b - a + 1))
        if off.max() > allowed:
            middle = a + int(off.argmax())
            kept.add(middle)
            stack += [(a, middle), (middle, b)]
    places = {*map(float, range(segments + 1)), *(round(k * segments / (len(values) - 1) * PLACES) / PLACES for k in kept)}
    return tuple((place, float(np.interp(place / segments, shares, values))) for place in sorted(places))


def outlines(lines: Sequence[Line]) -> list[tuple[Ring, ...]]:
    """One ring for each line, two for a closed one, and circles where those would leave holes.

    A line without length has none.
    """
    long = [i for i, line in enumerate(lines) if line.extent > 0]
    traced = Lines([lines[i] for i in long])
    joints = Joints(traced)
    pieces, caps, doubtful = sides(traced, joints), _caps(traced), _doubtful(traced)
    rings: list[tuple[Ring, ...]] = [()] * len(lines)
    for row, i in enumerate(long):
        along, back = (_joined(traced, joints, row, side, lines[i].closed) for side in pieces[row])
        back = [cubic[::-1] for cubic in reversed(back)]
        start, end = caps[row]
        edge = (_chained(along), _chained(back)) if lines[i].closed else (_chained([*along, *end, *back, *start]),)
        rings[i] = (*edge, *_circles(traced, row, edge, doubtful[row]))
    return rings


def _joined(lines: Lines, joints: Joints, i: int, side: Side, closed: bool) -> list[Points]:
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


def _caps(lines: Lines) -> list[tuple[list[Points], list[Points]]]:
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


def _doubtful(lines: Lines) -> list[Points]:
    """For each line the places in segments where a side turns back, or where the width changes faster than the line runs."""
    counts = lines.segments * PROBES + 1
    row = np.repeat(np.arange(len(counts)), counts)
    place = (np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)) / PROBES
    _, _, half, rates = lines.at(row, place, np.zeros(len(row), np.bool_))
    speed, growth, turn = rates.T
    wild = (half > lines.tolerance[row]) & ((np.abs(turn) * half > speed) | (np.abs(growth) > speed))
    return np.split(np.where(wild, place, np.nan), np.cumsum(counts)[:-1]) if len(counts) else []


def _circles(lines: Lines, i: int, rings: tuple[Ring, ...], places: Points) -> list[Ring]:
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
    t = weights(np.arange(8) / 8)
    start = np.concatenate([(t @ _cubics(ring)).reshape(-1, 2) for ring in rings])
    end = np.concatenate([np.roll((t @ _cubics(ring)).reshape(-1, 2), -1, 0) for ring in rings])
    x, y = points[:, :1], points[:, 1:]
    (ax, ay), (bx, by) = start.T, end.T
    side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
    return ((ay <= y) & (by > y) & (side > 0)).sum(1) - ((ay > y) & (by <= y) & (side < 0)).sum(1)


def _cubics(ring: Ring) -> Points:
    return np.stack([ring[k : len(ring) - 3 + k : 3] for k in range(4)], 1)
