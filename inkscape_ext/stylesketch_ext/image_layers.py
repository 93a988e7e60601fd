"""Pictures that the engine made, in the document: on layers, as patterns in shapes, as paper under sketches."""

import base64
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Set

import inkex
from inkex import Transform

from stylesketch_ext.failures import Failure
from stylesketch_ext.hrefs import XLINK
from stylesketch_ext.layers import NAMESPACE, PREFIX, clip, ids, mark, rectangle, unique
from stylesketch_ext.placement import Box, Placement, own_space, page, page_px
from stylesketch_ext.selection import Chain, chain_to, is_hidden, selected_shapes, tag_name
from stylesketch_ext.words import _

FILLED = ("path", "rect", "circle", "ellipse", "polygon", "polyline", "text", "flowRoot")
CONTAINERS = ("g", "a", "switch", "svg")
PICTURES = ("style_texture", "style_transfer")  # recipes whose layers hold no strokes
GAP = 10.0  # px of the page between a picture and what is put beside it
PRINTED = 96.0  # px of the page per inch


@dataclass(frozen=True)
class Picture:
    """A picture for the document, and what is noted on it."""

    data: bytes  # a PNG
    width: int  # px
    height: int
    label: str
    facts: Dict[str, object]  # attributes of our namespace
    notes: Sequence[str] = ()


def add_picture(
    svg: inkex.BaseElement, picture: Picture, placement: Placement, below: Optional[inkex.BaseElement] = None
) -> inkex.Layer:
    """Put a picture on a top-level layer of its own without a transform, directly above `below`; None: above everything."""
    taken = ids(svg)
    layer = inkex.Layer(nsmap={PREFIX: NAMESPACE})
    svg.insert(len(svg) if below is None else svg.index(below) + 1, layer)
    layer.set("inkscape:groupmode", "layer")
    layer.set("inkscape:label", picture.label)
    layer.set("id", unique("ss-picture", taken))
    mark(layer, placement=" ".join("%.9g" % value for value in placement.matrix.to_hexad()), **picture.facts)
    if picture.notes:
        note = inkex.Desc()
        note.text = " ".join(picture.notes)
        layer.append(note)
    element = _image(layer, picture)
    element.set("id", unique(layer.get("id") + "-image", taken))
    _lay(element, picture, placement.matrix)
    if placement.crop:
        clip(svg, layer, placement, placement.crop, taken)
    return layer


def beside(svg: inkex.BaseElement, picture: Picture, dpi: float, box: Optional[Box] = None) -> Placement:
    """Where a picture of `dpi` px per inch goes: right of a box in user units, or in the middle of the page."""
    unit = page_px(svg) * PRINTED / dpi  # user units per px of the picture
    if box is None:
        whole = page(svg)
        x = whole.x + (whole.width - picture.width * unit) / 2
        y = whole.y + (whole.height - picture.height * unit) / 2
    else:
        x, y = box.x + box.width + GAP * page_px(svg), box.y
    return Placement(Transform((unit, 0, 0, unit, x, y)))


def fillable(svg: inkex.BaseElement) -> List[Chain]:
    """The chains to all selected shapes that can be filled, also those in selected groups; not what is flat."""
    found: List[Chain] = []
    for chain in selected_shapes(svg):
        found += [chain_to(element) for element in _shapes_in(chain[-1])]
    return [chain for chain in found if not _is_flat(own_space(chain))]


def fill_shapes(svg: inkex.BaseElement, shapes: Sequence[Chain], picture: Picture, dpi: float) -> None:
    """Fill shapes with a tile, of `dpi` px per inch of the page whatever their transforms; it goes on from one to the next.

    Raises Failure where there are none.
    """
    if not shapes:
        raise Failure(_("Select the shapes that the texture is to fill, then start it again."), "select")
    taken = ids(svg)
    unit = page_px(svg) * PRINTED / dpi
    tile = Transform((unit, 0, 0, unit, 0, 0))
    pattern = _pattern(svg, picture, tile, taken)
    turned: Dict[str, str] = {}  # patternTransform: id
    for chain in shapes:
        inverse = -own_space(chain)
        name = _linked(svg, pattern, inverse @ tile, turned, taken) if _differs(inverse) else pattern.get("id")
        chain[-1].style["fill"] = "url(#%s)" % name


def sketch_layers(svg: inkex.BaseElement) -> List[inkex.BaseElement]:
    """The selected sketches of ours, each as its layer: the selected elements themselves, or what they lie in."""
    found: Dict[inkex.BaseElement, None] = {}
    for element in svg.selection:
        for above in (element, *element.iterancestors()):
            if above.get("{%s}placement" % NAMESPACE) and above.get("{%s}recipe" % NAMESPACE) not in PICTURES:
                found[above] = None
    return list(found)


def add_paper(svg: inkex.BaseElement, layer: inkex.BaseElement, picture: Picture, dpi: float) -> inkex.PathElement:
    """Lay a tile under a sketch, as large as its drawing: lowest in the layer, but for a colored sheet that is there."""
    taken = ids(svg)
    matrix = Transform("matrix(%s)" % layer.get("{%s}placement" % NAMESPACE).replace(" ", ","))
    width, height = (float(number) for number in layer.get("{%s}size" % NAMESPACE, "0 0").split())
    placement, drawn = Placement(matrix), Box(0, 0, width, height)
    if not (width and height):
        raise Failure(_("This sketch was made by an older StyleSketch: draw it again, then lay paper under it."), "select")
    unit = page_px(svg) * PRINTED / dpi / placement.scale
    inverse = -own_space(chain_to(layer))
    pattern = _pattern(svg, picture, inverse @ matrix @ Transform((unit, 0, 0, unit, 0, 0)), taken)  # turned as the drawing is
    sheet = inkex.PathElement()
    place = 1 + max([-1] + [number for number, child in enumerate(layer) if (child.get("inkscape:label") or "") == "paper"])
    layer.insert(place, sheet)
    sheet.set("id", unique(layer.get("id") + "-texture", taken))
    sheet.set("inkscape:label", "paper")
    sheet.set("sodipodi:insensitive", "true")
    sheet.set("d", rectangle(drawn, Placement(inverse @ placement.matrix)))
    sheet.set("style", "fill:url(#%s);stroke:none" % pattern.get("id"))
    return sheet


def _image(parent: inkex.BaseElement, picture: Picture) -> inkex.Image:
    element = inkex.Image()
    parent.append(element)
    element.set("inkscape:label", picture.label)
    element.set("preserveAspectRatio", "none")
    element.set(XLINK, "data:image/png;base64," + base64.b64encode(picture.data).decode("ascii"))
    return element


def _lay(element: inkex.Image, picture: Picture, matrix: Transform) -> None:
    """Let a picture's px lie where `matrix` puts them; without a transform where it need not have one."""
    (a, c, e), (b, d, f) = matrix.matrix
    upright = a > 0 and d > 0 and abs(b) < 1e-9 * a and abs(c) < 1e-9 * d
    x, y, width, height = (e, f, a * picture.width, d * picture.height) if upright else (0, 0, picture.width, picture.height)
    for name, value in (("x", x), ("y", y), ("width", width), ("height", height)):
        element.set(name, "%.9g" % value)
    if not upright:
        _set_matrix(element, "transform", matrix)


def _pattern(svg: inkex.BaseElement, picture: Picture, matrix: Transform, taken: Set[str]) -> inkex.BaseElement:
    """A pattern of one picture in the document's definitions; `matrix`: its px → user units of what it fills."""
    pattern = inkex.Pattern(nsmap={PREFIX: NAMESPACE})
    svg.defs.append(pattern)
    pattern.set("id", unique("ss-texture", taken))
    pattern.set("inkscape:label", picture.label)
    pattern.set("patternUnits", "userSpaceOnUse")
    pattern.set("width", str(picture.width))
    pattern.set("height", str(picture.height))
    _set_matrix(pattern, "patternTransform", matrix)
    mark(pattern, **picture.facts)
    element = _image(pattern, picture)
    element.set("id", unique(pattern.get("id") + "-image", taken))
    _lay(element, picture, Transform())
    return pattern


def _linked(
    svg: inkex.BaseElement, pattern: inkex.BaseElement, matrix: Transform, known: Dict[str, str], taken: Set[str]
) -> str:
    """The id of a pattern that differs from another in its transform only."""
    text = _matrix_text(matrix)
    if text not in known:
        linked = inkex.Pattern()
        svg.defs.append(linked)
        linked.set("id", unique(pattern.get("id"), taken))
        linked.set("inkscape:collect", "always")
        linked.set(XLINK, "#" + pattern.get("id"))
        _set_matrix(linked, "patternTransform", matrix)
        known[text] = linked.get("id")
    return known[text]


def _matrix_text(matrix: Transform) -> str:
    return "matrix(%s)" % ",".join("%.9g" % value for value in matrix.to_hexad())


def _set_matrix(element: inkex.BaseElement, name: str, matrix: Transform) -> None:
    """As accurate as a large page needs: past inkex, which would write fewer digits."""
    super(inkex.BaseElement, element).set(name, _matrix_text(matrix))


def _is_flat(matrix: Transform) -> bool:
    """Does a transform leave nothing of a surface? It cannot be undone then."""
    return matrix.a * matrix.d == matrix.b * matrix.c


def _differs(matrix: Transform) -> bool:
    return any(abs(value - one) > 1e-9 for value, one in zip(matrix.to_hexad(), (1, 0, 0, 1, 0, 0)))


def _shapes_in(element: inkex.BaseElement) -> List[inkex.BaseElement]:
    if is_hidden(element):
        return []
    if tag_name(element) in CONTAINERS:
        return [shape for child in element for shape in _shapes_in(child)]
    return [element] if tag_name(element) in FILLED else []
