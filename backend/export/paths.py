"""A drawing as plain path data in source pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backend.core.drawing import Drawing, Layer
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.export.lines import Line, Points
from backend.export.outline import outlines, profile, varies

DECIMALS = 3
OUTLINE_DECIMALS = 2

Point = tuple[float, float]


@dataclass(frozen=True)
class Path:
    """One stroke in source px; points are the 3S+1 control points of S cubic segments."""

    points: tuple[Point, ...]
    closed: bool
    widths: tuple[float, ...]  # full width at knots evenly spaced in the parameter; one: constant
    color: str  # "#rrggbb"
    opacity: float
    kind: str
    region: str
    importance: float
    index: int  # place in its drawing, 0 = most important
    profile: tuple[tuple[float, float], ...] = ()  # (place in segments, full width), straight between; empty: constant width
    outline: tuple[
        tuple[Point, ...], ...
    ] = ()  # closed poly-Béziers whose nonzero filling is the stroke; empty: constant width


def layer_paths(layer: Layer, ranks: Sequence[int] | None = None) -> Iterator[Path]:
    """The strokes of a layer as paths; `ranks` are their places in their drawing, by default those in their layer."""
    strokes, framing = layer.strokes.to("cpu"), layer.framing
    lines = [_line(strokes, framing, i) for i in range(len(strokes))]
    for i, (note, line, shape) in enumerate(zip(layer.notes, lines, _shapes(lines), strict=True)):
        widths = line.widths if line.extent else line.widths.max(keepdims=True)  # a dot is as wide as its widest knot
        yield Path(
            points=_rounded(line.points, DECIMALS),
            closed=line.closed,
            widths=tuple(round(float(width), DECIMALS) for width in widths),
            color="#" + "".join(f"{round(255 * min(1.0, max(0.0, c))):02x}" for c in strokes.colors[i].tolist()),
            opacity=round(float(strokes.opacities[i]), DECIMALS),
            kind=note.kind,
            region=note.region,
            importance=round(note.importance, 4),
            index=i if ranks is None else ranks[i],
            profile=shape.profile,
            outline=shape.outline,
        )


def _line(strokes: Strokes, framing: Framing, i: int) -> Line:
    points = framing.to_source(strokes.curve(i).detach().double()).numpy()
    return Line(points, (strokes.widths[i].detach().double() / framing.scale).numpy(), bool(strokes.closed[i]))


class _Shape(NamedTuple):
    profile: tuple[tuple[float, float], ...] = ()
    outline: tuple[tuple[Point, ...], ...] = ()


def _shapes(lines: list[Line]) -> list[_Shape]:
    """Profile and outline of each line, empty where one width is enough."""
    wide = [i for i, line in enumerate(lines) if varies(line.widths.tolist()) and line.extent > 0]
    shapes = [_Shape()] * len(lines)
    for i, rings in zip(wide, outlines([lines[i] for i in wide]), strict=True):
        knots = profile(lines[i].widths.tolist(), lines[i].segments)
        places = tuple((round(place, 4), round(width, DECIMALS)) for place, width in knots)
        shapes[i] = _Shape(places, tuple(_rounded(ring, OUTLINE_DECIMALS) for ring in rings))
    return shapes


def _rounded(points: Points, decimals: int) -> tuple[Point, ...]:
    return tuple((x, y) for x, y in (points.round(decimals) + 0.0).tolist())


def drawing_paths(drawing: Drawing) -> list[tuple[str, list[Path]]]:
    """Every layer's name and paths, bottom layer first."""
    return [(layer.name, list(layer_paths(layer, ranks))) for layer, ranks in zip(drawing.layers, drawing.ranks(), strict=True)]


def path_data(points: tuple[tuple[float, float], ...] | list[tuple[float, float]], closed: bool) -> str:
    """The `d` attribute of a poly-Bézier."""
    start, *rest = (f"{_number(x)},{_number(y)}" for x, y in points)
    return f"M {start} C {' '.join(rest)}" + (" Z" if closed else "")


def _number(value: float) -> str:
    return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
