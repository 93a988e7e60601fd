"""A finished sketch as a layer of editable paths over the picture."""

import math
from typing import Dict, List, Sequence, Set, Tuple

import inkex

from stylesketch_ext.placement import Box, Placement
from stylesketch_ext.subjects import Subject
from stylesketch_ext.wire import codec
from stylesketch_ext.wire.messages import DrawingData, LayerData, PathData, SketchResult
from stylesketch_ext.words import _

NAMESPACE = "https://stylesketch.org/ns/1"
PREFIX = "stylesketch"
PRECISION = 0.001  # source px; the accuracy of written coordinates
LIGHT_PAPER = 0.85  # from this lightness on, the document's own page serves as paper

POWER_STROKE = {  # Inkscape's effect, as 1.2 to 1.4 write it
    "effect": "powerstroke",
    "is_visible": "true",
    "lpeversion": "1.3",
    "scale_width": "1",
    "interpolator_type": "CentripetalCatmullRom",  # "Linear" fails on some long lines
    "interpolator_beta": "0.2",
    "start_linecap_type": "round",
    "end_linecap_type": "round",
    "linejoin_type": "round",
    "miter_limit": "4",
    "not_jump": "false",
    "sort_points": "true",
}
FILTER = {"x": "-0.15", "y": "-0.15", "width": "1.3", "height": "1.3", "color-interpolation-filters": "sRGB"}
LENGTHS = {"scale": 1, "stdDeviation": 1, "baseFrequency": -1}  # attributes of filters in source px, and in 1 / source px

Point = Tuple[float, float]


def add_sketch(svg: inkex.BaseElement, result: SketchResult, subject: Subject, placement: Placement) -> inkex.Layer:
    """Put `result` into the document: one top-level layer without a transform, directly above the one of
    what it shows.

    A group for each region, a path for each stroke, in the order given; under them the paper, if it is not light.
    """
    taken = ids(svg)
    layer = _top_layer(svg, result, subject, taken)
    _fill(svg, layer, result, placement, taken)
    return layer


def add_plane(
    svg: inkex.BaseElement, plane: Sequence[SketchResult], chosen: Tuple[float, float], subject: Subject, placement: Placement
) -> inkex.Layer:
    """Put sketches of one picture into the document: a layer as of `add_sketch` with a layer of its own for each of them.

    Only the one nearest to `chosen` (fidelity, simplicity) is visible. The first in the list lies on top.
    """
    taken = ids(svg)
    layer = _top_layer(svg, plane[0], subject, taken)
    shown = min(plane, key=lambda sketch: _distance(sketch, chosen))
    for sketch in reversed(plane):
        part = inkex.Layer()
        layer.append(part)
        part.set("inkscape:groupmode", "layer")
        settings = sketch.settings
        part.set("inkscape:label", _("fidelity %.2g, simplicity %.2g") % (settings.fidelity, settings.simplicity))
        part.set("id", unique("ss-%s-part" % sketch.drawing.run, taken))
        if sketch is not shown:
            part.set("style", "display:none")
        _fill(svg, part, sketch, placement, taken)
    return layer


def _distance(sketch: SketchResult, place: Tuple[float, float]) -> float:
    """How far a sketch is from a place on the plane; a row weighs more than a column."""
    return 10 * abs(sketch.settings.fidelity - place[0]) + abs(sketch.settings.simplicity - place[1])


def ids(svg: inkex.BaseElement) -> Set[str]:
    """All that are taken in a document."""
    return {element.get("id") for element in svg.iter() if element.get("id")}


def _top_layer(svg: inkex.BaseElement, result: SketchResult, subject: Subject, taken: Set[str]) -> inkex.Layer:
    layer = inkex.Layer(nsmap={PREFIX: NAMESPACE})
    svg.insert(svg.index(subject.chain[0]) + 1, layer)
    layer.set("inkscape:groupmode", "layer")
    layer.set("inkscape:label", "%s — %s (StyleSketch)" % (result.title or subject.name, result.style_title))
    layer.set("id", unique("ss-%s" % result.drawing.run, taken))
    return layer


def _fill(svg: inkex.BaseElement, layer: inkex.Layer, result: SketchResult, placement: Placement, taken: Set[str]) -> None:
    _describe(layer, result, placement)
    _add_paper(layer, result.drawing, placement, taken)
    look = _add_texture(svg, result.drawing, placement, taken)
    for region in result.drawing.layers:
        group = _add_region(svg, layer, region, placement, taken, result.drawing.run)
        if look and region.paths:
            group.set("style", "filter:url(#%s)" % look)
    if placement.crop:
        clip(svg, layer, placement, placement.crop, taken)


def path_data(path: PathData, placement: Placement) -> str:
    """The `d` of a stroke's middle line in user units."""
    return _curve(path.points, path.closed, placement)


def outline_data(path: PathData, placement: Placement) -> str:
    """The `d` of a stroke of changing width, to be filled."""
    return " ".join(_curve(ring, True, placement) for ring in path.outline)


def path_style(path: PathData, placement: Placement) -> Dict[str, str]:
    """A pen line of one width, or the filling of one whose width changes."""
    joins = {"stroke-linecap": "round", "stroke-linejoin": "round"}  # of a filled one too: what is left without its effect
    if path.profile:
        faint = {"opacity": "%.4g" % path.opacity} if path.opacity < 1 else {}
        return dict({"fill": path.color, "fill-rule": "nonzero", "stroke": "none"}, **joins, **faint)
    faint = {"stroke-opacity": "%.4g" % path.opacity} if path.opacity < 1 else {}
    width = sum(path.widths) / len(path.widths) if path.widths else 1.0
    style = {"fill": "none", "stroke": path.color, "stroke-width": "%.6g" % (width * placement.scale)}
    return dict(style, **joins, **faint)


def power_stroke(path: PathData, placement: Placement) -> Dict[str, str]:
    """The attributes of Inkscape's effect for a stroke of changing width; it counts half widths."""
    half = placement.scale / 2
    return dict(POWER_STROKE, offset_points=" | ".join("%.6g,%.6g" % (place, width * half) for place, width in path.profile))


def unique(wanted: str, taken: Set[str]) -> str:
    """`wanted`, or with the first free number behind it; it counts as taken afterwards."""
    name, number = wanted, 2
    while name in taken:
        name, number = "%s-%d" % (wanted, number), number + 1
    taken.add(name)
    return name


def _add_region(
    svg: inkex.BaseElement, layer: inkex.Layer, region: LayerData, placement: Placement, taken: Set[str], run: str
) -> inkex.Group:
    group = inkex.Group()
    layer.append(group)
    group.set("id", unique("ss-%s-%s" % (run, "".join(c if c.isalnum() else "-" for c in region.name)), taken))
    group.set("inkscape:label", region.name)
    for path in region.paths:
        element = inkex.PathElement()
        group.append(element)
        draw_stroke(svg, element, path, placement, taken)
    return group


def draw_stroke(
    svg: inkex.BaseElement, element: inkex.PathElement, path: PathData, placement: Placement, taken: Set[str]
) -> None:
    """Make an element, which is in the document, a stroke. `placement`: source px → user units of what it lies in."""
    element.set("id", unique(path.id, taken))
    if path.profile:
        element.set("d", outline_data(path, placement))
        _add_effect(svg, element, path, placement, taken)
    else:
        element.set("d", path_data(path, placement))
    element.set("style", ";".join("%s:%s" % pair for pair in path_style(path, placement).items()))
    mark(element, index=path.index, importance="%.6g" % path.importance, region=path.region, kind=path.kind)
    if len(path.widths) > 1:
        mark(element, widths=" ".join("%.6g" % (width * placement.scale) for width in path.widths))


def _add_effect(
    svg: inkex.BaseElement, element: inkex.PathElement, path: PathData, placement: Placement, taken: Set[str]
) -> None:
    """Make a filled outline a middle line for Inkscape, whose nodes and widths can be edited."""
    effect = svg.defs.makeelement(inkex.addNS("path-effect", "inkscape"))
    svg.defs.append(effect)
    effect.set("id", unique(element.get("id") + "-width", taken))
    for name, value in power_stroke(path, placement).items():
        effect.set(name, value)
    element.set("inkscape:original-d", path_data(path, placement))
    element.set("inkscape:path-effect", "#" + effect.get("id"))


def _add_paper(layer: inkex.Layer, drawing: DrawingData, placement: Placement, taken: Set[str]) -> None:
    """A sheet of the paper's color as large as the picture, locked, unless it is light."""
    if sum(int(drawing.paper[i : i + 2], 16) for i in (1, 3, 5)) / (3 * 255) >= LIGHT_PAPER:
        return
    sheet = inkex.PathElement()
    layer.append(sheet)
    sheet.set("id", unique("ss-%s-paper" % drawing.run, taken))
    sheet.set("inkscape:label", "paper")
    sheet.set("sodipodi:insensitive", "true")
    sheet.set("d", rectangle(Box(0, 0, drawing.width, drawing.height), placement))
    sheet.set("style", "fill:%s;stroke:none" % drawing.paper)


def _add_texture(svg: inkex.BaseElement, drawing: DrawingData, placement: Placement, taken: Set[str]) -> str:
    """The filter of the drawing's texture in user units; its id, empty without one."""
    if not drawing.texture:
        return ""
    look = inkex.Filter()
    svg.defs.append(look)
    look.set("id", unique("ss-%s-texture" % drawing.run, taken))
    look.set("inkscape:label", drawing.texture.kind)
    for name, value in FILTER.items():
        look.set(name, value)
    for step in drawing.texture.steps:
        primitive = look.makeelement(inkex.addNS(step.name, "svg"))
        look.append(primitive)
        for name, value in step.attributes.items():
            power = LENGTHS.get(name)
            primitive.set(name, "%.6g" % (float(value) * placement.scale**power) if power else value)
    return str(look.get("id"))


def _describe(layer: inkex.Layer, result: SketchResult, placement: Placement) -> None:
    """What is needed to make the same sketch again, and what the user should know about this one."""
    settings = codec.dumps(result.settings)
    mark(layer, recipe=result.recipe, settings=settings, seed=result.settings.seed, style=result.settings.style)
    mark(layer, placement=" ".join("%.9g" % value for value in placement.matrix.to_hexad()))
    mark(layer, size="%d %d" % (result.drawing.width, result.drawing.height))
    mark(layer, version=result.version, image=result.image, job=result.job, guidance=result.guidance)
    if result.notes:
        note = inkex.Desc()
        note.text = " ".join(result.notes)
        layer.append(note)


def mark(element: inkex.BaseElement, **values: object) -> None:
    """Note facts on an element, as attributes of our namespace."""
    for name, value in values.items():
        element.set("{%s}%s" % (NAMESPACE, name), str(value))


def clip(svg: inkex.BaseElement, layer: inkex.Layer, placement: Placement, crop: Box, taken: Set[str]) -> None:
    """Strokes beyond the part of the picture that shows do not show either."""
    clip = inkex.ClipPath()
    svg.defs.append(clip)
    clip.set("id", unique(layer.get("id") + "-clip", taken))
    outline = inkex.PathElement()
    clip.append(outline)
    outline.set("id", unique(layer.get("id") + "-outline", taken))
    outline.set("d", rectangle(crop, placement))
    layer.set("clip-path", "url(#%s)" % clip.get("id"))


def rectangle(box: Box, placement: Placement) -> str:
    """The `d` of a rectangle of the source."""
    corners = [(box.x, box.y), (box.x + box.width, box.y)]
    corners += [(box.x + box.width, box.y + box.height), (box.x, box.y + box.height)]
    return "M " + " L ".join("%.9g %.9g" % placement.point(x, y) for x, y in corners) + " Z"


def _curve(points: List[Point], closed: bool, placement: Placement) -> str:
    """The `d` of a poly-Bézier in user units, as accurate as PRECISION needs."""
    decimals = min(9, max(0, math.ceil(-math.log10(placement.scale * PRECISION))))
    texts = [" ".join(_number(v, decimals) for v in placement.point(x, y)) for x, y in points]
    if not texts:
        return ""
    return "M %s%s%s" % (texts[0], " C " + " ".join(texts[1:]) if len(texts) > 1 else "", " Z" if closed else "")


def _number(value: float, decimals: int) -> str:
    text = "%.*f" % (decimals, value)
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
