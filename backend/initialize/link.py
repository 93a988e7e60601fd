"""Traces joined across gaps where one continues the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.initialize.streamlines import Row, Trace


@dataclass(frozen=True)
class LinkSettings:
    """Distances in px of a canvas whose longer side is about 900 px."""

    reach: float = 22.0  # widest gap
    bend: float = 0.80  # least cosine between a line's end and the bridge
    touch: float = 5.0  # ends this near join up to a right angle: a corner
    corner: float = -0.1  # least cosine there
    tangent_steps: int = 9  # points that tell an end's direction
    close: float = 9.0  # a line whose own ends are this near, and aim at each other, is closed


def link_traces(traces: list[Trace], settings: LinkSettings = LinkSettings()) -> list[Trace]:
    """The traces, end joined to end by good continuation, best joints first; ends that meet themselves are closed."""
    open_traces = [trace for trace in traces if not trace.closed]
    closed = [trace for trace in traces if trace.closed]
    joints = _joints(open_traces, settings)
    return closed + [_closed_if_it_meets(trace, settings) for trace in joined(open_traces, joints)]


def _ends(trace: Trace, steps: int) -> list[tuple[Row, Row]]:
    """Both ends of a trace: the point, and the unit direction in which it leaves the line."""
    ends = []
    for row in (trace.row, trace.row[::-1]):
        out = row[0] - row[1 : steps + 1].mean(0)
        ends.append((row[0], out / max(float(np.linalg.norm(out)), 1e-9)))
    return ends


def _joints(traces: list[Trace], settings: LinkSettings) -> list[tuple[float, int, int]]:
    """Possible joints as (cost, end, end); end 2i is the start of trace i, 2i+1 its finish."""
    ends = [end for trace in traces for end in _ends(trace, settings.tangent_steps)]
    if len(ends) < 2:
        return []
    points, out = np.array([p for p, _ in ends]), np.array([d for _, d in ends])
    i, j = near_pairs(points, max(settings.reach, settings.touch))
    bridge = points[j] - points[i]
    gap = np.linalg.norm(bridge, axis=1)
    unit = bridge / np.maximum(gap, 1e-9)[:, None]
    leaving = (unit * out[i]).sum(1)
    arriving = -(unit * out[j]).sum(1)
    facing = -(out[i] * out[j]).sum(1)
    straight = (gap < settings.reach) & (np.minimum(leaving, arriving) > settings.bend) & (facing > settings.bend - 0.15)
    touching = (gap < settings.touch) & (facing > settings.corner)
    cost = gap * (2 - np.where(touching & ~straight, facing, np.minimum(leaving, arriving)))
    found = (straight | touching) & (i // 2 != j // 2)
    return sorted(zip(cost[found].tolist(), i[found].tolist(), j[found].tolist(), strict=True))


def near_pairs(points: npt.NDArray[np.float64], reach: float) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pairs [M] of points [N, 2], by their numbers, the lower first: all that are less than `reach` apart, and few others.

    A dotted picture has thousands of ends: all pairs would fill the memory.
    """
    reach += 0.01  # px, for rounding
    order = np.argsort(points[:, 0], kind="stable")
    x = points[order, 0]
    count = np.searchsorted(x, x + reach, "right") - np.arange(len(x)) - 1  # neighbors to the right of each
    first = np.repeat(np.arange(len(x)), count)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
    a, b = order[first], order[second]
    near = np.abs(points[a, 1] - points[b, 1]) <= reach
    return np.minimum(a[near], b[near]), np.maximum(a[near], b[near])


def joined(
    traces: list[Trace], joints: list[tuple[float, int, int]], bridges: Mapping[tuple[int, int], Trace] | None = None
) -> list[Trace]:
    """The traces joined at (cost, end, end), in that order, each end once and never to a ring.

    End 2i is the start of trace i, 2i+1 its finish. bridges: what lies between two ends, from the first to the second.
    """
    chain = list(range(len(traces)))
    partner: dict[int, int] = {}

    def root(i: int) -> int:
        while chain[i] != i:
            i = chain[i]
        return i

    for _cost, a, b in joints:
        if a in partner or b in partner or root(a // 2) == root(b // 2):
            continue
        partner[a], partner[b] = b, a
        chain[root(a // 2)] = root(b // 2)
    done: set[int] = set()
    chains = []
    for i in range(len(traces)):
        if i in done:
            continue
        end, seen = 2 * i, {i}
        while end in partner:  # walk to the chain's beginning; it has one, since joints never close a ring
            end = partner[end] ^ 1
            seen.add(end // 2)
        chains.append(_walk(traces, partner, end, done, bridges or {}))
    return chains


def _walk(
    traces: list[Trace],
    partner: dict[int, int],
    end: int,
    done: set[int],
    bridges: Mapping[tuple[int, int], Trace],
) -> Trace:
    rows, strengths = [], []
    while True:
        trace = traces[end // 2]
        done.add(end // 2)
        forward = end % 2 == 0
        rows.append(trace.row if forward else trace.row[::-1])
        strengths.append(trace.strength if forward else trace.strength[::-1])
        if end ^ 1 not in partner:
            return Trace(np.concatenate(rows), np.concatenate(strengths))
        left, end = end ^ 1, partner[end ^ 1]
        if (left, end) in bridges:
            rows.append(bridges[left, end].row)
            strengths.append(bridges[left, end].strength)
        elif (end, left) in bridges:
            rows.append(bridges[end, left].row[::-1])
            strengths.append(bridges[end, left].strength[::-1])


def _closed_if_it_meets(trace: Trace, settings: LinkSettings) -> Trace:
    (start, out_start), (finish, out_finish) = _ends(trace, settings.tangent_steps)
    gap = finish - start
    distance = float(np.linalg.norm(gap))
    if trace.length < 6 * settings.close or distance > settings.close:
        return trace
    if -float(out_start @ out_finish) < 0.5:
        return trace
    return Trace(np.concatenate([trace.row, trace.row[:1]]), np.append(trace.strength, trace.strength[0]), True)
