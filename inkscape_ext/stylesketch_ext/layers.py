"""A finished sketch as a layer of editable paths over the picture."""

import math
from typing import Dict, Set

import inkex

from stylesketch_ext.placement import Box, Placement
from stylesketch_ext.subjects import Subject
from stylesketch_ext.wire import codec
from stylesketch_ext.wire.messages import LayerData, PathData, SketchResult

NAMESPACE = "https://stylesketch.org/ns/1"
PREFIX = "stylesketch"
PRECISION = 0.001  # source px; the accuracy of written coordinates


def add_sketch(svg: inkex.BaseElement, result: SketchResult, subject: Subject, placement: Placement) -> inkex.Layer:
    """Put `result` into the document: one top-level layer without a transform, directly above the one of
    what it shows.

    A group for each region, a path for each stroke, in the order given.
    """
    taken = {element.get("id") for element in svg.iter() if element.get("id")}
    layer = inkex.Layer(nsmap={PREFIX: NAMESPACE})
    svg.insert(svg.index(subject.chain[0]) + 1, layer)
    layer.set("inkscape:groupmode", "layer")
    layer.set("inkscape:label", "%s — %s (StyleSketch)" % (result.title or subject.name, result.style_title))
    layer.set("id", unique("ss-%s" % result.drawing.run, taken))
    _describe(layer, result)
    for region in result.drawing.layers:
        _add_region(layer, region, placement, taken, result.drawing.run)
    if placement.crop:
        _clip(svg, layer, placement, placement.crop, taken)
    return layer


def path_data(path: PathData, placement: Placement) -> str:
    """The `d` of a stroke in user units, as accurate as PRECISION needs."""
    decimals = min(9, max(0, math.ceil(-math.log10(placement.scale * PRECISION))))
    points = [" ".join(_number(v, decimals) for v in placement.point(x, y)) for x, y in path.points]
    if not points:
        return ""
    return "M %s%s%s" % (points[0], " C " + " ".join(points[1:]) if len(points) > 1 else "", " Z" if path.closed else "")


def path_style(path: PathData, placement: Placement) -> Dict[str, str]:
    """A pen line. A stroke of changing width gets its mean: an SVG path has just one."""
    width = sum(path.widths) / len(path.widths) if path.widths else 1.0
    style = {
        "fill": "none",
        "stroke": path.color,
        "stroke-width": "%.6g" % (width * placement.scale),
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
    }
    if path.opacity < 1:
        style["stroke-opacity"] = "%.4g" % path.opacity
    return style


def unique(wanted: str, taken: Set[str]) -> str:
    """`wanted`, or with the first free number behind it; it counts as taken afterwards."""
    name, number = wanted, 2
    while name in taken:
        name, number = "%s-%d" % (wanted, number), number + 1
    taken.add(name)
    return name


def _add_region(layer: inkex.Layer, region: LayerData, placement: Placement, taken: Set[str], run: str) -> None:
    group = inkex.Group()
    layer.append(group)
    group.set("id", unique("ss-%s-%s" % (run, "".join(c if c.isalnum() else "-" for c in region.name)), taken))
    group.set("inkscape:label", region.name)
    for path in region.paths:
        element = inkex.PathElement()
        group.append(element)
        element.set("id", unique(path.id, taken))
        element.set("d", path_data(path, placement))
        element.set("style", ";".join("%s:%s" % pair for pair in path_style(path, placement).items()))
        _mark(element, index=path.index, importance="%.6g" % path.importance, region=path.region, kind=path.kind)


def _describe(layer: inkex.Layer, result: SketchResult) -> None:
    """What is needed to make the same sketch again, and what the user should know about this one."""
    settings = codec.dumps(result.settings)
    _mark(layer, recipe=result.recipe, settings=settings, seed=result.settings.seed, style=result.settings.style)
    _mark(layer, version=result.version, image=result.image, job=result.job, guidance=result.guidance)
    if result.notes:
        note = inkex.Desc()
        note.text = " ".join(result.notes)
        layer.append(note)


def _mark(element: inkex.BaseElement, **values: object) -> None:
    for name, value in values.items():
        element.set("{%s}%s" % (NAMESPACE, name), str(value))


def _clip(svg: inkex.BaseElement, layer: inkex.Layer, placement: Placement, crop: Box, taken: Set[str]) -> None:
    """Strokes beyond the part of the picture that shows do not show either."""
    corners = [(crop.x, crop.y), (crop.x + crop.width, crop.y)]
    corners += [(crop.x + crop.width, crop.y + crop.height), (crop.x, crop.y + crop.height)]
    clip = inkex.ClipPath()
    svg.defs.append(clip)
    clip.set("id", unique(layer.get("id") + "-clip", taken))
    outline = inkex.PathElement()
    clip.append(outline)
    outline.set("id", unique(layer.get("id") + "-outline", taken))
    outline.set("d", "M " + " L ".join("%.9g %.9g" % placement.point(x, y) for x, y in corners) + " Z")
    layer.set("clip-path", "url(#%s)" % clip.get("id"))


def _number(value: float, decimals: int) -> str:
    text = "%.*f" % (decimals, value)
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
