"""What of strokes is drawn while their lines do not reach as far, or something hides the rest; and what they leave free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.initialize.curve_places import Points, dense_places, even_places, lengths, spread, with_normals
from backend.initialize.link import near_pairs
from backend.initialize.trajectories import Array, Bits, smoothed_values

WHOLE = (0.0, 1.0)
PARALLEL = 0.9  # least cosine between lines that are one


@dataclass(frozen=True)
class PartSettings:
    """When the ends of a stroke are left out; times in frames."""

    lost: float = 1.0  # what a place that is no longer on its line counts against one that is …
    never: float = 0.05  # … and what one counts for it that was on none from the beginning
    spread: float = 1.0  # σ of the time over which places are judged
    calm: float = 8.0  # weight of squared accelerations of the ends beside squared distances
    least: float = 0.3  # of the stroke that is drawn


def drawn_parts(held: Bits, seen: Bits, settings: PartSettings = PartSettings()) -> Array:
    """Where the drawn part of a stroke begins and ends, [F, 2] shares 0 … 1 of its length, in each of F frames.

    held: [F, M] which of M places evenly along it are on their line; in the first frame the stroke is drawn whole. seen: [F]
    the frames that tell of it. The part is the one that has most places on their line and fewest that lost it; its ends move
    smoothly.
    """
    if len(held) < 2 or held[seen].all():
        return np.tile(WHOLE, (len(held), 1))
    born = held[0]
    values = np.where(held, 1.0, np.where(born, -settings.lost, settings.never)) * seen[:, None]
    ends = np.array([_best(row) for row in _over_time(values, settings.spread)])
    weights = np.where(seen, 1.0, 0.05)
    ends[0], weights[0] = WHOLE, 1e3
    calm = smoothed_values(ends, weights, settings.calm).clip(0, 1)
    middle = calm.mean(1).clip(settings.least / 2, 1 - settings.least / 2)
    half = settings.least / 2
    return np.stack([np.minimum(calm[:, 0], middle - half), np.maximum(calm[:, 1], middle + half)], 1)


def part_of(curve: Points, first: float, last: float) -> Points:
    """The part of a poly-Bézier from one share of its length to another, with as many control points.

    Segments beside the part lie in its ends, so that those within stay what they are.
    """
    if (first, last) == WHOLE:
        return curve
    dense, parameters = dense_places(curve)
    way = lengths(dense)
    begin, end = np.interp(np.array([first, last]) * way[-1], way, parameters)
    cut = [_restricted(curve[3 * i : 3 * i + 4], begin - i, end - i) for i in range((len(curve) - 1) // 3)]
    there = [i for i, cubic in enumerate(cut) if cubic is not None]
    before, after = cut[there[0]], cut[there[-1]]
    assert before is not None and after is not None
    ends = [np.tile(before[0], (4, 1)) if i < there[0] else np.tile(after[3], (4, 1)) for i in range(len(cut))]
    whole = [end if cubic is None else cubic for cubic, end in zip(cut, ends, strict=True)]
    return np.concatenate([whole[0][:1], *(cubic[1:] for cubic in whole)])


def uncovered(curves: Sequence[Points], closed: Sequence[bool], size: tuple[int, int], apart: float) -> npt.NDArray[np.float32]:
    """1 where a new line may be, 0 nearer than `apart` px to a curve [H, W]; curves in px of a canvas of that size."""
    free = np.ones(size, np.float32)
    for curve, ring in zip(curves, closed, strict=True):
        row, _parameters = dense_places(curve)
        cv2.polylines(free, [np.round(row).astype(np.int32)], ring, 0.0, max(1, round(2 * apart)))
    return free


def drawn_before(curves: Sequence[Points], counts: Sequence[int], near: float) -> list[Bits]:
    """Which of `counts` places evenly along each curve lie on a curve before it: within `near` px, and parallel to it there."""
    if not curves:
        return []
    rows = [even_places(curve, count) for curve, count in zip(curves, counts, strict=True)]
    dense = [spread(*pair, max(2, round(2 * lengths(pair[0])[-1] / near) + 1))[0] for pair in map(dense_places, curves)]
    owner = np.concatenate([np.repeat(np.arange(len(curves)), [len(row) for row in some]) for some in (rows, dense)])
    points, across = (np.concatenate(part) for part in zip(*map(with_normals, [*rows, *dense]), strict=True))
    one, other = near_pairs(points, near)
    places, first = sum(counts), owner[one] > owner[other]
    mine, before = np.where(first, one, other), np.where(first, other, one)
    on = (owner[mine] != owner[before]) & (mine < places) & (before >= places)
    on &= np.linalg.norm(points[mine] - points[before], axis=1) < near
    on &= np.abs((across[mine] * across[before]).sum(1)) > PARALLEL
    taken = np.zeros(places, bool)
    taken[mine[on]] = True
    return np.split(taken, np.cumsum(counts)[:-1])


def _over_time(values: Array, spread: float) -> Array:
    reach = max(1, round(2 * spread))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / spread) ** 2)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    windows = np.stack([padded[i : i + len(values)] for i in range(len(kernel))])
    return np.asarray(np.tensordot(kernel / kernel.sum(), windows, 1))


def _best(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Begin and end, as shares, of the row's part whose sum is greatest."""
    total, last = np.concatenate([[0.0], np.cumsum(values)]), len(values) - 1
    sums = np.triu(total[None] - total[:, None] + 1e-9, 1)
    i, j = np.unravel_index(int(sums.argmax()), sums.shape)
    if sums[i, j] <= 1e-6:
        return WHOLE
    return (0.0 if i == 0 else (i - 0.5) / last), (1.0 if j == len(values) else (j - 0.5) / last)


def _restricted(cubic: Points, begin: float, end: float) -> Points | None:
    """What of a cubic lies from one parameter to another, by its polar form; None: nothing."""
    a, b = max(begin, 0.0), min(end, 1.0)
    return np.stack([_polar(cubic, *at) for at in ((a, a, a), (a, a, b), (a, b, b), (b, b, b))]) if a < b else None


def _polar(cubic: Points, *at: float) -> Points:
    rows = cubic
    for t in at:
        rows = rows[:-1] + t * (rows[1:] - rows[:-1])
    return rows[0]
