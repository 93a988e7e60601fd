"""Ends that nearly reach another stroke, brought to it: corners close, and strokes end on those that they run up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backend.initialize.curve_places import Points, basis_at, even_places, length_of
from backend.initialize.link import near_pairs

Vector = npt.NDArray[np.float64]  # [2]
Bounds = npt.NDArray[np.float64]  # [N, 2, 2] least and largest x, y of each stroke, px

PARTS = (0.6, 1.4)  # of its parameter that a stroke's last cubic may end at


@dataclass(frozen=True)
class MeetSettings:
    """When ends meet. Traces stop a few pixels before other lines, since lines are weak there."""

    reach: float = 0.011  # an end goes no farther than this share of the canvas' longer side …
    most: float = 0.3  # … and of its stroke's length
    ahead: float = 0.8  # what it meets lies before it: least cosine …
    aside: float = 0.25  # … and no more reaches aside, or straight strokes would be bent
    behind: float = 0.5  # corners may lie so many reaches back …
    turn: float = 0.4  # … of ends whose directions have this sine between them, at least
    close: float = 0.5  # ends that come from opposite sides, and are so many reaches apart, meet halfway
    comes: float = 0.5  # a stroke comes from so many reaches farther away, or it runs beside the other one
    touching: float = 0.5  # px within which ends meet already


@dataclass(frozen=True)
class _End:
    """One end of an open stroke."""

    stroke: int
    last: bool  # or first
    at: Vector
    out: Vector  # unit direction in which it leaves the stroke
    back: Vector  # the stroke's point one reach before
    reach: float  # px
    most: float  # px


def met(curves: Sequence[Tensor], closed: Sequence[bool], enlarged: Sequence[float], side: int,
        settings: MeetSettings = MeetSettings()) -> list[Tensor]:  # fmt: skip
    """The curves [3s+1, 2], their open ends brought to the strokes that they nearly reach.

    enlarged: how many times closer than the canvas each was seen; it reaches as much less far. side: longer side of the canvas.
    """
    shapes = [curve.double().numpy().copy() for curve in curves]
    rows = [even_places(shape, max(2, round(length_of(shape)) + 1)) for shape in shapes]
    ends = [
        _end(i, last, rows[i], settings.reach * side / enlarged[i], settings)
        for i, ring in enumerate(closed)
        for last in (False, True)
        if not ring and len(rows[i]) > 3
    ]
    pairs, bounds = _pairs(ends), np.array([(row.min(0), row.max(0)) for row in rows]).reshape(-1, 2, 2)
    places, but = _corners(ends, pairs, settings), _strokes_near(ends, pairs)
    for number, end in enumerate(ends):
        landing = None if number in places else _landing(end, rows, bounds, but[number], settings)
        if landing is not None:
            places[number] = landing
    for number, place in places.items():
        _move(shapes[ends[number].stroke], ends[number].last, place)
    return [torch.from_numpy(shape).to(curve) for shape, curve in zip(shapes, curves, strict=True)]


def _end(stroke: int, last: bool, row: Points, reach: float, settings: MeetSettings) -> _End:
    from_here = row[::-1] if last else row
    steps = min(len(row) - 1, max(2, round(reach)))
    out = from_here[0] - from_here[1 : steps + 1].mean(0)
    out = out / max(float(np.linalg.norm(out)), 1e-9)
    return _End(stroke, last, from_here[0], out, from_here[steps], reach, settings.most * len(row))


def _pairs(ends: Sequence[_End]) -> list[tuple[float, int, int]]:
    """Distance, px, and the numbers of every two ends that one of them may reach; nearest first."""
    points = np.array([end.at for end in ends]).reshape(-1, 2)
    near = zip(*(found.tolist() for found in near_pairs(points, max((end.reach for end in ends), default=0.0))), strict=True)
    return sorted((float(np.linalg.norm(ends[j].at - ends[i].at)), i, j) for i, j in near)


def _corners(ends: Sequence[_End], pairs: Sequence[tuple[float, int, int]], settings: MeetSettings) -> dict[int, Vector]:
    """Where pairs of ends meet, by the ends' numbers; the nearest pairs first."""
    places: dict[int, Vector] = {}
    for gap, i, j in pairs:
        if ends[i].stroke == ends[j].stroke or not settings.touching < gap < min(ends[i].reach, ends[j].reach):
            continue
        place = None if i in places or j in places else _corner(ends[i], ends[j], settings)
        if place is not None:
            places[i] = places[j] = place
    return places


def _corner(one: _End, other: _End, settings: MeetSettings) -> Vector | None:
    """Where two ends meet: where their directions cross, or halfway if they face each other; None where they do not."""
    place = _crossing(one, other, settings)
    if place is None and _face(one, other, settings):
        place = (one.at + other.at) / 2
    if place is None or any(np.linalg.norm(place - end.at) > end.most for end in (one, other)):
        return None
    return place


def _crossing(one: _End, other: _End, settings: MeetSettings) -> Vector | None:
    bridge = other.at - one.at
    turn = _cross(one.out, other.out)
    if abs(turn) < settings.turn:
        return None
    ways = ((one, _cross(bridge, other.out) / turn), (other, _cross(bridge, one.out) / turn))
    near = all(-settings.behind * end.reach < way < end.reach for end, way in ways)
    return one.at + ways[0][1] * one.out if near else None


def _face(one: _End, other: _End, settings: MeetSettings) -> bool:
    """Whether two ends come from opposite sides, and aim at each other or are close."""
    bridge, against = other.at - one.at, float(one.out @ other.out) < 0
    gap = float(np.linalg.norm(bridge))
    aim = min(float(bridge @ one.out), -float(bridge @ other.out)) > settings.ahead * gap
    near, aside = min(one.reach, other.reach), max(abs(_cross(bridge, end.out)) for end in (one, other))
    return against and aside < settings.aside * near and (aim or gap < settings.close * near)


def _cross(one: Vector, other: Vector) -> float:
    return float(one[0] * other[1] - one[1] * other[0])


def _strokes_near(ends: Sequence[_End], pairs: Sequence[tuple[float, int, int]]) -> list[set[int]]:
    """For each end the strokes that end so near that a corner would be made with them, if any; and its own."""
    near = [{end.stroke} for end in ends]
    for gap, i, j in pairs:
        for one, other in ((i, j), (j, i)):
            if gap < ends[one].reach:
                near[one].add(ends[other].stroke)
    return near


def _landing(end: _End, rows: Sequence[Points], bounds: Bounds, but: set[int], settings: MeetSettings) -> Vector | None:
    """The point of a stroke, but of some, that an end runs up to; None if there is none, or if it is on one already."""
    best, cost = None, np.inf
    near = ((bounds[:, 0] <= end.at + end.reach) & (bounds[:, 1] >= end.at - end.reach)).all(1)
    for i in np.flatnonzero(near).tolist():
        if i == end.stroke:
            continue
        row = rows[i]
        way = row - end.at
        gap = np.linalg.norm(way, axis=1)
        if gap.min() < settings.touching:
            return None
        if i in but:
            continue
        ahead, aside = (way @ end.out) / gap, np.abs(way[:, 0] * end.out[1] - way[:, 1] * end.out[0])
        reached = (gap < min(end.reach, end.most)) & (ahead > settings.ahead) & (aside < settings.aside * end.reach)
        beside = np.linalg.norm(row - end.back, axis=1).min() < gap.min() + settings.comes * end.reach
        if beside or not reached.any():
            continue
        detour = np.where(reached, gap / ahead.clip(settings.ahead) ** 2, np.inf)
        if detour.min() < cost:
            best, cost = row[int(detour.argmin())], float(detour.min())
    return best


def _move(shape: Points, last: bool, place: Vector) -> None:
    """Moves an end of a curve: its last cubic runs on, or ends sooner, and is bent by what is left then."""
    cubic = shape[-4:] if last else shape[3::-1]  # ends at its last point
    parts = np.linspace(*PARTS, 81)
    on = basis_at(parts, 4) @ cubic
    longer = _until(cubic, float(parts[np.linalg.norm(on - place, axis=1).argmin()]))
    longer[2:] += place - longer[3]
    cubic[:] = longer


def _until(cubic: Points, part: float) -> Points:
    """The cubic from its start to the parameter `part`, which may lie beyond its end (de Casteljau)."""
    rows = [cubic]
    while len(rows[-1]) > 1:
        rows.append(rows[-1][:-1] + part * (rows[-1][1:] - rows[-1][:-1]))
    return np.stack([row[0] for row in rows])
