"""A drawing as plain path data in source pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backend.core.drawing import Drawing, Layer

DECIMALS = 3


@dataclass(frozen=True)
class Path:
    """One stroke in source px; points are the 3S+1 control points of S cubic segments."""

    points: tuple[tuple[float, float], ...]
    closed: bool
    widths: tuple[float, ...]
    color: str  # "#rrggbb"
    opacity: float
    kind: str
    region: str
    importance: float
    index: int  # place in its drawing, 0 = most important


def layer_paths(layer: Layer, ranks: Sequence[int] | None = None) -> Iterator[Path]:
    """The strokes of a layer as paths; `ranks` are their places in their drawing, by default those in their layer."""
    strokes, framing = layer.strokes.to("cpu"), layer.framing
    for i, note in enumerate(layer.notes):
        points = framing.to_source(strokes.curve(i).double()).tolist()
        yield Path(
            points=tuple((round(x, DECIMALS), round(y, DECIMALS)) for x, y in points),
            closed=bool(strokes.closed[i]),
            widths=tuple(round(width / framing.scale, DECIMALS) for width in strokes.widths[i].tolist()),
            color="#" + "".join(f"{round(255 * min(1.0, max(0.0, c))):02x}" for c in strokes.colors[i].tolist()),
            opacity=round(float(strokes.opacities[i]), DECIMALS),
            kind=note.kind,
            region=note.region,
            importance=round(note.importance, 4),
            index=i if ranks is None else ranks[i],
        )


def drawing_paths(drawing: Drawing) -> list[tuple[str, list[Path]]]:
    """Every layer's name and paths, bottom layer first."""
    return [(layer.name, list(layer_paths(layer, ranks))) for layer, ranks in zip(drawing.layers, drawing.ranks(), strict=True)]


def path_data(points: tuple[tuple[float, float], ...] | list[tuple[float, float]], closed: bool) -> str:
    """The `d` attribute of a poly-Bézier."""
    start, *rest = (f"{_number(x)},{_number(y)}" for x, y in points)
    return f"M {start} C {' '.join(rest)}" + (" Z" if closed else "")


def _number(value: float) -> str:
    return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
