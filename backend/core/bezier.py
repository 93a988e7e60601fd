"""Cubic Béziers: evaluating, flattening, and least-squares fitting of point rows."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Points = npt.NDArray[np.float64]  # [M, 2]


def bernstein(t: Tensor) -> Tensor:
    """The four cubic Bernstein weights [..., 4] at parameters t in [0, 1]."""
    s = 1 - t
    return torch.stack([s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t], -1)


def segment_points(points: Tensor) -> Tensor:
    """Control points [N, 3S+1, 2] as separate cubics [N, S, 4, 2]."""
    return points.unfold(1, 4, 3).transpose(-1, -2)


def sample(points: Tensor, segments: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """`count` points [N, count, 2] and unit tangents along each poly-Bézier, evenly spaced in the parameter.

    points: [N, 3S+1, 2]; segments: [N].
    """
    u = torch.linspace(0, 1, count, dtype=points.dtype, device=points.device)
    place = u[None] * segments[:, None].to(points.dtype)
    which = torch.minimum(place.floor().long(), segments[:, None] - 1)
    t = place - which
    cubics = segment_points(points).gather(1, which[..., None, None].expand(-1, -1, 4, 2))
    at = (bernstein(t)[..., None] * cubics).sum(2)
    s = 1 - t
    weights = torch.stack([s * s, 2 * s * t, t * t], -1)
    tangent = (weights[..., None] * (cubics[:, :, 1:] - cubics[:, :, :-1])).sum(2)
    return at, tangent / (tangent.square().sum(-1, keepdim=True) + 1e-12).sqrt()


def fit_poly_bezier(points: Points, tolerance: float, corners: tuple[int, ...] = (), smooth_join: bool = False) -> Points:
    """Control points [3S+1, 2] of the poly-Bézier of few segments that stays within `tolerance` px of a row of points [M, 2].

    Tangents are continuous except at the indices `corners`; `smooth_join` makes first and last tangent one (closed rows).
    After Schneider, "An algorithm for automatically fitting digitized curves" (1990); differs: the pieces are split where the
    error is largest but never nearer than four points to an end.
    """
    points = np.asarray(points, np.float64)
    if not len(points):
        raise ValueError("a row needs at least one point")
    distinct = np.concatenate([[True], np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-9])
    points, place = points[distinct], np.cumsum(distinct) - 1
    if len(points) < 2:
        return np.repeat(points[:1], 4, 0)
    bounds = [0, *(c for c in sorted({int(place[c]) for c in corners}) if 0 < c < len(points) - 1), len(points) - 1]
    closing = _tangent(points[1] - points[-2]) if smooth_join else None
    pieces: list[Points] = []
    for a, b in itertools.pairwise(bounds):
        row = points[a : b + 1]
        start = closing if closing is not None and a == 0 else _end_tangent(row)
        end = -closing if closing is not None and b == len(points) - 1 else _end_tangent(row[::-1])
        pieces += _fit_row(row, start, end, tolerance)
    return np.concatenate([pieces[0][:1], *(piece[1:] for piece in pieces)])


def find_corners(row: Points, reach: int, least_turn: float) -> tuple[int, ...]:
    """Indices where a row of points [M, 2] turns by more than `least_turn` radians within `reach` points to either side."""
    if len(row) < 2 * reach + 3:
        return ()
    before, after = row[reach:-reach] - row[: -2 * reach], row[2 * reach :] - row[reach:-reach]
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turn = np.abs(np.arctan2(cross, (before * after).sum(1)))
    corners: list[int] = []
    for i in np.argsort(-turn, kind="stable"):
        if turn[i] < least_turn:
            break
        if all(abs(i + reach - corner) > reach for corner in corners):
            corners.append(int(i) + reach)
    return tuple(sorted(corners))


def smoothed(row: Points, corners: tuple[int, ...], sigma: float, closed: bool = False) -> Points:
    """A row of points [M, 2] without its tremor: a Gaussian of `sigma` points along it that keeps corners and ends.

    Of a closed row (its last point is its first) the seam is smoothed too, unless it is a corner.
    """
    if closed and len(row) > 4 and not {0, len(row) - 1} & set(corners):
        return _smoothed_ring(row, corners, sigma)
    bounds = [0, *(c for c in corners if 0 < c < len(row) - 1), len(row) - 1]
    pieces = [_smoothed_piece(row[a : b + 1], sigma) for a, b in itertools.pairwise(bounds)]
    return np.concatenate([pieces[0][:1], *(piece[1:] for piece in pieces)])


def straightened(row: Points, corners: tuple[int, ...], tolerance: float, least: float) -> Points:
    """A row of points [M, 2] whose pieces between corners are straight where they nearly are.

    A piece at least `least` px long whose points lie within `tolerance` px (and a thirtieth of its length) of a line is
    put on it; where two such pieces
    meet, the corner moves to where their lines cross, if that is near.
    """
    bounds = [0, *(c for c in corners if 0 < c < len(row) - 1), len(row) - 1]
    lines = [_line_along(row[a : b + 1], tolerance, least) for a, b in itertools.pairwise(bounds)]
    if not any(lines):
        return row
    closed = np.array_equal(row[0], row[-1])
    around = [lines[-1] if closed else None, *lines, lines[0] if closed else None]
    ends = [_meeting(row[bound], around[i], around[i + 1], tolerance) for i, bound in enumerate(bounds)]
    moved = row.copy()
    for (a, b), line, start, end in zip(itertools.pairwise(bounds), lines, ends[:-1], ends[1:], strict=True):
        share = np.linspace(0, 1, b - a + 1)[:, None]
        if line is not None:
            moved[a : b + 1] = start + share * (end - start)
        else:
            moved[a : b + 1] += (1 - share) * (start - row[a]) + share * (end - row[b])
    if closed:
        moved[-1] = moved[0]
    return moved


_Line = tuple[Points, Points]  # a point of it, and its unit direction


def _line_along(row: Points, tolerance: float, least: float) -> _Line | None:
    """The line that a row follows, judged without its ends, which a corner may have bent; None if it follows none."""
    trim = min(len(row) // 5, 8)
    core = row[trim : len(row) - trim]
    if len(core) < 4 or np.linalg.norm(row[-1] - row[0]) < least:
        return None
    middle = core.mean(0)
    direction = np.linalg.svd(core - middle, full_matrices=False)[2][0]
    across = np.array([-direction[1], direction[0]])
    tolerance = min(tolerance, 0.03 * float(np.linalg.norm(row[-1] - row[0])))
    if np.abs((core - middle) @ across).max() > tolerance or np.abs((row - middle) @ across).max() > 3 * tolerance:
        return None
    return middle, direction


def _meeting(point: Points, before: _Line | None, after: _Line | None, tolerance: float) -> Points:
    """Where a corner, or an end, near `point` belongs."""
    if before is None and after is None:
        return point
    if before is not None and after is not None:
        turn = before[1][0] * after[1][1] - before[1][1] * after[1][0]
        if abs(turn) > 0.25:
            gap = after[0] - before[0]
            crossing = before[0] + before[1] * ((gap[0] * after[1][1] - gap[1] * after[1][0]) / turn)
            if np.linalg.norm(crossing - point) < 5 * tolerance:
                return crossing
        return (_foot(point, before) + _foot(point, after)) / 2
    line = before if before is not None else after
    assert line is not None
    return _foot(point, line)


def _foot(point: Points, line: _Line) -> Points:
    return line[0] + line[1] * ((point - line[0]) @ line[1])


def _smoothed_ring(row: Points, corners: tuple[int, ...], sigma: float) -> Points:
    """A closed row, cut open at its first corner or far from its seam, smoothed, and closed at its seam again."""
    open_row, count = row[:-1], len(row) - 1
    cut = corners[0] if corners else count // 2
    turned = np.concatenate([open_row[cut:], open_row[: cut + 1]])
    if corners:
        inner = tuple(sorted((c - cut) % count for c in corners[1:]))
        turned = smoothed(turned, inner, sigma)
    else:
        around = np.concatenate([open_row[cut:], open_row, open_row[: cut + 1]])
        turned = _smoothed_piece(around, sigma)[count - cut : count - cut + count + 1]
        return np.concatenate([turned[:-1], turned[:1]])
    back = np.concatenate([turned[count - cut : -1], turned[: count - cut]])
    return np.concatenate([back, back[:1]])


def _smoothed_piece(row: Points, sigma: float) -> Points:
    """A Gaussian along a row whose ends stay: it goes on beyond them by its mirror image through the end."""
    reach = min(int(3 * sigma) + 1, len(row) - 1)
    if reach < 1:
        return row
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    before, after = 2 * row[0] - row[reach:0:-1], 2 * row[-1] - row[-2 : -reach - 2 : -1]
    longer = np.concatenate([before, row, after])
    return np.stack([np.convolve(longer[:, axis], weights, mode="valid") for axis in (0, 1)], 1)


def _tangent(vector: Points) -> Points:
    length = float(np.hypot(*vector))
    return vector / length if length > 1e-12 else np.array([1.0, 0.0])


def _end_tangent(row: Points) -> Points:
    """Unit direction in which the row leaves its first point, over its first few points."""
    reach = min(len(row) - 1, 4)
    return _tangent(row[1 : reach + 1].mean(0) - row[0])


def _fit_row(row: Points, start: Points, end: Points, tolerance: float) -> list[Points]:
    steps = _lengths(np.diff(row, axis=0))
    length, chord = float(steps.sum()), float(np.linalg.norm(row[-1] - row[0]))
    if len(row) == 2 or length < 2 * tolerance:
        return [np.stack([row[0], row[0] + start * chord / 3, row[-1] + end * chord / 3, row[-1]])]
    t = np.concatenate([[0], np.cumsum(steps)])
    t /= t[-1]
    for _ in range(4):
        weights = _weights(t)
        cubic = _least_squares(row, weights, start, end, chord, length)
        off = weights @ cubic - row
        errors = _lengths(off)
        if errors.max() <= tolerance:
            return [cubic]
        t = _reparameterized(cubic, off, t)
    nearest_end = min(4, (len(row) - 1) // 2)
    split = int(np.clip(errors.argmax(), nearest_end, len(row) - 1 - nearest_end))
    reach = min(4, split, len(row) - 1 - split)
    through = _tangent(row[split + reach] - row[split - reach])
    return _fit_row(row[: split + 1], start, -through, tolerance) + _fit_row(row[split:], through, end, tolerance)


def _lengths(vectors: Points) -> Points:
    """[M] of vectors [M, 2]."""
    return np.sqrt((vectors * vectors).sum(1))


def _weights(t: Points) -> Points:
    s = 1 - t
    return np.stack([s**3, 3 * s * s * t, 3 * s * t * t, t**3], -1)


def _least_squares(row: Points, weights: Points, start: Points, end: Points, chord: float, length: float) -> Points:
    """The cubic with given ends and end tangents nearest to a row [M, 2] at places with Bernstein weights [M, 4].

    chord, length: from the row's one end to the other, straight and along it, px.
    """
    first, last = row[0], row[-1]
    to_first, to_last = weights[:, 0] + weights[:, 1], weights[:, 2] + weights[:, 3]
    rest = row - to_first[:, None] * first - to_last[:, None] * last
    a, b = weights[:, 1, None] * start, weights[:, 2, None] * end
    aa, ab, bb, ar, br = (float((one * other).sum()) for one, other in ((a, a), (a, b), (b, b), (a, rest), (b, rest)))
    determinant = aa * bb - ab * ab
    alpha = beta = 0.0
    if abs(determinant) > 1e-9:
        alpha, beta = (bb * ar - ab * br) / determinant, (aa * br - ab * ar) / determinant
    if not (0.05 * chord < alpha < length and 0.05 * chord < beta < length):
        alpha = beta = length / 3
    return np.stack([first, first + alpha * start, last + beta * end, last])


def _reparameterized(cubic: Points, at: Points, t: Points) -> Points:
    """One Newton step of every parameter towards its nearest point on the cubic, kept in order; at: how far off each is."""
    d1 = 3 * np.diff(cubic, axis=0)
    d2 = 2 * np.diff(d1, axis=0)
    s = 1 - t
    v = np.stack([s * s, 2 * s * t, t * t], -1) @ d1
    a = np.stack([s, t], -1) @ d2
    slope = (v * v).sum(1) + (at * a).sum(1)
    step = np.where(np.abs(slope) > 1e-9, (at * v).sum(1) / np.where(np.abs(slope) > 1e-9, slope, 1), 0)
    return np.maximum.accumulate(np.clip(t - step, 0, 1))
