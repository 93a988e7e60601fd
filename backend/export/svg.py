"""A drawing as an SVG file of its own: strokes as strokes, layers that Inkscape knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol
from xml.sax.saxutils import escape, quoteattr

from backend.export.paths import path_data

STYLESKETCH = "https://stylesketch.org/ns/1"
INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"


class PathLike(Protocol):
    """A stroke in source px."""

    @property
    def id(self) -> str: ...
    @property
    def points(self) -> Sequence[tuple[float, float]]: ...
    @property
    def closed(self) -> bool: ...
    @property
    def widths(self) -> Sequence[float]: ...
    @property
    def color(self) -> str: ...
    @property
    def opacity(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def importance(self) -> float: ...
    @property
    def index(self) -> int: ...


class LayerLike(Protocol):
    """Strokes under one name."""

    @property
    def name(self) -> str: ...
    @property
    def paths(self) -> Sequence[PathLike]: ...


class DrawingLike(Protocol):
    """Layers over a picture of width × height px."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def layers(self) -> Sequence[LayerLike]: ...
    @property
    def run(self) -> str: ...


def drawing_svg(drawing: DrawingLike, title: str = "", facts: Mapping[str, str] | None = None) -> str:
    """The text of the file. One user unit is one source pixel; the background is transparent.

    facts: how the drawing came about (recipe, seed, style, …), written as attributes of the namespace STYLESKETCH.
    A stroke whose width varies is drawn at its mean width; the knots stand in `stylesketch:widths`.
    """
    return "\n".join(_lines(drawing, title, facts or {})) + "\n"


def _lines(drawing: DrawingLike, title: str, facts: Mapping[str, str]) -> Iterator[str]:
    size = f'width="{drawing.width}" height="{drawing.height}" viewBox="0 0 {drawing.width} {drawing.height}"'
    told = "".join(f" stylesketch:{name}={quoteattr(_clean(value))}" for name, value in facts.items())
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="{INKSCAPE}" xmlns:stylesketch="{STYLESKETCH}"'
    yield f"     {size}{told}>"
    if title:
        yield f"  <title>{escape(_clean(title))}</title>"
    for number, layer in enumerate(drawing.layers):
        label = quoteattr(_clean(layer.name))
        yield f'  <g id="ss-{drawing.run}-l{number}" inkscape:groupmode="layer" inkscape:label={label}'
        yield '     fill="none" stroke-linecap="round" stroke-linejoin="round">'
        yield from (f"    {_path(path)}" for path in layer.paths)
        yield "  </g>"
    yield "</svg>"


def _path(path: PathLike) -> str:
    width = sum(path.widths) / len(path.widths)
    attributes = {
        "id": path.id,
        "d": path_data(list(path.points), path.closed),
        "stroke": path.color,
        "stroke-width": f"{width:.6g}",
        "stroke-opacity": f"{path.opacity:g}",
        "stylesketch:index": str(path.index),
        "stylesketch:importance": f"{path.importance:g}",
        "stylesketch:kind": path.kind,
        "stylesketch:region": path.region,
    }
    if path.opacity == 1:
        del attributes["stroke-opacity"]
    if len(path.widths) > 1:
        attributes["stylesketch:widths"] = " ".join(f"{value:g}" for value in path.widths)
    return "<path " + " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items()) + "/>"


def _clean(text: str) -> str:
    """Text without the characters that XML 1.0 cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff")
