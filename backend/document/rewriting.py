"""A sketch changed in its file: strokes taken away and added, everything else byte for byte as it was."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from backend.document.curves import Matrix, moved, scale_of
from backend.document.markup import INKSCAPE, STYLESKETCH, Edit, Element, changed, with_attributes, written
from backend.document.sketches import Sketch, is_ours

Point = tuple[float, float]
ACCURACY = 0.001  # source px


@dataclass(frozen=True)
class NewStroke:
    """A stroke in source px, as export.paths has them."""

    id: str
    points: Sequence[Point]
    closed: bool
    widths: Sequence[float]
    color: str
    opacity: float
    profile: Sequence[tuple[float, float]]
    outline: Sequence[Sequence[Point]]
    facts: Mapping[str, str]  # attributes of our namespace


def redrawn(
    root: Element,
    data: bytes,
    sketch: Sketch,
    removed: Sequence[Element],
    new: Sequence[NewStroke],
    facts: Mapping[str, str],
    effect: Mapping[str, str],
) -> bytes:
    """The file with some elements of a sketch less, strokes more, and facts noted on the sketch.

    A new stroke takes the place of one that goes, in their order; the others come above those of the sketch. effect: the
    attributes that every effect of a changing width has.
    """
    taken = {element.id for element in root.walk()}
    strokes = [_Placed(stroke, _free_name(stroke.id, taken), effect) for stroke in new]
    edits = _replaced(data, sketch, removed, strokes)
    extra = strokes[len(removed) :]
    if extra:
        group, at = _above_all(sketch, data)
        text = "".join("\n    " + stroke.element(sketch.matrix, sketch.inner(group), group) for stroke in extra)
        edits.append(Edit(at, at, text.encode()))
    edits += _effects(root, data, sketch, removed, strokes)
    if facts:
        edits.append(with_attributes(sketch.holder, data, facts))
    return changed(data, edits)


def _replaced(data: bytes, sketch: Sketch, removed: Sequence[Element], strokes: Sequence[_Placed]) -> list[Edit]:
    edits = []
    for i, element in enumerate(removed):
        parent = element.parent
        assert parent is not None, "a stroke lies in a layer"
        if i < len(strokes):
            text = strokes[i].element(sketch.matrix, sketch.inner(parent), parent)
            edits.append(Edit(element.start, element.end, text.encode()))
        else:
            start = element.start
            while data[start - 1 : start].isspace():
                start -= 1
            edits.append(Edit(start, element.end))
    return edits


@dataclass(frozen=True)
class _Placed:
    """A new stroke under the name that it gets."""

    stroke: NewStroke
    name: str
    shared: Mapping[str, str]

    @property
    def effect_name(self) -> str:
        return f"{self.name}-width"

    def element(self, placement: Matrix, inner: Matrix, parent: Element) -> str:
        """Its path; placement: source px → units of the layer; inner: units inside the parent → those."""
        onto, stroke = np.linalg.inv(inner) @ placement, self.stroke
        attributes = {"id": self.name}
        joins = "stroke-linecap:round;stroke-linejoin:round"
        if stroke.profile:
            attributes["d"] = " ".join(_path_data(ring, True, onto) for ring in stroke.outline)
            attributes[f"{{{INKSCAPE}}}original-d"] = _path_data(stroke.points, stroke.closed, onto)
            attributes[f"{{{INKSCAPE}}}path-effect"] = f"#{self.effect_name}"
            faint = f";opacity:{stroke.opacity:.4g}" if stroke.opacity < 1 else ""
            attributes["style"] = f"fill:{stroke.color};fill-rule:nonzero;stroke:none;{joins}{faint}"
        else:
            width = sum(stroke.widths) / len(stroke.widths) * scale_of(onto)
            attributes["d"] = _path_data(stroke.points, stroke.closed, onto)
            faint = f";stroke-opacity:{stroke.opacity:.4g}" if stroke.opacity < 1 else ""
            attributes["style"] = f"fill:none;stroke:{stroke.color};stroke-width:{width:.6g};{joins}{faint}"
        attributes |= {f"{{{STYLESKETCH}}}{name}": value for name, value in stroke.facts.items()}
        if len(stroke.widths) > 1:
            widths = " ".join(f"{width * scale_of(onto):.6g}" for width in stroke.widths)
            attributes[f"{{{STYLESKETCH}}}widths"] = widths
        return written("path", attributes, parent.prefixes)

    def effect(self, scale: float, prefixes: Mapping[str, str]) -> str:
        """Inkscape's effect of a changing width, which counts half widths; scale: user units per source px."""
        knots = " | ".join(f"{place:.6g},{width * scale / 2:.6g}" for place, width in self.stroke.profile)
        return written(f"{{{INKSCAPE}}}path-effect", {"id": self.effect_name, **self.shared, "offset_points": knots}, prefixes)


def _effects(root: Element, data: bytes, sketch: Sketch, removed: Sequence[Element], strokes: Sequence[_Placed]) -> list[Edit]:
    """Effects of strokes that go go too, if nothing else has them; those of new ones come."""
    gone = set(removed)
    used = {name for each in root.walk() if each not in gone for name in _effect_names(each)}
    lost = {name for each in removed for name in _effect_names(each)} - used
    definitions = [child for child in root.children if child.tag == "defs"]
    below = [child for each in definitions for child in each.children]
    edits = [Edit(each.start, each.end) for each in below if each.id in lost]
    wide = [stroke for stroke in strokes if stroke.stroke.profile]
    if not wide:
        return edits
    holder = definitions[0] if definitions else root
    text = "".join(stroke.effect(scale_of(sketch.matrix), holder.prefixes) for stroke in wide)
    if not definitions:
        edits.append(Edit(root.head, root.head, _wrapped(text, root)))
    elif holder.empty:
        edits.append(Edit(holder.start, holder.end, _wrapped(text, root)))
    else:
        edits.append(Edit(holder.head, holder.head, text.encode()))
    return edits


def _effect_names(element: Element) -> list[str]:
    return [name.strip().lstrip("#") for name in (element.get("path-effect", INKSCAPE) or "").split(";") if name.strip()]


def _wrapped(text: str, root: Element) -> bytes:
    return written("defs", {}, root.prefixes, text).encode()


def _above_all(sketch: Sketch, data: bytes) -> tuple[Element, int]:
    """The group with most of our strokes, and the place behind the last of them."""
    strokes = [element for element, _ in sketch.shapes() if is_ours(element)]
    groups = Counter(id(element.parent) for element in strokes)
    if not strokes:
        layer = sketch.layers[-1]
        return layer, data.rindex(b"<", 0, layer.end)
    best = groups.most_common(1)[0][0]
    last = [element for element in strokes if id(element.parent) == best][-1]
    assert last.parent is not None, "a stroke lies in a layer"
    return last.parent, last.end


def _free_name(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    taken.add(name)
    return name


def _path_data(points: Sequence[Point], closed: bool, onto: Matrix) -> str:
    """The `d` of a poly-Bézier in user units, as accurate as ACCURACY needs."""
    decimals = min(9, max(0, math.ceil(-math.log10(max(scale_of(onto), 1e-9) * ACCURACY))))
    start, *rest = (f"{_number(x, decimals)},{_number(y, decimals)}" for x, y in moved(np.array(points), onto).tolist())
    return f"M {start} C {' '.join(rest)}" + (" Z" if closed else "")


def _number(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
