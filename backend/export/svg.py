"""A drawing as an SVG file of its own: strokes as strokes, layers that Inkscape knows.

A stroke whose width changes is its outline, filled, so that every program shows it; for Inkscape it is still a middle line
under the PowerStroke effect, whose nodes and widths can be edited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol
from xml.sax.saxutils import escape, quoteattr

from backend.export.paths import path_data

STYLESKETCH = "https://stylesketch.org/ns/1"
INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
SODIPODI = "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
WHITE = "#ffffff"

Point = tuple[float, float]

POWER_STROKE = {  # as Inkscape 1.2 to 1.4 write it; its "Linear" fails on some long lines
    "effect": "powerstroke",
    "is_visible": "true",
    "lpeversion": "1.3",
    "scale_width": "1",
    "interpolator_type": "CentripetalCatmullRom",
    "interpolator_beta": "0.2",
    "start_linecap_type": "round",
    "end_linecap_type": "round",
    "linejoin_type": "round",
    "miter_limit": "4",
    "not_jump": "false",
    "sort_points": "true",
}
FILTER = {"x": "-0.15", "y": "-0.15", "width": "1.3", "height": "1.3", "color-interpolation-filters": "sRGB"}


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
    @property
    def profile(self) -> Sequence[tuple[float, float]]: ...
    @property
    def outline(self) -> Sequence[Sequence[Point]]: ...


class LayerLike(Protocol):
    """Strokes under one name."""

    @property
    def name(self) -> str: ...
    @property
    def paths(self) -> Sequence[PathLike]: ...


class StepLike(Protocol):
    """A primitive of a filter; its lengths are source px."""

    @property
    def name(self) -> str: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...


class TextureLike(Protocol):
    """A filter to be laid over the strokes."""

    @property
    def kind(self) -> str: ...
    @property
    def steps(self) -> Sequence[StepLike]: ...


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
    @property
    def paper(self) -> str: ...
    @property
    def texture(self) -> TextureLike | None: ...


def drawing_svg(
    drawing: DrawingLike, title: str = "", facts: Mapping[str, str] | None = None, before: Iterable[str] = ()
) -> str:
    """The text of the file. One user unit is one source pixel; without a paper of another color the background is transparent.

    facts: how the drawing came about (recipe, seed, style, …), written as attributes of the namespace STYLESKETCH.
    before: lines of elements that come before the drawing.
    """
    return "\n".join(_lines(drawing, title, facts or {}, before)) + "\n"


def _lines(drawing: DrawingLike, title: str, facts: Mapping[str, str], before: Iterable[str]) -> Iterator[str]:
    size = f'width="{drawing.width}" height="{drawing.height}" viewBox="0 0 {drawing.width} {drawing.height}"'
    told = "".join(f" stylesketch:{name}={quoteattr(_clean(value))}" for name, value in facts.items())
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="{INKSCAPE}" xmlns:sodipodi="{SODIPODI}"'
    yield f'     xmlns:stylesketch="{STYLESKETCH}"'
    yield f"     {size}{told}>"
    if title:
        yield f"  <title>{escape(_clean(title))}</title>"
    yield from before
    yield from drawing_lines(drawing)
    yield "</svg>"


def drawing_lines(drawing: DrawingLike) -> Iterator[str]:
    """The elements of a drawing, line by line, for a file with the name spaces of `drawing_svg`; their ids hold its run."""
    yield from _definitions(drawing)
    yield from _paper(drawing)
    look = f' style="filter:url(#{_texture_id(drawing)})"' if drawing.texture else ""
    for number, layer in enumerate(drawing.layers):
        label = quoteattr(_clean(layer.name))
        yield f'  <g id="ss-{drawing.run}-l{number}" inkscape:groupmode="layer" inkscape:label={label}'
        yield f'     fill="none" stroke-linecap="round" stroke-linejoin="round"{look if layer.paths else ""}>'
        yield from (f"    {_path(path)}" for path in layer.paths)
        yield "  </g>"


def _definitions(drawing: DrawingLike) -> Iterator[str]:
    """The filter of the texture, and the effects of the strokes whose width changes."""
    effects = [_effect(path) for layer in drawing.layers for path in layer.paths if path.profile]
    if not (effects or drawing.texture):
        return
    yield "  <defs>"
    if drawing.texture:
        yield f'    <filter id="{_texture_id(drawing)}" inkscape:label={quoteattr(drawing.texture.kind)}'
        yield f"       {_attributes(FILTER)}>"
        yield from (f"      <{step.name} {_attributes(step.attributes)}/>" for step in drawing.texture.steps)
        yield "    </filter>"
    yield from (f"    {effect}" for effect in effects)
    yield "  </defs>"


def _paper(drawing: DrawingLike) -> Iterator[str]:
    """Paper of another color than white, in a layer of its own that is locked."""
    if drawing.paper != WHITE:
        yield f'  <g id="ss-{drawing.run}-paper" inkscape:groupmode="layer" inkscape:label="paper" sodipodi:insensitive="true">'
        yield f'    <rect id="ss-{drawing.run}-paper-color" width="{drawing.width}" height="{drawing.height}"'
        yield f'          fill="{drawing.paper}"/>'
        yield "  </g>"


def _texture_id(drawing: DrawingLike) -> str:
    return f"ss-{drawing.run}-texture"


def _effect(path: PathLike) -> str:
    """Inkscape's PowerStroke; its widths are half widths."""
    points = " | ".join(f"{place:g},{width / 2:g}" for place, width in path.profile)
    return f"<inkscape:path-effect {_attributes({'id': f'{path.id}-width', **POWER_STROKE, 'offset_points': points})}/>"


def _path(path: PathLike) -> str:
    attributes = {"id": path.id, **(_filled(path) if path.profile else _stroked(path))}
    attributes.update(
        {
            "stylesketch:index": str(path.index),
            "stylesketch:importance": f"{path.importance:g}",
            "stylesketch:kind": path.kind,
            "stylesketch:region": path.region,
        }
    )
    if len(path.widths) > 1:
        attributes["stylesketch:widths"] = " ".join(f"{value:g}" for value in path.widths)
    return f"<path {_attributes(attributes)}/>"


def _filled(path: PathLike) -> dict[str, str]:
    """A stroke of changing width."""
    faint = {} if path.opacity == 1 else {"opacity": f"{path.opacity:g}"}
    return {
        "d": " ".join(path_data(list(ring), True) for ring in path.outline),
        "inkscape:original-d": path_data(list(path.points), path.closed),
        "inkscape:path-effect": f"#{path.id}-width",
        "fill": path.color,
        **faint,
    }


def _stroked(path: PathLike) -> dict[str, str]:
    width = sum(path.widths) / len(path.widths)
    faint = {} if path.opacity == 1 else {"stroke-opacity": f"{path.opacity:g}"}
    return {"d": path_data(list(path.points), path.closed), "stroke": path.color, "stroke-width": f"{width:.6g}", **faint}


def _attributes(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(value)}" for name, value in values.items())


def _clean(text: str) -> str:
    """Text without the characters that XML 1.0 cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff")
