"""What is to be drawn anew of a sketch in the document, and the new strokes put into it."""

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Set, Tuple

import inkex
from inkex import Transform

from stylesketch_ext.drawn_sketches import DrawnSketch, drawn_sketches, is_closed, is_locked, is_ours, region_of, strokes_of
from stylesketch_ext.failures import Failure
from stylesketch_ext.layers import draw_stroke, ids, mark
from stylesketch_ext.placement import Placement
from stylesketch_ext.selection import is_hidden, pictures_below
from stylesketch_ext.subjects import Subject, subject_of
from stylesketch_ext.wire import codec
from stylesketch_ext.wire.messages import RefineRequest, SketchResult, SketchSettings, StrokeData
from stylesketch_ext.words import _

EFFECT = "{http://www.inkscape.org/namespaces/inkscape}path-effect"
WHOLE = ("scene",)  # recipes that draw more than one subject


@dataclass(frozen=True)
class Redrawing:
    """A sketch that is drawn on."""

    sketch: DrawnSketch
    onto: Transform  # source px → user units inside its layers
    shapes: Sequence[inkex.BaseElement]  # by their numbers, the ids of strokes on the wire
    strokes: List[StrokeData]
    region: List[List[Tuple[float, float]]]  # closed lines, source px; none: everywhere
    picture: Optional[Subject]  # that it is drawn after
    same: bool  # is it the picture that it was drawn after at first?

    def request(self, image: str, redraw: bool, more: int, seed: int) -> RefineRequest:
        """What to ask the engine for; seed: 0 for one that was not taken yet. ValueError for what cannot be."""
        settings = self._settings(seed, redraw)
        name = self.picture.name if self.picture else self.sketch.layers[0].get("id", "")
        whole = self.sketch.fact("recipe") in WHOLE
        return RefineRequest(
            image, self.strokes, settings, redraw, more, None, self.region, whole, size=self.sketch.size, title=name
        )

    def _settings(self, seed: int, redraw: bool) -> SketchSettings:
        """Those of the sketch: another variation of it, if strokes are drawn anew."""
        try:
            noted = codec.loads(SketchSettings, self.sketch.fact("settings"))
        except codec.WireError:  # of another version, or of the command line
            noted = SketchSettings(style=self.sketch.fact("style") or SketchSettings.style)
        text = self.sketch.fact("seed")
        last = int(text) if text.isdigit() else noted.seed
        mask = noted.mask if noted.mask in ("auto", "none") else "auto"  # a picture of one is nowhere any more
        return dataclasses.replace(
            noted, strokes=None, simplicity=0.0, candidates=1, mask=mask, steps=None, seed=seed or last + redraw
        )

    def put(self, svg: inkex.BaseElement, result: SketchResult) -> None:
        """Take away the strokes that go, and put new ones in their places, those of more above the others."""
        taken, removed = ids(svg), [self.shapes[int(name)] for name in result.removed]
        new = [path for layer in result.drawing.layers for path in layer.paths]
        above = self._last() if len(new) > len(removed) else None
        _drop_effects(svg, removed)
        for number, path in enumerate(new):
            element = inkex.PathElement()
            if number < len(removed):
                old = removed[number]
                old.getparent().replace(old, element)
                above = element if above is old else above
            else:
                self._put_above(above, element)
                above = element
            inside = self.sketch.inside(element.getparent())
            draw_stroke(svg, element, path, Placement(-inside @ self.onto), taken)
        for old in removed[len(new) :]:
            old.getparent().remove(old)
        self._note(result, bool(new))

    def _last(self) -> Optional[inkex.BaseElement]:
        """The uppermost stroke of the group that has most of them."""
        groups: Dict[inkex.BaseElement, List[inkex.BaseElement]] = {}
        for shape in self.shapes:
            if is_ours(shape):
                groups.setdefault(shape.getparent(), []).append(shape)
        return max(groups.values(), key=len)[-1] if groups else None

    def _put_above(self, above: Optional[inkex.BaseElement], element: inkex.BaseElement) -> None:
        if above is None:
            self.sketch.layers[-1].append(element)
        else:
            above.addnext(element)

    def _note(self, result: SketchResult, drawn: bool) -> None:
        holder = self.sketch.holder
        mark(holder, version=result.version, job=result.job)
        if drawn:
            mark(holder, seed=result.settings.seed, image=result.image)


def redrawing(svg: inkex.BaseElement, folders: Sequence[str]) -> Redrawing:
    """What the selection means: strokes of a sketch are drawn anew, and the others stay; or all that a closed shape encloses.

    With nothing selected, all of the only sketch. Raises Failure with a sentence that says what to do.
    """
    chosen = list(svg.selection)
    shapes = [shape for element in chosen for shape in _lassos(element)]
    sketch = _meant(svg, chosen)
    marked = [each for each in chosen if sketch.holds(each) or any(map(sketch.holds, each.iter()))]
    picked = {below for each in marked for below in each.iter() if is_ours(below)}
    drawn = [shape for shape in sketch.shapes() if shape not in shapes]
    free = {shape for shape in drawn if is_ours(shape) and not is_locked(shape, sketch)}
    if picked:
        free &= picked
    picture, same = _picture(svg, sketch, folders)
    size = sketch.size
    onto = sketch.placed(picture.placement(*size) if picture and same and size else None)
    rings = [ring for shape in shapes for ring in region_of(shape, sketch, onto)]
    return Redrawing(sketch, onto, drawn, strokes_of(sketch, onto, drawn, free), rings, picture, same)


def _meant(svg: inkex.BaseElement, chosen: Sequence[inkex.BaseElement]) -> DrawnSketch:
    """The sketch that the selection touches, or the current layer, or the only one that shows."""
    found = drawn_sketches(svg)
    if not found:
        raise Failure(_("There is no sketch of StyleSketch in this document: make one with Sketch… first."), "select")
    touched = [each for each in found if any(each.holds(element) for element in chosen)]
    if not touched:
        layer = svg.get_current_layer()
        touched = [each for each in found if layer is not None and each.holder is not svg and each.holds(layer)]
    if not touched and len(found) > 1:
        touched = [each for each in found if not any(map(is_hidden, (each.layers[0], *each.layers[0].iterancestors())))]
    touched = touched or found
    if len(touched) > 1:
        raise Failure(
            _("The document holds %d sketches: select strokes of one of them, or its layer in the Layers dialog.")
            % len(touched),
            "select",
        )
    return touched[0]


def _lassos(element: inkex.BaseElement) -> List[inkex.BaseElement]:
    """Closed shapes that no sketch drew, of a selected element."""
    if any(map(is_ours, element.iter())):
        return []
    return [below for below in element.iter() if isinstance(below, inkex.ShapeElement) and is_closed(below)]


def _picture(svg: inkex.BaseElement, sketch: DrawnSketch, folders: Sequence[str]) -> Tuple[Optional[Subject], bool]:
    """The picture that a sketch was drawn after, and True; else the only other one of the document; else nothing."""
    others = []
    for chain in [chain for child in svg for chain in pictures_below((child,), svg)]:
        try:
            subject = subject_of(svg, chain, folders)
        except Failure:  # one that cannot be read is not the one
            continue
        if hashlib.sha256(subject.data).hexdigest() == sketch.fact("image"):
            return subject, True
        others.append(subject)
    return (others[0] if len(others) == 1 else None), False


def _drop_effects(svg: inkex.BaseElement, removed: Sequence[inkex.BaseElement]) -> None:
    """Take away the effects of strokes that go, where nothing else has them."""
    gone = {name for element in removed for name in _effects(element)}
    if not gone:
        return
    staying = set(removed)
    used: Set[str] = {name for element in svg.iter() if element not in staying for name in _effects(element)}
    for effect in [each for each in svg.defs if each.get("id") in gone - used]:
        svg.defs.remove(effect)


def _effects(element: inkex.BaseElement) -> List[str]:
    return [name.strip().lstrip("#") for name in (element.get(EFFECT) or "").split(";") if name.strip()]
