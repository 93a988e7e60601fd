"""Strokes cut where something hides them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from backend.core.strokes import Strokes

Bits = npt.NDArray[np.bool_]  # [H, W]
Points = npt.NDArray[np.float64]
Range = tuple[float, float]  # of a poly-Bézier's parameter, 0 … S

HALVINGS = 52  # of an interval of the parameter: as exact as a float is


@dataclass(frozen=True)
class Part:
    """What is seen of a stroke: ranges of its parameter that follow each other."""

    source: int  # index of the stroke
    ranges: tuple[Range, ...]


def clip_outside(strokes: Strokes, hidden: Bits, least: float = 0.0) -> tuple[Strokes, list[int]]:
    """The parts of strokes that lie outside a mask, as strokes of their own, and the index of the stroke each is a part of.

    hidden: [H, W]; the pixel at column x and row y hides x … x+1, y … y+1 of the strokes' plane; nothing is hidden beyond it.
    least: parts shorter than this are dropped, px. A stroke that nothing hides stays as it is.
    The curves themselves are cut (de Casteljau), where they cross the borders of pixels.
    """
    curves = [strokes.curve(i).double().cpu().numpy() for i in range(len(strokes))]
    parts, cuts = [], []
    for i, seen in enumerate(visible_ranges(curves, hidden)):
        segments = int(strokes.segments[i])
        whole = seen == [(0.0, float(segments))]
        for ranges in [tuple(seen)] if whole else _chains(seen, bool(strokes.closed[i]), segments):
            cut = curves[i] if whole else _between(curves[i], ranges)
            if whole or _length(cut) >= least:
                parts.append(Part(i, ranges))
                cuts.append(torch.from_numpy(cut).to(strokes.points))
    return _rebuilt(strokes, parts, cuts), [part.source for part in parts]


def visible_ranges(curves: Sequence[Points], hidden: Bits) -> list[list[Range]]:
    """Where in 0 … S each poly-Bézier [3S+1, 2] lies outside the mask [H, W]; neighboring ranges are joined."""
    cubics = np.array([curve[3 * k : 3 * k + 4] for curve in curves for k in range(len(curve) // 3)]).reshape(-1, 4, 2)
    near = [i for i, cubic in enumerate(cubics) if _may_be_hidden(cubic, hidden)]
    bounds = dict(zip(near, _bounds(cubics[near]), strict=True))
    seen, first = [], 0
    for curve in curves:
        ranges: list[Range] = []
        for k in range(len(curve) // 3):
            here = _visible(cubics[first + k], bounds[first + k], hidden) if first + k in bounds else [(0.0, 1.0)]
            for start, end in here:
                if ranges and ranges[-1][1] == k + start:
                    ranges[-1] = (ranges[-1][0], k + end)
                else:
                    ranges.append((k + start, k + end))
        seen.append(ranges)
        first += len(curve) // 3
    return seen


def _may_be_hidden(cubic: Points, hidden: Bits) -> bool:
    (left, top), (right, bottom) = np.floor(cubic.min(0)).astype(int), np.floor(cubic.max(0)).astype(int) + 1
    return bool(hidden[max(0, top) : max(0, bottom), max(0, left) : max(0, right)].any())


def _visible(cubic: Points, bounds: Points, hidden: Bits) -> list[Range]:
    """Ranges of one cubic, of which each pair of `bounds` embraces what lies in one pixel."""
    height, width = hidden.shape
    middles = (bounds[:-1] + bounds[1:]) / 2
    x, y = np.floor(_at(cubic[None], middles[None])[0]).astype(int).T
    within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    seen = ~(within & hidden[y.clip(0, height - 1), x.clip(0, width - 1)])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(int)))
    return [(float(bounds[a]), float(bounds[b])) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _bounds(cubics: Points) -> list[Points]:
    """Of each cubic [M, 4, 2] the parameters where it passes from one pixel to another, with 0 and 1."""
    owners, found = [np.arange(len(cubics)).repeat(2)], [np.tile([0.0, 1.0], len(cubics))]
    for axis in (0, 1):
        owner, crossing = _crossings(cubics[..., axis])
        owners.append(owner)
        found.append(crossing)
    owner, parameter = np.concatenate(owners), np.concatenate(found)
    order = np.lexsort((parameter, owner))
    splits = np.searchsorted(owner[order], np.arange(1, len(cubics)))
    return [np.unique(row) for row in np.split(parameter[order], splits)][: len(cubics)]


def _crossings(values: Points) -> tuple[npt.NDArray[np.int64], Points]:
    """Where cubics with control values [M, 4] pass whole numbers: whose crossing, and its parameter in 0 … 1."""
    bounds = np.sort(np.concatenate([np.zeros((len(values), 1)), _turns(values), np.ones((len(values), 1))], 1), 1)
    height = _at(values, bounds)
    first, last = height[:, :-1].ravel(), height[:, 1:].ravel()
    low, high = np.ceil(np.minimum(first, last)), np.floor(np.maximum(first, last))
    count = np.maximum(high - low + 1, 0).astype(int)
    which = np.arange(len(count)).repeat(count)
    goals = low[which] + np.arange(len(which)) - (np.cumsum(count) - count)[which]
    before, after = bounds[:, :-1].ravel()[which], bounds[:, 1:].ravel()[which]
    control, rising = values[which // 3], (last >= first)[which]
    for _ in range(HALVINGS):
        middle = (before + after) / 2
        early = (_at(control, middle[:, None])[:, 0] < goals) == rising
        before, after = np.where(early, middle, before), np.where(early, after, middle)
    return which // 3, (before + after) / 2


def _turns(values: Points) -> Points:
    """Parameters [M, 2] where cubics with control values [M, 4] turn back, 0 where they do not."""
    a, b, c = 3 * np.diff(values).T
    two, one = a - 2 * b + c, 2 * (b - a)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = -0.5 * (one + np.where(one < 0, -1.0, 1.0) * np.sqrt(one * one - 4 * two * a))
        turns = np.stack([half / two, a / half], 1)
    return np.where((turns > 0) & (turns < 1), turns, 0.0)


def _at(control: Points, t: Points) -> Points:
    """Cubics with control points [M, 4, …] at parameters [M, T]: [M, T, …]."""
    s = 1 - t
    weights = np.stack([s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t], -1)
    return np.einsum("mtk,mk...->mt...", weights, control)


def _chains(ranges: Sequence[Range], closed: bool, segments: int) -> list[tuple[Range, ...]]:
    """Each range by itself, but the last and the first of a closed curve as one, across its seam."""
    if closed and len(ranges) > 1 and ranges[0][0] == 0 and ranges[-1][1] == segments:
        return [(ranges[-1], ranges[0]), *((each,) for each in ranges[1:-1])]
    return [(each,) for each in ranges]


def _between(curve: Points, ranges: Sequence[Range]) -> Points:
    """The poly-Bézier [3s+1, 2] of the ranges one after the other."""
    cubics = [_part(curve[3 * k : 3 * k + 4], a - k, b - k) for k, a, b in _pieces(ranges)]
    return np.concatenate([cubics[0][:1], *(cubic[1:] for cubic in cubics)])


def _pieces(ranges: Sequence[Range]) -> list[tuple[int, float, float]]:
    """The ranges, split where one segment ends and the next begins: its number, and from where to where."""
    pieces = []
    for start, end in ranges:
        for k in range(int(np.floor(start)), int(np.ceil(end))):
            pieces.append((k, max(start, float(k)), min(end, float(k + 1))))
    return pieces


def _part(cubic: Points, a: float, b: float) -> Points:
    """The control points [4, 2] of a cubic between two of its parameters, by blossoming."""

    def blossom(*parameters: float) -> Points:
        points = cubic
        for t in parameters:
            points = (1 - t) * points[:-1] + t * points[1:]
        return points[0]

    return np.stack([blossom(a, a, a), blossom(a, a, b), blossom(a, b, b), blossom(b, b, b)])


def _length(curve: Points) -> float:
    cubics = np.array([curve[k : k + 4] for k in range(0, len(curve) - 1, 3)])
    points = _at(cubics, np.broadcast_to(np.linspace(0, 1, 9), (len(cubics), 9)))
    return float(np.linalg.norm(np.diff(points, axis=1), axis=2).sum())


def _rebuilt(strokes: Strokes, parts: Sequence[Part], curves: Sequence[torch.Tensor]) -> Strokes:
    whole = [part.ranges == ((0.0, float(strokes.segments[part.source])),) for part in parts]
    closed = [bool(strokes.closed[part.source]) and uncut for part, uncut in zip(parts, whole, strict=True)]
    rebuilt = Strokes.build(curves, 1.0, closed=closed)
    index = torch.tensor([part.source for part in parts], dtype=torch.long)
    widths = [_widths(strokes, part, uncut) for part, uncut in zip(parts, whole, strict=True)]
    return Strokes(
        points=rebuilt.points.to(strokes.points),
        segments=rebuilt.segments.to(strokes.segments.device),
        closed=rebuilt.closed.to(strokes.closed.device),
        widths=torch.stack(widths) if widths else strokes.widths[:0],
        colors=strokes.colors[index],
        opacities=strokes.opacities[index],
    )


def _widths(strokes: Strokes, part: Part, whole: bool) -> torch.Tensor:
    """The widths [K] of a part at its own knots."""
    widths = strokes.widths[part.source]
    if whole or len(widths) == 1:
        return widths
    pieces = _pieces(part.ranges)
    place = np.linspace(0, len(pieces), len(widths))
    which = np.minimum(place.astype(int), len(pieces) - 1)
    starts, ends = np.array([a for _, a, _ in pieces]), np.array([b for _, _, b in pieces])
    old = starts[which] + (place - which) * (ends - starts)[which]
    knots = np.linspace(0, float(strokes.segments[part.source]), len(widths))
    return torch.from_numpy(np.interp(old, knots, widths.double().cpu().numpy())).to(widths)
