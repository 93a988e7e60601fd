"""From source pixels to the user units of a new top-level layer.

    matrix = (transform · [offset of a clone] · [fit of a nested viewport]) of each element on the way · fit of the picture

The rules are those of Inkscape's renderer, 1.2 to 1.4: each missing width or height of an image is its number of pixels;
units count at 96 per inch; percentages refer to the nearest viewBox; CSS geometry is ignored.
"""

import math
import re
from dataclasses import dataclass
from typing import NamedTuple, Optional, Tuple

import inkex
from inkex import Transform

from stylesketch_ext.failures import Failure
from stylesketch_ext.selection import Chain, tag_name
from stylesketch_ext.words import _

PX_PER_UNIT = {
    "": 1.0,
    "px": 1.0,
    "in": 96.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "pt": 96 / 72,
    "pc": 16.0,
    "em": 16.0,
    "ex": 8.0,
}

_LENGTH = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([a-zA-Z]*|%)\s*$")
_ALIGNMENT = re.compile(r"x(Min|Mid|Max)Y(Min|Mid|Max)")
_SHARE = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}


class Box(NamedTuple):
    """A rectangle in some element's units."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Placement:
    """How a picture lies in the document."""

    matrix: Transform  # source px → user units at the top level
    crop: Optional[Box] = None  # the part of the picture that shows, source px; None: all of it

    def point(self, x: float, y: float) -> Tuple[float, float]:
        """A source pixel position in user units."""
        (a, c, e), (b, d, f) = self.matrix.matrix
        return a * x + c * y + e, b * x + d * y + f

    def resampled(self, source: Tuple[int, int], other: Tuple[int, int]) -> "Placement":
        """The placement of the same picture with other px: its width and height now, and then."""
        sx, sy = source[0] / other[0], source[1] / other[1]
        crop = self.crop
        shown = None if crop is None else Box(crop.x / sx, crop.y / sy, crop.width / sx, crop.height / sy)
        return Placement(self.matrix @ Transform((sx, 0, 0, sy, 0, 0)), shown)

    @property
    def scale(self) -> float:
        """User units per source px, the mean of both directions: the factor for stroke widths."""
        (a, c, _), (b, d, _) = self.matrix.matrix
        return math.sqrt(abs(a * d - b * c))


def place(chain: Chain, width: int, height: int) -> Placement:
    """The placement of the picture at the end of `chain`, whose file has width × height pixels after EXIF rotation.

    Raises Failure when the picture has no area.
    """
    image = chain[-1]
    matrix, viewport = _above(chain)
    frame = _frame(image, viewport, Box(0, 0, width, height))
    if frame.width <= 0 or frame.height <= 0:
        raise Failure(_("The selected picture has no area: give it a width and a height, then try again."), "select")
    pixels, rule = Box(0, 0, width, height), image.get("preserveAspectRatio")
    placement = Placement(matrix @ _transform(image) @ fit(pixels, frame, rule), _crop(pixels, frame, rule))
    if not placement.scale > 0:
        raise Failure(_("The selected picture is squeezed to a line: give it a width and a height, then try again."), "select")
    return placement


def own_space(chain: Chain) -> Transform:
    """From the user units in which the last element of `chain` is written to those at the top level."""
    return _above(chain)[0] @ _transform(chain[-1])


def _above(chain: Chain) -> Tuple[Transform, Box]:
    """What all but the last of `chain` contribute, and the viewport that percentages in the last refer to."""
    matrix, viewport = Transform(), _root_viewport(chain[-1].getroottree().getroot())
    for element, parent in zip(chain[:-1], (None, *chain)):
        local, viewport = _step(element, parent, viewport)
        matrix = matrix @ local
    return matrix, viewport


def fit(content: Box, frame: Box, rule: Optional[str]) -> Transform:
    """The transform that puts `content` into `frame` under a preserveAspectRatio `rule`."""
    sx, sy = frame.width / content.width, frame.height / content.height
    alignment = _ALIGNMENT.search(rule or "xMidYMid")
    if (rule or "").split()[:1] == ["none"] or (rule or "").split()[:2] == ["defer", "none"]:
        return Transform((sx, 0, 0, sy, frame.x - content.x * sx, frame.y - content.y * sy))
    scale = max(sx, sy) if _slices(rule) else min(sx, sy)
    shares = [_SHARE[word] for word in alignment.groups()] if alignment else [0.5, 0.5]
    x = frame.x + (frame.width - content.width * scale) * shares[0]
    y = frame.y + (frame.height - content.height * scale) * shares[1]
    return Transform((scale, 0, 0, scale, x - content.x * scale, y - content.y * scale))


def length(text: Optional[str], whole: float, default: float) -> float:
    """A length in user units; `whole` is what 100 % means, `default` what a missing or unreadable one means."""
    match = _LENGTH.match(text or "")
    if not match:
        return default
    number, unit = float(match.group(1)), match.group(2).lower()
    return number * whole / 100 if unit == "%" else number * PX_PER_UNIT.get(unit, 1.0)


def page(root: inkex.BaseElement) -> Box:
    """The document's page in user units."""
    return _root_viewport(root)


def page_px(root: inkex.BaseElement) -> float:
    """User units per px of the page (96 per inch)."""
    view = _viewbox(root)
    if view is None:
        return 1.0
    wide, high = length(root.get("width"), view.width, view.width), length(root.get("height"), view.height, view.height)
    scale = min(wide / view.width, high / view.height)
    return 1 / scale if scale > 0 else 1.0


def _step(element: inkex.BaseElement, parent: Optional[inkex.BaseElement], viewport: Box) -> Tuple[Transform, Box]:
    """What one element on the way contributes, and the viewport that percentages below it refer to."""
    tag, local = tag_name(element), _transform(element)
    if tag == "use":
        x, y = length(element.get("x"), viewport.width, 0), length(element.get("y"), viewport.height, 0)
        return local @ Transform((1, 0, 0, 1, x, y)), viewport
    if tag not in ("svg", "symbol"):
        return local, viewport
    sized = parent if parent is not None and tag_name(parent) == "use" else element
    whole = Box(0, 0, viewport.width, viewport.height)
    frame = _frame(sized, viewport, whole)
    if sized is not element:  # x and y of a clone have been applied already
        own = _frame(element, viewport, whole)
        frame = Box(own.x, own.y, *(frame[2:] if sized.get("width") or sized.get("height") else own[2:]))
    view = _viewbox(element) or Box(0, 0, frame.width, frame.height)
    return local @ fit(view, frame, element.get("preserveAspectRatio") if _viewbox(element) else "none"), view


def _frame(element: inkex.BaseElement, viewport: Box, default: Box) -> Box:
    """x, y, width and height of an element."""
    return Box(
        length(element.get("x"), viewport.width, default.x),
        length(element.get("y"), viewport.height, default.y),
        length(element.get("width"), viewport.width, default.width),
        length(element.get("height"), viewport.height, default.height),
    )


def _root_viewport(root: inkex.BaseElement) -> Box:
    size = _frame(root, Box(0, 0, 100, 100), Box(0, 0, 100, 100))
    return _viewbox(root) or Box(0, 0, size.width, size.height)


def _viewbox(element: inkex.BaseElement) -> Optional[Box]:
    """The viewBox, None if there is none that can be used."""
    try:
        numbers = [float(number) for number in (element.get("viewBox") or "").replace(",", " ").split()]
    except ValueError:
        return None
    return Box(*numbers) if len(numbers) == 4 and numbers[2] > 0 and numbers[3] > 0 else None


def _transform(element: inkex.BaseElement) -> Transform:
    return Transform(element.attrib.get("transform"))  # past inkex, which would write fewer digits


def _slices(rule: Optional[str]) -> bool:
    return "slice" in (rule or "").split() and (rule or "").split()[0] != "none"


def _crop(pixels: Box, frame: Box, rule: Optional[str]) -> Optional[Box]:
    """The part of the picture inside its frame, when slicing cuts something off."""
    if not _slices(rule):
        return None
    (scale, _, x), (_, _, y) = fit(pixels, frame, rule).matrix
    return Box((frame.x - x) / scale, (frame.y - y) / scale, frame.width / scale, frame.height / scale)
