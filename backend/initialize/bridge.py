"""Long lines carried on over wide gaps, where the one's curve leads to the other's."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from backend.initialize.link import joined
from backend.initialize.streamlines import Map, Row, Trace


@dataclass(frozen=True)
class BridgeSettings:
    """Distances in px of a canvas whose longer side is about 900 px."""

    reach: float = 90.0  # widest gap …
    share: float = 0.8  # … and as a share of the shorter line
    least: float = 22.0  # shorter lines tell too little of where they lead
    bend: float = 40.0  # of a line's end that tell its curve
    miss: float = 0.22  # how far the two curves may pass each other's ends, as a share of the gap …
    slack: float = 4.0  # … and px beside that
    facing: float = 0.75  # least cosine between the one's direction where it arrives and the other's
    clear: float = 5.0  # of the bridge's ends, where it may touch other lines
    faint: float = 0.05  # strength of a bridge: it is what the eye adds
    step: float = 1.0


@dataclass(frozen=True)
class _End:
    """One end of a line, and how it would go on: place(s) = point + s·direction + s²·bow."""

    point: Row  # [2]
    direction: Row  # [2] unit, away from the line
    bow: Row  # [2] half the curvature
    length: float  # of the line, px

    @classmethod
    def of(cls, row: Row, bend: float) -> _End:
        """The end at a row's first point."""
        steps = np.linalg.norm(np.diff(row, axis=0), axis=1)
        back = np.concatenate([[0.0], np.cumsum(steps)])
        near = back <= bend
        powers = np.stack([-back[near], back[near] ** 2], 1)
        direction, bow = np.linalg.lstsq(powers, row[near] - row[0], rcond=None)[0]
        speed = max(float(np.linalg.norm(direction)), 1e-9)
        return cls(row[0], direction / speed, bow / speed**2, float(back[-1]))

    def ahead(self, distance: float) -> tuple[Row, Row]:
        """The point so far ahead, and the unit direction there."""
        slope = self.direction + 2 * distance * self.bow
        return self.point + distance * self.direction + distance**2 * self.bow, slope / max(float(np.linalg.norm(slope)), 1e-9)


def bridged(traces: list[Trace], shape: tuple[int, int], settings: BridgeSettings = BridgeSettings()) -> list[Trace]:
    """The traces, long ones joined over gaps that no other line crosses; shape: height, width of the canvas, px.

    The shortest and best aimed bridges are built first; every one is a row of points of its own.
    """
    closed = [trace for trace in traces if trace.closed]
    lines = [trace for trace in traces if not trace.closed]
    rows = {}
    for i, trace in enumerate(lines):
        if trace.length >= settings.least:
            rows[2 * i], rows[2 * i + 1] = trace.row, trace.row[::-1]
    ends = {name: _End.of(rows[name], settings.bend) for name in _near_others(rows, settings.reach)}
    drawn = _drawn(traces, shape)
    joints, bridges = [], {}
    for cost, a, b in _aimed(ends, settings):
        row = _between(ends[a], ends[b], settings)
        if _is_free(row, drawn, settings):
            joints.append((cost, a, b))
            bridges[a, b] = Trace(row, np.full(len(row), settings.faint))
    return closed + joined(lines, joints, bridges)


def _near_others(rows: dict[int, Row], reach: float) -> list[int]:
    """The ends that are less than `reach` px from one of another line: only these may be joined."""
    if len(rows) < 2:
        return []
    names = np.array(list(rows))
    points = np.array([row[0] for row in rows.values()])
    near = np.linalg.norm(points[None] - points[:, None], axis=2) < reach
    return [int(name) for name in names[(near & (names[None] // 2 != names[:, None] // 2)).any(1)]]


def _aimed(ends: dict[int, _End], settings: BridgeSettings) -> list[tuple[float, int, int]]:
    """(cost, end, end) of ends whose curves lead to each other, best first."""
    names = list(ends)
    if len(names) < 2:
        return []
    points = np.array([ends[name].point for name in names])
    gaps = np.linalg.norm(points[None] - points[:, None], axis=2)
    found = []
    for i, j in np.argwhere(np.triu(gaps < settings.reach, 1)):
        a, b, gap = ends[names[i]], ends[names[j]], float(gaps[i, j])
        if names[i] // 2 == names[j] // 2 or gap > settings.share * min(a.length, b.length):
            continue
        misses = []
        for one, other in ((a, b), (b, a)):
            place, direction = one.ahead(gap)
            if float(direction @ -other.direction) < settings.facing or float((other.point - one.point) @ one.direction) < 0:
                break
            misses.append(float(np.linalg.norm(place - other.point)))
        if len(misses) == 2 and max(misses) < settings.miss * gap + settings.slack:
            found.append((gap + 3 * sum(misses), names[i], names[j]))
    return sorted(found)


def _between(a: _End, b: _End, settings: BridgeSettings) -> Row:
    """The points strictly between two ends, about a step apart: a cubic that leaves and arrives as the lines do."""
    gap = float(np.linalg.norm(b.point - a.point))
    count = max(int(gap / settings.step), 1)
    t = (np.arange(1, count) / count)[:, None]
    controls = a.point, a.point + a.direction * gap / 3, b.point + b.direction * gap / 3, b.point
    weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
    return sum((w * c for w, c in zip(weights, controls, strict=True)), np.zeros((count - 1, 2)))


def _drawn(traces: list[Trace], shape: tuple[int, int]) -> Map:
    """1 on lines and right beside them [H, W]."""
    drawn = np.zeros(shape, np.uint8)
    for trace in traces:
        cv2.polylines(drawn, [np.rint(trace.row).astype(np.int32)], trace.closed, 1, 3)
    return drawn.astype(np.float32)


def _is_free(row: Row, drawn: Map, settings: BridgeSettings) -> bool:
    """Whether a bridge stays on the canvas and meets no line but those it joins."""
    edge = int(settings.clear / settings.step)
    middle = np.rint(row[edge:-edge] if len(row) > 2 * edge else row[:0]).astype(int)
    if (middle < 0).any() or (middle >= (drawn.shape[1], drawn.shape[0])).any():
        return False
    return not bool(drawn[middle[:, 1], middle[:, 0]].any())
