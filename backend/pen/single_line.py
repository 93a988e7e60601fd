"""A whole drawing in one line, without lifting the pen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from backend.pen.lines import Line, Row, evenly

ROUNDS = 6  # of improving the tour
FIRST = 8  # lines that are never left out
MOST_WAY = 1.6  # times its length that the way to a line and back may be
SWING = 50.0  # px of a canvas of about 900 px; how far a line runs on in its direction before it turns to the next
Ends = npt.NDArray[np.float64]  # [N, 2, 2] start and end of each line


def one_line(lines: Sequence[Line]) -> Line:
    """One open line through the lines, by a short way; where it passes from one to the next it swings on.

    Lines that are not among the first and far from all others, for their length, are left out.
    """
    lines = _worth_their_way(lines)
    rows = [line.row for line in lines]
    order, turned = _tour(rows)
    parts: list[Row] = []
    for k, flip in zip(order, turned, strict=True):
        row = rows[k][::-1] if flip else rows[k]
        if lines[k].closed and parts:
            row = _opened_near(row, parts[-1][-1])
        if parts:
            parts.append(_swing(parts[-1], row))
        parts.append(row)
    return Line(evenly(np.concatenate(parts)), False, 0)


def _worth_their_way(lines: Sequence[Line]) -> list[Line]:
    """The lines without those, late ones, to which the way there and back is more than a few times their length."""
    order, turned = _tour([line.row for line in lines])
    into, out = _ends_of(_ends([line.row for line in lines]), order, turned)
    dropped = set()
    for place, k in enumerate(order):
        if k < FIRST or place == 0:
            continue
        way = float(np.linalg.norm(into[place] - out[place - 1]))
        if place + 1 < len(order):
            way += float(np.linalg.norm(into[place + 1] - out[place]) - np.linalg.norm(into[place + 1] - out[place - 1]))
        if way > MOST_WAY * lines[k].length:
            dropped.add(k)
    return [line for k, line in enumerate(lines) if k not in dropped]


def beginning(line: Line, share: float) -> Line:
    """The first part of a line, a share of its length."""
    return replace(line, row=line.row[: max(4, round(share * len(line.row)))])


def _tour(rows: Sequence[Row]) -> tuple[list[int], list[bool]]:
    """An order of the lines, beginning with the first, and which of them are drawn backwards: nearest next, then improved."""
    ends = _ends(rows)
    left, order, turned = set(range(1, len(rows))), [0], [False]
    while left:
        at = ends[order[-1], 0 if turned[-1] else 1]
        candidates = sorted(left)
        apart = np.linalg.norm(ends[candidates] - at, axis=2)
        k, side = divmod(int(apart.argmin()), 2)
        order.append(candidates[k])
        turned.append(side == 1)
        left.remove(candidates[k])
    return _shortened(ends, order, turned)


def _shortened(ends: Ends, order: list[int], turned: list[bool]) -> tuple[list[int], list[bool]]:
    """The tour with runs of it reversed wherever that shortens the ways between lines (2-opt)."""
    for _ in range(ROUNDS):
        better = False
        for i in range(1, len(order) - 1):
            into, out = _ends_of(ends, order, turned)
            before, first = out[i - 1], into[i]
            last = out[i:]
            after = np.concatenate([into[i + 1 :], out[-1:]])
            open_end = np.arange(i, len(order)) == len(order) - 1
            now = np.linalg.norm(first - before) + np.where(open_end, 0, np.linalg.norm(after - last, axis=1))
            then = np.linalg.norm(last - before, axis=1) + np.where(open_end, 0, np.linalg.norm(after - first, axis=1))
            gain = now - then
            j = i + int(gain.argmax())
            if gain[j - i] > 1e-6:
                order[i : j + 1] = order[i : j + 1][::-1]
                turned[i : j + 1] = [not flip for flip in turned[i : j + 1][::-1]]
                better = True
        if not better:
            break
    return order, turned


def _ends(rows: Sequence[Row]) -> Ends:
    return np.stack([np.stack([row[0], row[-1]]) for row in rows])


def _ends_of(ends: Ends, order: list[int], turned: list[bool]) -> tuple[Row, Row]:
    """Where each line of a tour is entered [N, 2] and left [N, 2]."""
    flips = np.array(turned, int)
    places = np.array(order)
    return ends[places, flips], ends[places, 1 - flips]


def _opened_near(ring: Row, point: Row) -> Row:
    """A closed row, begun and ended where it is nearest to a point."""
    open_ring = ring[:-1]
    k = int(np.linalg.norm(open_ring - point, axis=1).argmin())
    return np.concatenate([open_ring[k:], open_ring[: k + 1]])


def _swing(before: Row, after: Row) -> Row:
    """Points of a smooth way from the end of a row to the beginning of another (a cubic), without its ends."""
    start, end = before[-1], after[0]
    apart = float(np.linalg.norm(end - start))
    reach = min(0.36 * apart, SWING)
    leave, arrive = _direction(before[-1] - before[-min(6, len(before))]), _direction(after[min(5, len(after) - 1)] - after[0])
    t = np.linspace(0, 1, max(3, round(apart / 3) + 2))[1:-1, None]
    a, b = start + reach * leave, end - reach * arrive
    return (1 - t) ** 3 * start + 3 * (1 - t) ** 2 * t * a + 3 * (1 - t) * t**2 * b + t**3 * end


def _direction(vector: Row) -> Row:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
