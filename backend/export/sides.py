"""The two sides of strokes as few cubics: middle lines moved by half their width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.export.lines import Lines, Points

Side = list[tuple[float, Points]]  # pieces: the place in segments where each begins, and its cubic [4, 2]

SAMPLES = 17  # places where a piece is compared with what it stands for
FINEST = 2.0**-7  # of a stroke's segments: shorter pieces are taken as they are


@dataclass(frozen=True)
class _Pieces:
    """Stretches of the sides of many lines."""

    row: npt.NDArray[np.int64]  # [P]
    side: Points  # [P] +1: where the tangent turned by 90° (x to y) points; -1
    start: Points  # [P] place in segments
    end: Points  # [P]

    def select(self, index: npt.NDArray[np.bool_]) -> _Pieces:
        return _Pieces(self.row[index], self.side[index], self.start[index], self.end[index])


def sides(lines: Lines, joints: Joints) -> list[tuple[Side, Side]]:
    """The left (+1) and the right side of each line, their pieces in any order."""
    found: list[tuple[Side, Side]] = [([], []) for _ in lines.segments]
    pieces = _runs(lines, joints)
    while len(pieces.row):
        cubics, fits = _fitted(lines, pieces)
        kept = pieces.select(fits)
        for row, side, start, cubic in zip(kept.row, kept.side, kept.start, cubics[fits], strict=True):
            found[row][0 if side > 0 else 1].append((float(start), cubic))
        pieces = _halved(pieces.select(~fits))
    return found


def _runs(lines: Lines, joints: Joints) -> _Pieces:
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


class Joints:
    """What happens where two segments of a line meet; the seam of a line is its joint 0."""

    def __init__(self, lines: Lines) -> None:
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


def _fitted(lines: Lines, pieces: _Pieces) -> tuple[Points, npt.NDArray[np.bool_]]:
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


def weights(t: Points) -> Points:
    s = 1 - t
    return np.stack([s**3, 3 * s * s * t, 3 * s * t * t, t**3], -1)


def _evaluate(cubics: Points, t: Points) -> Points:
    points: Points = weights(t) @ cubics
    return points


def _handles(row: Points, t: Points, start: Points, end: Points, length: Points) -> Points:
    """The cubics with the rows' ends and given end tangents that are nearest to the rows at parameters t [P, M]."""
    w = weights(t)
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
