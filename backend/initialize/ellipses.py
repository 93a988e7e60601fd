"""Ellipses among traced lines: wheels, rims, plates, eyes. Each becomes one even line instead of many bent pieces."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.initialize.streamlines import Map, Row, Trace

GLANCES = 64  # around an ellipse, to see whether it is one

Box = tuple[tuple[float, float], tuple[float, float], float]  # middle x, y; axes; degrees: OpenCV's rotated rectangle


@dataclass(frozen=True)
class EllipseSettings:
    """Distances in px of a canvas whose longer side is about 900 px."""

    calm: float = 4.0  # σ along a line over which its tremor is smoothed away before its bends are compared
    reach: int = 8  # points over which a direction is taken
    straight: float = 0.03  # rad per reach that are no bend …
    corner: float = 1.4  # … and those that end an arc
    arc: int = 18  # least length of an arc …
    bend: float = 0.6  # … and rad by which it turns
    bends: float = 1.7  # rad by which the arcs of an ellipse turn together
    arcs: int = 48  # longest ones, of which pairs are tried
    least: float = 5.0  # shorter half axis
    flat: float = 0.12  # least shorter axis beside the longer
    miss: float = 2.5  # largest distance of nine in ten of the points from their ellipse …
    miss_share: float = 0.012  # … or, of large ones, of the longer axis
    aligned: float = 0.95  # least cosine between the ellipse and the lines that tell it
    told: float = 0.08  # least strength of these
    share: float = 0.76  # of the ellipse that is told …
    slim: float = 0.5  # … and of one whose shorter axis is less than this beside the longer: leaves, ears, folds …
    slim_share: float = 0.93  # … must be told so much
    gap: float = 0.2  # widest part not told that is drawn all the same …
    widest: float = 40.0  # … and px
    part: float = 0.15  # shorter parts of an ellipse are not drawn
    same: float = 0.35  # of an ellipse that lies beside another, which then stands for both …
    near: float = 4.0  # … and this is beside …
    near_share: float = 0.03  # … or, of large ones, this share of the longer axis
    worth: float = 2.5  # of its points beside those of other lines …
    few: int = 4  # … as long as no more are there: many are a pattern
    beside: int = 6  # lines this near to an ellipse are taken by it
    meet: float = 20.0  # a line that goes on where a part of an ellipse ends, at most so far from there, ends there, too …
    onward: float = 0.5  # … if the cosine between their directions is at least this …
    bent: float = 50.0  # … and it is bent there over so much of its length


def with_ellipses(
    traces: Sequence[Trace], strength: Map, tangent_x: Map, tangent_y: Map, settings: EllipseSettings = EllipseSettings()
) -> tuple[list[Trace], list[Trace]]:
    """The ellipses that lines lie on, drawn where the field tells them; and what is left of the lines."""
    field = np.dstack([strength, tangent_x, tangent_y])
    drawn = [part for box in find_ellipses(traces, field, settings) for part in _parts(box, field, settings)]
    left = _without(traces, drawn, (strength.shape[0], strength.shape[1]), settings)
    return drawn, [_brought(trace, drawn, settings) for trace in left]


def worth_of_each(count: int, settings: EllipseSettings) -> float:
    """Worth of the points of each of `count` ellipses beside those of other lines."""
    return 1 + (settings.worth - 1) * min(1.0, settings.few / max(count, 1))


def find_ellipses(traces: Sequence[Trace], field: Map, settings: EllipseSettings = EllipseSettings()) -> list[Box]:
    """The ellipses that arcs of the traces lie on, clearest first; field: strength, tangent x and y [H, W, 3]."""
    arcs = [arc for trace in traces for arc in _arcs(trace.row, settings)]
    arcs = sorted(arcs, key=lambda arc: -len(arc.row))[: settings.arcs]
    rows = [arc.row for arc in arcs if arc.bend > settings.bends]
    rows += [np.concatenate([arcs[i].row, arcs[j].row]) for i, j in _pairs(arcs, settings)]
    boxes = [box for row in rows for box in _fitted(row, field.shape, settings)]
    if not boxes:
        return []
    told, lengths = _glanced(boxes, field, settings)
    share = np.average(told > settings.told, 1, lengths)
    clear = share * np.sqrt(np.average(told, 1, lengths))
    kept: list[Box] = []
    for i in np.argsort(-clear, kind="stable"):
        if share[i] > _least_share(boxes[i], settings) and not any(_beside(boxes[i], other, settings) for other in kept):
            kept.append(boxes[i])
    return kept


def _least_share(box: Box, settings: EllipseSettings) -> float:
    """How much of an ellipse must be told."""
    return settings.slim_share if min(box[1]) < settings.slim * max(box[1]) else settings.share


@dataclass(frozen=True)
class _Arc:
    """A part of a line that bends one way, without corners."""

    row: Row
    bend: float  # rad by which it turns
    middle: npt.NDArray[np.float64]  # [2] of its points
    crown: npt.NDArray[np.float64]  # [2] its middle point
    inward: npt.NDArray[np.float64]  # [2] from there to the middle of its chord

    @classmethod
    def of(cls, row: Row, bend: float) -> _Arc:
        """A row that turns by `bend`."""
        crown = row[len(row) // 2]
        return cls(row, bend, row.mean(0), crown, (row[0] + row[-1]) / 2 - crown)


def _arcs(row: Row, settings: EllipseSettings) -> list[_Arc]:
    """The arcs of a row of points."""
    if len(row) < settings.arc:
        return []
    calm = cv2.GaussianBlur(row, (0, 0), sigmaX=1e-3, sigmaY=settings.calm, borderType=cv2.BORDER_REPLICATE).reshape(row.shape)
    reach = settings.reach
    steps = calm[reach:] - calm[:-reach]
    angle = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    turn = angle[reach:] - angle[:-reach]  # at the points reach … M - reach
    bent = np.flatnonzero(np.abs(turn) > settings.straight)
    way = np.sign(turn)[bent[np.searchsorted(bent, np.arange(len(turn)), "right").clip(1, None) - 1]] if len(bent) else turn
    cuts = np.flatnonzero((np.diff(way) != 0) | (np.abs(turn[1:]) > settings.corner)) + 1 + reach
    found = []
    for first, last in itertools.pairwise([0, *cuts.tolist(), len(row)]):
        if last - first < settings.arc:
            continue
        bend = float(abs(angle[min(last, len(angle)) - 1] - angle[min(first, len(angle) - 1)]))
        if bend > settings.bend:
            found.append(_Arc.of(calm[first:last], bend))
    return found


def _pairs(arcs: Sequence[_Arc], settings: EllipseSettings) -> list[tuple[int, int]]:
    """Arcs that may lie on one ellipse: each one's middle is on the inner side of the other, and they turn enough together."""
    if not arcs:
        return []
    bends, middles = np.array([arc.bend for arc in arcs]), np.array([arc.middle for arc in arcs])
    crowns, inward = np.array([arc.crown for arc in arcs]), np.array([arc.inward for arc in arcs])
    faces = ((middles[None] - crowns[:, None]) * inward[:, None]).sum(2) > 0  # [i, j]: j is on the inner side of i
    fits = faces & faces.T & (bends[:, None] + bends > settings.bends)
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(fits, 1))]


def _fitted(row: Row, shape: tuple[int, ...], settings: EllipseSettings) -> list[Box]:
    """The ellipse along a row, if it fits and is neither tiny nor flat nor huge."""
    (x, y), axes, angle = cv2.fitEllipseDirect(row[::2].astype(np.float32)[:, None])
    short, long = min(axes), max(axes)
    if not np.isfinite([x, y, short, long]).all() or short < 2 * settings.least or short < settings.flat * long:
        return []
    if long > 1.2 * max(shape[:2]):
        return []
    box = ((x, y), (axes[0], axes[1]), angle)
    far = np.sort(_distances(box, row))[int(0.9 * (len(row) - 1))]  # np.quantile takes ten times as long
    return [box] if far < max(settings.miss, settings.miss_share * long) else []


def _distances(box: Box, points: Row) -> npt.NDArray[np.float64]:
    """About how far points [M, 2] are from an ellipse [M], px: along the ray from its middle."""
    middle, (a, b), degrees = box
    x, y = ((points - middle) @ _turn(degrees)).T
    scaled = np.hypot(2 * x / a, 2 * y / b)
    return np.asarray(np.abs(scaled - 1) * np.hypot(x, y) / np.maximum(scaled, 1e-6))


def _turn(degrees: float) -> npt.NDArray[np.float64]:
    """The ellipse's own axes as columns [2, 2]."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, -sin], [sin, cos]])


def _around(box: Box, step: float) -> tuple[Row, Row]:
    """Points [M, 2] around an ellipse, about `step` px apart (the last is the first again), and unit tangents."""
    middle, (a, b), degrees = box
    angle = np.linspace(0, 2 * np.pi, 721)
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(a / 2 * np.cos(angle)), np.diff(b / 2 * np.sin(angle))))])
    count = max(16, round(float(lengths[-1]) / step))
    angle = np.interp(np.linspace(0, lengths[-1], count + 1), lengths, angle)
    turn = _turn(degrees)
    points = np.stack([a / 2 * np.cos(angle), b / 2 * np.sin(angle)], 1) @ turn.T + middle
    along = np.stack([-a * np.sin(angle), b * np.cos(angle)], 1) @ turn.T
    points[-1] = points[0]
    return points, along / np.linalg.norm(along, axis=1, keepdims=True)


def _told(points: Row, along: Row, field: Map, settings: EllipseSettings) -> npt.NDArray[np.float64]:
    """How strong the lines are at points [..., 2] of an ellipse that run as it does there [...], 0 where there are none."""
    normal = np.stack([-along[..., 1], along[..., 0]], -1)
    at = np.rint(points[..., None, :] + np.arange(-2, 3)[:, None] * normal[..., None, :]).astype(int)
    height, width = field.shape[:2]
    x, y = at[..., 0], at[..., 1]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    seen = field[y.clip(0, height - 1), x.clip(0, width - 1)]
    aligned = np.abs((seen[..., 1:] * along[..., None, :]).sum(-1)) > settings.aligned
    return np.asarray(np.where(inside & aligned, seen[..., 0], 0).max(-1), np.float64)


def _glanced(boxes: Sequence[Box], field: Map, settings: EllipseSettings) -> tuple[Row, Row]:
    """How strong the lines are along many ellipses [C, GLANCES], and how much of each every glance stands for."""
    angle = np.linspace(0, 2 * np.pi, GLANCES, endpoint=False)
    half = np.array([box[1] for box in boxes]) / 2
    turns, middles = np.array([_turn(box[2]) for box in boxes]), np.array([box[0] for box in boxes])
    circle, onward = np.stack([np.cos(angle), np.sin(angle)], 1), np.stack([-np.sin(angle), np.cos(angle)], 1)
    points, along = ((half[:, None] * way) @ turns.transpose(0, 2, 1) for way in (circle, onward))
    lengths = np.linalg.norm(along, axis=2)
    return _told(points + middles[:, None], along / lengths[..., None], field, settings), lengths


def _beside(box: Box, other: Box, settings: EllipseSettings) -> bool:
    """Whether so much of one ellipse lies beside another that one line stands for both."""
    near = max(settings.near, settings.near_share * max(other[1]))
    return bool((_distances(other, _around(box, 4.0)[0]) < near).mean() > settings.same)


def _parts(box: Box, field: Map, settings: EllipseSettings) -> list[Trace]:
    """What of an ellipse is drawn: all of it, or what lies between its widest gaps."""
    row, along = _around(box, 1.0)
    told = _told(row, along, field, settings)
    seen = told[:-1] > settings.told
    widest = min(settings.gap * len(seen), settings.widest)
    gaps = [(first, last) for first, last in _runs(~seen) if last - first > widest]
    if not gaps:
        return [Trace(row, told, closed=True, even=True)]
    parts = []
    for (_first, begin), (end, _last) in zip(gaps, [*gaps[1:], gaps[0]], strict=True):
        count = (end - begin) % len(seen)
        if count > settings.part * len(seen):
            at = (begin + np.arange(count)) % len(seen)
            parts.append(Trace(row[at], told[at], even=True))
    return parts


def _runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First index and the one after the last of every run of true flags on a ring; a run over the seam ends beyond it."""
    if flags.all() or not flags.any():
        return [(0, len(flags))] if flags.all() else []
    start = int(np.flatnonzero(~flags)[0])
    turned = np.roll(flags, -start)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], turned.astype(np.int8), [0]])))
    return [(int(first) + start, int(last) + start) for first, last in edges.reshape(-1, 2)]


def _without(traces: Sequence[Trace], drawn: Sequence[Trace], shape: tuple[int, int], settings: EllipseSettings) -> list[Trace]:
    """The traces, less what runs along what is drawn; what only crosses it stays whole."""
    if not drawn:
        return list(traces)
    taken = np.zeros(shape, np.uint8)
    for part in drawn:
        cv2.polylines(taken, [np.rint(part.row).astype(np.int32)], part.closed, 1, 2 * settings.beside + 1)
    left = []
    for trace in traces:
        at = np.rint(trace.row).astype(int).clip(0, (shape[1] - 1, shape[0] - 1))
        inside = taken[at[:, 1], at[:, 0]] > 0
        edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(np.int8), [0]]))).reshape(-1, 2)
        along = [(first, last) for first, last in edges.tolist() if last - first > 4 * settings.beside]
        if not along:
            left.append(trace)
            continue
        for first, last in itertools.pairwise([0, *itertools.chain(*along), len(inside)]):
            if not inside[first:last].all() and last - first > 2 * settings.beside:
                left.append(Trace(trace.row[first:last], trace.strength[first:last]))
    return left


def _brought(trace: Trace, parts: Sequence[Trace], settings: EllipseSettings) -> Trace:
    """A line whose ends are brought to the parts of ellipses that go on there: the neck of a pear to its body."""
    ends = [row for part in parts if not part.closed for row in (part.row, part.row[::-1])]
    if trace.closed:
        return trace
    for row in ends:
        trace = _turned(_begun_at(row, _turned(_begun_at(row, trace, settings)), settings))
    return trace


def _turned(trace: Trace) -> Trace:
    return Trace(trace.row[::-1], trace.strength[::-1])


def _begun_at(row: Row, trace: Trace, settings: EllipseSettings) -> Trace:
    """A line that begins where a row of points ends, if that is near and the line goes on as the row does."""
    reach = 2 * settings.reach
    near = np.hypot(*(trace.row[: len(trace.row) // 2] - row[-1]).T)
    if len(row) <= reach or len(near) <= reach or near.min() > settings.meet:
        return trace
    first = int(near.argmin())
    begun, step = trace.row[first:], row[-1] - trace.row[first]
    ahead, before = begun[reach] - begun[0], row[-1] - row[-1 - reach]
    if ahead @ before < settings.onward * np.hypot(*ahead) * np.hypot(*before):
        return trace
    share = np.clip(1 - np.arange(len(begun)) / min(settings.bent, len(begun) - 1), 0, 1)
    return Trace(begun + (share * share * (3 - 2 * share))[:, None] * step, trace.strength[first:])
