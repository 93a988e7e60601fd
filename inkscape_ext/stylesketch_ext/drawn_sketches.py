"""The sketches that are in a document: their layers, what is noted on them, and their strokes in px of their picture."""

import re
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

import inkex
from inkex import Transform

from stylesketch_ext.failures import Failure
from stylesketch_ext.image_layers import PICTURES
from stylesketch_ext.layers import NAMESPACE
from stylesketch_ext.marks import LINES
from stylesketch_ext.placement import Placement, own_space, page
from stylesketch_ext.selection import chain_to, is_hidden, own_property, tag_name
from stylesketch_ext.wire.messages import MAX_KNOWN, StrokeData
from stylesketch_ext.words import _

LOCKED = "{http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd}insensitive"
MIDDLE = "{http://www.inkscape.org/namespaces/inkscape}original-d"
EFFECT = "{http://www.inkscape.org/namespaces/inkscape}path-effect"
NAME = "{http://www.inkscape.org/namespaces/inkscape}label"
FLAT = 16  # points by which a cubic of a region is told
SAME = 0.5  # source px: transforms that differ by less are one

Points = List[Tuple[float, float]]


@dataclass(frozen=True)
class DrawnSketch:
    """A sketch in a document."""

    holder: inkex.BaseElement  # whose attributes tell how it came about
    layers: Tuple[inkex.BaseElement, ...]  # what its strokes lie in
    noted: Transform  # source px → user units inside those layers, as it was when it was drawn
    size: Optional[Tuple[int, int]]  # of its picture, px

    def fact(self, name: str) -> str:
        """What is noted under a name, or nothing."""
        return self.holder.get("{%s}%s" % (NAMESPACE, name)) or ""

    def holds(self, element: inkex.BaseElement) -> bool:
        """Is an element one of its layers, or in one?"""
        return any(each in self.layers for each in (element, *element.iterancestors()))

    def shapes(self) -> List[inkex.BaseElement]:
        """All that is drawn in it and shows, strokes of ours and others, in drawing order."""
        return [shape for layer in self.layers for child in layer for shape in _shapes(child)]

    def inside(self, element: inkex.BaseElement) -> Transform:
        """From the user units inside an element to those inside the layer that it lies in."""
        matrix = Transform()
        for each in (element, *element.iterancestors()):
            if each in self.layers:
                return matrix
            matrix = Transform(each.attrib.get("transform")) @ matrix
        return matrix

    def placed(self, picture: Optional[Placement]) -> Transform:
        """Source px → user units inside its layers, given where its picture lies now.

        That is what was noted, unless picture and strokes were moved together since.
        """
        if picture is None or self.size is None:
            return self.noted
        now = -own_space(chain_to(self.layers[0])) @ picture.matrix
        move = now @ -self.noted
        moved = [self.inside(shape.getparent()) @ Transform(shape.attrib.get("transform")) for shape in self.shapes()]
        alike = sum(self._alike(each, move) for each in moved)
        return now if moved and 2 * alike > len(moved) and not self._alike(move, Transform()) else self.noted

    def _alike(self, one: Transform, other: Transform) -> bool:
        """Do two transforms move the corners of the picture to about the same places?"""
        width, height = self.size or (1, 1)
        near = SAME * Placement(self.noted).scale
        corners = [self.noted.apply_to_point(point) for point in ((0, 0), (width, 0), (0, height))]
        pairs = [(one.apply_to_point(corner), other.apply_to_point(corner)) for corner in corners]
        return all(abs(a[0] - b[0]) <= near and abs(a[1] - b[1]) <= near for a, b in pairs)


def drawn_sketches(svg: inkex.BaseElement) -> List[DrawnSketch]:
    """All sketches of a document in drawing order, those of an opened drawing of the command line too."""
    found = []
    for element in svg.iter("{http://www.w3.org/2000/svg}g"):
        recipe = element.get("{%s}recipe" % NAMESPACE)
        if recipe and recipe not in PICTURES and recipe != "sequence":
            found.append(DrawnSketch(element, (element,), _noted(element), _size(element)))
    if svg.get("{%s}recipe" % NAMESPACE, "sequence") != "sequence":
        known = [each.holder for each in found]
        layers = tuple(child for child in svg if child not in known and any(map(is_ours, child.iter())))
        box = page(svg)
        if layers:
            found.append(DrawnSketch(svg, layers, Transform(), (round(box.width), round(box.height))))
    return found


def is_ours(element: inkex.BaseElement) -> bool:
    """Is it a stroke that StyleSketch drew?"""
    return element.get("{%s}index" % NAMESPACE) is not None


def is_locked(element: inkex.BaseElement, sketch: DrawnSketch) -> bool:
    """Did the user lock it, or a group inside the sketch that it lies in?"""
    for each in (element, *element.iterancestors()):
        if each in sketch.layers:
            return False
        if each.get(LOCKED) == "true":
            return True
    return False


def strokes_of(
    sketch: DrawnSketch, onto: Transform, shapes: Sequence[inkex.BaseElement], free: Set[inkex.BaseElement]
) -> List[StrokeData]:
    """The strokes of a sketch as the engine takes them; the id of each is the number of its shape.

    onto: source px → user units inside its layers; free: what may be changed. Raises Failure where they are too many.
    """
    if len(shapes) > MAX_KNOWN:
        raise Failure(_("The sketch has more than %d strokes: delete some, or draw it anew.") % MAX_KNOWN, "select")
    found, back = [], -onto
    for number, shape in enumerate(shapes):
        matrix = back @ sketch.inside(shape)
        widths, color = _pen(shape)
        scale, facts = Placement(matrix).scale, _facts(shape)
        for points, closed in _curves(shape, matrix):
            found.append(
                StrokeData(
                    str(number), [(round(x, 3), round(y, 3)) for x, y in points], closed, [w * scale for w in widths], color,
                    _opacity(shape), shape not in free, *facts,
                )
            )  # fmt: skip
    return found


def region_of(shape: inkex.BaseElement, sketch: DrawnSketch, onto: Transform) -> List[Points]:
    """The closed lines of a shape of the document in source px."""
    layer = own_space(chain_to(sketch.layers[0])) if sketch.layers[0].getparent() is not None else Transform()
    own = own_space(chain_to(shape))
    return [_flat(points) for points, closed in _curves(shape, -(layer @ onto) @ own) if closed]


def is_closed(shape: inkex.BaseElement) -> bool:
    """Does a shape enclose something?"""
    return tag_name(shape) in LINES and any(closed for points, closed in _curves(shape, Transform()))


def _noted(layer: inkex.BaseElement) -> Transform:
    text = layer.get("{%s}placement" % NAMESPACE)
    return Transform("matrix(%s)" % text.replace(" ", ",")) if text else Transform()


def _size(layer: inkex.BaseElement) -> Optional[Tuple[int, int]]:
    numbers = [int(float(number)) for number in (layer.get("{%s}size" % NAMESPACE) or "").split()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def _shapes(element: inkex.BaseElement) -> Iterator[inkex.BaseElement]:
    if is_hidden(element) or element.get(NAME) == "paper":
        return
    if tag_name(element) in LINES:
        yield element
    elif tag_name(element) in ("g", "a"):
        for child in element:
            yield from _shapes(child)


def _curves(shape: inkex.BaseElement, matrix: Transform) -> List[Tuple[Points, bool]]:
    """The parts of a shape as poly-Béziers, and whether each is closed."""
    path = inkex.Path(shape.get(MIDDLE)) if shape.get(MIDDLE) else shape.path
    found = []
    for part in path.transform(matrix).to_superpath():
        points = [tuple(part[0][1])] if part else []
        for one, other in zip(part, part[1:]):
            points += [tuple(one[2]), tuple(other[0]), tuple(other[1])]
        if len(points) > 3:
            found.append((points, _meets(points)))
    return found


def _meets(points: Points) -> bool:
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    size = max(max(xs) - min(xs), max(ys) - min(ys))
    gap = max(abs(points[0][0] - points[-1][0]), abs(points[0][1] - points[-1][1]))
    return size > 0 and gap < 0.01 * size


def _flat(points: Points) -> Points:
    """A poly-Bézier as a row of points."""
    row = []
    for k in range(0, len(points) - 1, 3):
        a, b, c, d = points[k : k + 4]
        for t in (i / FLAT for i in range(FLAT)):
            weights = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3
            x, y = (sum(w * p[i] for w, p in zip(weights, (a, b, c, d))) for i in (0, 1))
            row.append((round(x, 2), round(y, 2)))
    return row


def _told(element: inkex.BaseElement, name: str) -> Optional[str]:
    """A property as the element or the nearest group around it tells it."""
    for each in (element, *element.iterancestors()):
        found = own_property(each, name)
        if found and found != "inherit":
            return found
    return None


def _pen(shape: inkex.BaseElement) -> Tuple[List[float], Tuple[float, float, float]]:
    """Widths in user units and color of a stroke; of an outline that is filled, those of the line that it is of."""
    noted = [float(number) for number in (shape.get("{%s}widths" % NAMESPACE) or "").split()]
    line = _told(shape, "stroke") or "none"
    if line == "none" or shape.get(EFFECT):
        return noted or [1.0], _color(_told(shape, "fill") or "")
    text = re.match(r"[\d.]+(?:[eE][-+]?\d+)?", _told(shape, "stroke-width") or "1")
    return [float(text.group()) if text else 1.0], _color(line)


def _color(text: str) -> Tuple[float, float, float]:
    """sRGB; black for what is no color."""
    try:
        red, green, blue = list(inkex.Color(text).to_rgb())[:3]
    except Exception:  # inkex has several kinds of errors for what it cannot read
        return (0.0, 0.0, 0.0)
    return (float(red) / 255, float(green) / 255, float(blue) / 255)


def _opacity(shape: inkex.BaseElement) -> float:
    found = 1.0
    for text in (own_property(shape, "opacity"), _told(shape, "stroke-opacity")):
        number = re.match(r"[\d.]+$", text or "")
        found *= min(1.0, float(number.group())) if number else 1.0
    return found


def _facts(shape: inkex.BaseElement) -> Tuple[int, float, str]:
    """Index, importance and kind as they are noted on a stroke of ours."""
    told: Dict[str, float] = {}
    for name in ("index", "importance"):
        try:
            told[name] = float(shape.get("{%s}%s" % (NAMESPACE, name)) or 0)
        except ValueError:
            told[name] = 0.0
    return int(told["index"]), told["importance"], shape.get("{%s}kind" % NAMESPACE) or "contour"
