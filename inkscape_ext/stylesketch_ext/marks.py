"""Lines that the user drew over a picture and selected with it, to say what its subject is."""

from dataclasses import dataclass
from typing import List, Sequence, Tuple

import inkex
from inkex.bezier import cspsubdiv
from inkex.paths import CubicSuperPath

from stylesketch_ext.failures import Failure
from stylesketch_ext.placement import Placement
from stylesketch_ext.selection import tag_name
from stylesketch_ext.wire.messages import MAX_MARK_POINTS, Mark
from stylesketch_ext.words import _

LINES = ("path", "line", "polyline", "polygon", "rect", "circle", "ellipse")
CLOSED = ("polygon", "rect", "circle", "ellipse")
GROUPS = ("g", "a")
SKETCHED = "{https://stylesketch.org/ns/1}index"  # strokes of ours mark nothing
SMOOTH = 0.005  # how far a flattened curve may be from itself, as a share of its size

Points = List[Tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One selected line."""

    kind: str  # as in wire.messages.Mark
    points: Points  # user units at the top level


def selected_lines(svg: inkex.BaseElement) -> List[Line]:
    """What the selected lines mean: closed ones lie around the subject, dashed ones on what is left out, others on the subject.

    Raises Failure if there are none.
    """
    lines = [line for element in svg.selection for line in _lines_of(element)]
    if not lines:
        raise Failure(
            _("Select the picture together with lines that you drew on it: a line on the subject, or a closed one around it."),
            "select",
        )
    return lines


def marks_on(lines: Sequence[Line], placement: Placement, width: int, height: int, name: str) -> List[Mark]:
    """The lines in px of a picture of width × height px; Failure if none of them lies on it."""
    inverse = -placement.matrix
    marks = []
    for line in lines:
        points = [tuple(inverse.apply_to_point(point)) for point in line.points]
        if any(0 <= x <= width and 0 <= y <= height for x, y in points) or _encloses(points, width, height):
            marks.append(Mark(line.kind, [(round(x, 2), round(y, 2)) for x, y in _thinned(points)]))
    if not marks:
        raise Failure(_("None of the selected lines lies on the picture “%s”: draw one on it.") % name, "select")
    return marks


def _lines_of(element: inkex.BaseElement) -> List[Line]:
    tag = tag_name(element)
    if tag in GROUPS:
        return [line for child in element for line in _lines_of(child)]
    if tag not in LINES or element.get(SKETCHED) is not None:
        return []
    dashes = str(element.style.get("stroke-dasharray") or element.get("stroke-dasharray") or "none")
    closed = tag in CLOSED or str(element.path).strip().lower().endswith("z")
    kind = "leave" if dashes.strip() not in ("none", "") else "around" if closed else "keep"
    path = element.path.transform(element.composed_transform())
    return [Line(kind, points) for points in _flattened(path) if len(points) > 1]


def _flattened(path: inkex.Path) -> List[Points]:
    """Each part of a path as a row of points."""
    parts: CubicSuperPath = path.to_superpath()
    box = path.bounding_box()
    size = max(box.width, box.height) if box else 0.0
    if size > 0:
        cspsubdiv(parts, SMOOTH * size)
    return [[(node[1][0], node[1][1]) for node in part] for part in parts]


def _encloses(points: Sequence[Tuple[float, ...]], width: int, height: int) -> bool:
    """Whether a line runs around a picture without touching it."""
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return min(xs) < 0 and max(xs) > width and min(ys) < 0 and max(ys) > height


def _thinned(points: Sequence[Tuple[float, ...]]) -> Sequence[Tuple[float, ...]]:
    step = -(-len(points) // MAX_MARK_POINTS)
    return points[::step]
