"""What the user sees of some objects, drawn by Inkscape itself as a bitmap: clips, masks, filters, text, vector drawings."""

import copy
import math
import os
import tempfile
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

import inkex
from inkex import Transform, command

from stylesketch_ext.failures import Failure
from stylesketch_ext.selection import SHAPES, Chain, tag_name, visible_part
from stylesketch_ext.words import _

SIDE = 1200  # px, the longer side of the bitmap
PROBE = "stylesketch-probe"
PROBE_SIDE = 100.0  # user units
VIEW = "{http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd}namedview"

Box = Tuple[float, float, float, float]  # x, y, width, height in px of the page at 96 dpi


@dataclass(frozen=True)
class Seen:
    """A bitmap, and where its pixels lie."""

    data: bytes  # a PNG
    matrix: Transform  # its px → user units at the top level


def seen(svg: inkex.BaseElement, shown: Sequence[Chain], folder: str) -> Seen:
    """The last elements of the chains in `shown`, together and without anything else, on the page's color.

    `folder` is where relative links of the document start. Raises Failure when Inkscape cannot draw them.
    """
    document = _alone(svg, [visible_part(chain) for chain in shown])
    handle, path = tempfile.mkstemp(prefix="stylesketch-", suffix=".svg", dir=folder)
    png = path[:-4] + ".png"
    try:
        with os.fdopen(handle, "wb") as file:
            document.getroottree().write(file)
        boxes = _boxes(path)
        area = _union([boxes[name] for name in (visible_part(chain)[-1].get("id") for chain in shown) if name in boxes])
        scale = SIDE / max(area[2], area[3])
        width, height = math.ceil(area[2] * scale - 1e-6), math.ceil(area[3] * scale - 1e-6)
        corners = area[0], area[1], area[0] + width / scale, area[1] + height / scale
        _inkscape(
            path,
            *("--export-area=%.9g:%.9g:%.9g:%.9g" % corners, "--export-width=%d" % width, "--export-height=%d" % height),
            *("--export-background=%s" % _page_color(svg), "--export-background-opacity=1", "--export-filename=%s" % png),
        )
        with open(png, "rb") as picture:
            return Seen(picture.read(), _user_units(boxes[PROBE]) @ Transform((1 / scale, 0, 0, 1 / scale, area[0], area[1])))
    except (OSError, KeyError, command.ProgramRunError) as error:
        raise Failure(_("Inkscape could not draw the selection as a picture: select something else, or make a bitmap "
                        "of it with Edit ▸ Make a Bitmap Copy and select that."), "seen") from error  # fmt: skip
    finally:
        for name in (path, png):
            if os.path.exists(name):
                os.remove(name)


def _alone(svg: inkex.BaseElement, shown: Sequence[Chain]) -> inkex.BaseElement:
    """A copy of the document in which everything but the ends of the chains is hidden, with a probe.

    What is hidden moves into groups that are not shown, so that clones of it still are.
    """
    for chain in shown:
        if not chain[-1].get("id"):
            chain[-1].set("id", svg.get_unique_id("stylesketch-seen"))
    document = copy.deepcopy(svg)
    places = [[parent.index(child) for parent, child in zip((svg, *chain), chain)] for chain in shown]
    kept, ends = {document}, set()
    for way in places:
        element = document
        for place in way:
            element = element[place]
            kept.add(element)
        ends.add(element)
    for parent in kept - ends:
        for child in [c for c in parent if c not in kept and tag_name(c) in SHAPES]:
            hidden = inkex.Group()
            hidden.set("style", "display:none")
            parent.replace(child, hidden)
            hidden.append(child)
    probe = inkex.Rectangle.new(0, 0, PROBE_SIDE, PROBE_SIDE)
    probe.set("id", PROBE)
    probe.set("style", "fill:none;stroke:none")
    document.append(probe)
    return document


def _boxes(path: str) -> Dict[str, Box]:
    """Inkscape's visual bounding boxes of all elements of a document."""
    boxes = {}
    for line in _inkscape(path, "--query-all").splitlines():
        name, *numbers = line.rsplit(",", 4)
        try:
            x, y, width, height = map(float, numbers)
        except ValueError:
            continue
        boxes[name] = (x, y, width, height)
    return boxes


def _union(boxes: List[Box]) -> Box:
    """The box around all of them; raises Failure where there is nothing to see."""
    boxes = [box for box in boxes if box[2] > 0 and box[3] > 0]
    if not boxes:
        raise Failure(_("There is nothing to see of the selection: show it, or select something else."), "select")
    x, y = min(box[0] for box in boxes), min(box[1] for box in boxes)
    return x, y, max(box[0] + box[2] for box in boxes) - x, max(box[1] + box[3] for box in boxes) - y


def _user_units(probe: Box) -> Transform:
    """px of the page → user units, from where Inkscape sees the probe."""
    sx, sy = PROBE_SIDE / probe[2], PROBE_SIDE / probe[3]
    return Transform((sx, 0, 0, sy, -probe[0] * sx, -probe[1] * sy))


def _page_color(svg: inkex.BaseElement) -> str:
    view = next(svg.iter(VIEW), None)
    return (view.get("pagecolor") if view is not None else None) or "white"


def _inkscape(path: str, *options: str) -> str:
    """What a second Inkscape prints."""
    text = command.inkscape(path, *options)
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
