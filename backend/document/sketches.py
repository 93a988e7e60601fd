"""The sketches of an SVG file: their layers, what is noted on them, and their strokes in px of the picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backend.core.errors import BadRequest
from backend.document.curves import Matrix, Points, moved, scale_of, shape_curves, transform
from backend.document.markup import INKSCAPE, SODIPODI, STYLESKETCH, Element

SHAPES = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon")
ELSEWHERE = ("defs", "clipPath", "mask", "pattern", "marker", "symbol", "svg")
PICTURES = ("style_texture", "style_transfer")  # recipes whose layers hold no strokes
MOST_STROKES = 5000

NO_SKETCH = "There is no StyleSketch layer in this drawing. Choose one that `stylesketch` or the extension made."
SEQUENCE = "This is a sequence of drawings, whose strokes belong together. Draw on a single sketch."
SEVERAL = "The drawing holds {count} sketches ({layers}). Name one with --layer."
NO_SUCH = "There is no element '{id}' in the sketch. Inkscape shows ids under Object ▸ Object Properties."
NO_REGION = "There is no element '{id}' in the drawing. Inkscape shows ids under Object ▸ Object Properties."
NOT_CLOSED = "'{id}' is no closed path, rectangle, circle or polygon. Draw one around what is to be drawn anew."
TOO_MANY = "The sketch has more than {most} strokes. Delete some, or draw it anew."


@dataclass(frozen=True)
class Stroke:
    """One part of an element of a sketch."""

    element: Element
    points: Points  # [3S+1, 2] source px
    closed: bool
    widths: tuple[float, ...]  # full width at evenly spaced knots, source px; one: constant
    color: tuple[float, float, float]  # sRGB in [0, 1]
    opacity: float


@dataclass(frozen=True)
class Sketch:
    """A sketch in a file."""

    holder: Element  # whose attributes tell how it came about
    layers: tuple[Element, ...]  # what its strokes lie in
    matrix: Matrix  # source px → user units of its layers
    size: tuple[int, int] | None  # width and height of its picture, px, where they are known

    def fact(self, name: str) -> str:
        """What is noted under a name, or nothing."""
        return self.holder.get(name, STYLESKETCH) or ""

    def shapes(self) -> Iterator[tuple[Element, Matrix]]:
        """Everything drawn that shows, and the way from its user units to those of the layer, in the order of painting."""
        for layer in self.layers:
            for child in layer.children:
                yield from _shapes(child, np.eye(3))

    def inner(self, element: Element) -> Matrix:
        """From the user units inside an element of the sketch to those of its layer."""
        matrix = np.eye(3)
        for each in (element, *element.above()):
            if each in self.layers:
                return matrix
            matrix = transform(each.get("transform")) @ matrix
        return matrix

    def strokes(self) -> list[Stroke]:
        """All strokes, ours and those that the user drew; BadRequest for too many."""
        found, back = [], np.linalg.inv(self.matrix)
        for element, matrix in self.shapes():
            onto = back @ matrix
            (widths, color), wide, opacity = _pen(element), scale_of(onto), _opacity(element)
            placed = tuple(width * wide for width in widths)
            for points, closed in shape_curves(element.tag, element.get, element.get("original-d", INKSCAPE)):
                found.append(Stroke(element, moved(points, onto), closed, placed, color, opacity))
            if len(found) > MOST_STROKES:
                raise BadRequest(TOO_MANY, most=MOST_STROKES)
        return found

    def chosen(self, ids: Sequence[str]) -> set[Element]:
        """The elements of these ids and all in them; BadRequest for one that is not there."""
        known = {each.id: each for layer in self.layers for each in layer.walk()}
        for name in ids:
            if name not in known:
                raise BadRequest(NO_SUCH, id=name)
        return {below for name in ids for below in known[name].walk()}

    def region(self, root: Element, name: str) -> list[Points]:
        """The closed lines of an element of the file as rows of points, source px; BadRequest."""
        element = next((each for each in root.walk() if each.id == name), None)
        if element is None:
            raise BadRequest(NO_REGION, id=name)
        curves = shape_curves(element.tag, element.get, element.get("original-d", INKSCAPE)) if element.tag else []
        closed = [points for points, shut in curves if shut or _ends_meet(points)]
        if not closed:
            raise BadRequest(NOT_CLOSED, id=name)
        own = _to_root(element) @ transform(element.get("transform"))
        layer = _to_root(self.layers[0]) @ transform(self.layers[0].get("transform")) @ self.matrix
        onto = np.linalg.inv(layer) @ own
        return [_flat(moved(points, onto)) for points in closed]


def find_sketch(root: Element, layer: str | None = None, ids: Sequence[str] = ()) -> Sketch:
    """The only sketch of a file, or the one of a layer, or that holds elements of these ids; BadRequest."""
    found = [*_layers_of_the_extension(root), *_whole_file(root)]
    if not found:
        raise BadRequest(NO_SKETCH)
    if layer is not None:
        found = [each for each in found if layer in [part.id for part in each.layers]]
        if not found:
            raise BadRequest(NO_REGION, id=layer)
    if len(found) > 1 and ids:
        found = [each for each in found if any(below.id in ids for part in each.layers for below in part.walk())] or found
    if len(found) > 1:
        raise BadRequest(SEVERAL, count=len(found), layers=", ".join(each.layers[0].id for each in found))
    if found[0].fact("recipe") == "sequence":
        raise BadRequest(SEQUENCE)
    return found[0]


def is_ours(element: Element) -> bool:
    """Is it a stroke that StyleSketch drew?"""
    return element.get("index", STYLESKETCH) is not None


def is_held(element: Element, sketch: Sketch) -> bool:
    """Did the user lock it, or a group in the sketch that it lies in?"""
    for each in (element, *element.above()):
        if each in sketch.layers:
            return False
        if each.get("insensitive", SODIPODI) == "true":
            return True
    return False


def style_of(element: Element, name: str) -> str | None:
    """A property as the element or the nearest group around it tells it."""
    for each in (element, *element.above()):
        found = _own(each, name)
        if found is not None and found != "inherit":
            return found
    return None


def _layers_of_the_extension(root: Element) -> Iterator[Sketch]:
    for element in root.walk():
        recipe = element.get("recipe", STYLESKETCH)
        if element.tag != "g" or recipe is None or recipe in PICTURES:
            continue
        numbers = [float(number) for number in (element.get("placement", STYLESKETCH) or "").split()]
        matrix = np.array([numbers[::2], numbers[1::2], [0, 0, 1]]) if len(numbers) == 6 else np.eye(3)
        size = [int(float(number)) for number in (element.get("size", STYLESKETCH) or "").split()]
        yield Sketch(element, (element,), matrix, (size[0], size[1]) if len(size) == 2 else None)


def _whole_file(root: Element) -> Iterator[Sketch]:
    if root.get("recipe", STYLESKETCH) is None:
        return
    groups = [child for child in root.children if child.tag == "g" and child.get("recipe", STYLESKETCH) is None]
    layers = [each for each in groups if not _hidden(each) and any(is_ours(below) for below in each.walk())]
    size = [round(float(number)) for number in (root.get("viewBox") or "").replace(",", " ").split()[2:]]
    if layers:
        yield Sketch(root, tuple(layers), np.eye(3), (size[0], size[1]) if len(size) == 2 else None)


def _shapes(element: Element, above: Matrix) -> Iterator[tuple[Element, Matrix]]:
    if element.tag in ELSEWHERE or _hidden(element) or element.get("label", INKSCAPE) == "paper":
        return
    matrix = above @ transform(element.get("transform"))
    if element.tag in SHAPES:
        yield element, matrix
    for child in element.children:
        yield from _shapes(child, matrix)


def _hidden(element: Element) -> bool:
    return _own(element, "display") == "none" or _own(element, "visibility") in ("hidden", "collapse")


def _own(element: Element, name: str) -> str | None:
    for declaration in reversed((element.get("style") or "").split(";")):
        key, colon, value = declaration.partition(":")
        if colon and key.strip() == name:
            return value.replace("!important", "").strip()
    return element.get(name)


def _pen(element: Element) -> tuple[list[float], tuple[float, float, float]]:
    """Widths in user units, and color, of a stroke; of an outline that is filled, those of the line that it is of."""
    widths = [float(number) for number in re.findall(r"[\d.eE+-]+", element.get("widths", STYLESKETCH) or "")]
    line = style_of(element, "stroke") or "none"
    if line in ("none", "") or element.get("path-effect", INKSCAPE):
        return widths or [1.0], _color(style_of(element, "fill"))
    text = re.match(r"\s*([\d.]+(?:[eE][-+]?\d+)?)", style_of(element, "stroke-width") or "1")
    return [float(text[1]) if text else 1.0], _color(line)


def _opacity(element: Element) -> float:
    found = 1.0
    for text in (_own(element, "opacity"), style_of(element, "stroke-opacity")):
        number = re.fullmatch(r"\s*([\d.]+)\s*", text or "")
        found *= min(1.0, float(number[1])) if number else 1.0
    return found


def _color(text: str | None) -> tuple[float, float, float]:
    """Hexadecimal colors and rgb(); others count as black."""
    found = re.fullmatch(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})", (text or "").strip())
    if found:
        digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
        return tuple(int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))  # type: ignore[return-value]
    numbers = re.fullmatch(r"rgb\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)", (text or "").strip())
    return (int(numbers[1]) / 255, int(numbers[2]) / 255, int(numbers[3]) / 255) if numbers else (0.0, 0.0, 0.0)


def _to_root(element: Element) -> Matrix:
    """From the user units that an element is written in to those of the file."""
    matrix = np.eye(3)
    for each in element.above():
        matrix = transform(each.get("transform")) @ matrix
    return matrix


def _ends_meet(points: Points) -> bool:
    size = float(np.ptp(points, axis=0).max())
    return len(points) > 4 and float(np.linalg.norm(points[0] - points[-1])) < 0.01 * size


def _flat(points: Points, count: int = 24) -> Points:
    """A poly-Bézier as points."""
    t = np.linspace(0, 1, count, endpoint=False)[:, None]
    s, rows = 1 - t, []
    for k in range(len(points) // 3):
        a, b, c, d = points[3 * k : 3 * k + 4]
        rows.append(s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d)
    return np.concatenate(rows)
