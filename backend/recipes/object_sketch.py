"""A photograph's subject as strokes: traced first, then refined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from backend.core.drawing import Account, Drawing, Layer, StrokeNote
from backend.core.errors import BadRequest
from backend.core.image import Framing, Image, Mask
from backend.core.strokes import Strokes
from backend.core.work import Progress, Work
from backend.guidance.bending import KeepBending
from backend.guidance.ink import InkMatch
from backend.guidance.view import Guidance, Objective
from backend.initialize.trace import Lines, TracedStart, TracedStartSettings, traced_start
from backend.model_pool import ModelPool
from backend.optimize import Schedule, Step, optimize
from backend.parameterize.direct import DirectStrokes
from backend.perception.foreground import Foreground, find_foreground, with_rim
from backend.perception.line_field import LineFieldSettings, line_field
from backend.recipes.recipe import Inputs, SketchChoices
from backend.style_pack import StylePack

LEAST_SIDE = 8  # px; a smaller picture holds no lines


@dataclass(frozen=True)
class ObjectSketchSettings:
    """How a subject is looked at and drawn."""

    canvas: int = 896  # longer side of the framed subject, px
    enlargement: float = 2.5  # a small picture is enlarged no more than this: it has no finer lines to show
    margin: float = 0.06  # of the subject's longer side, kept free around it
    rim: int = 4  # lines may lie this far outside the subject, canvas px
    lines: LineFieldSettings = LineFieldSettings()
    start: TracedStartSettings = TracedStartSettings()
    steps: int = 30
    bending: float = 0.002  # weight beside the ink's 1


@dataclass(frozen=True)
class ObjectSketch:
    """The recipe."""

    settings: ObjectSketchSettings = ObjectSketchSettings()
    guidances: tuple[str, ...] = ("classical",)

    def run(self, inputs: Inputs, choices: SketchChoices, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
        """The drawing of one subject; strokes most important first.

        Raises BadRequest for a picture without a single line, or a guidance that is not there.
        """
        self._check(inputs, choices)
        yield Progress("finding the subject", 0.02)
        foreground, notes = _choose_foreground(inputs, choices)
        framing = Framing.around(foreground.mask, self.settings.canvas, self.settings.margin, self.settings.enlargement)
        image, mask = framing.crop(inputs.photograph.pixels), framing.crop(foreground.mask, fill=0.0)
        yield Progress("finding the lines", 0.12)
        start = self._start(image, mask, foreground.certainty, choices.strokes or pack.strokes)
        if not start.curves:
            raise BadRequest(
                "No lines were found in this picture. Choose one with clearer shapes, or select the whole picture."
            )
        strokes = Strokes.build(start.curves, pack.pen.width * max(framing.canvas), pack.pen.color, start.closed)
        page = _Page(inputs.photograph.size, framing, start, pack, "object" if float(mask.min()) < 0.5 else "picture")
        yield Progress("drawing", 0.35, page.drawing(strokes, Account()))
        steps = self.settings.steps if choices.steps is None else choices.steps
        for step in self._refined(strokes, start, framing, pack, steps, pool):
            strokes = step.strokes
            yield Progress("refining", 0.35 + 0.63 * step.number / steps, page.drawing(strokes, Account()), step.losses)
        if len(start.curves) < (choices.strokes or 0):
            notes = (
                *notes,
                f"The picture has lines for {len(start.curves)} strokes, fewer than the {choices.strokes} asked for.",
            )
        return page.drawing(strokes, Account("classical", steps, notes))

    def _check(self, inputs: Inputs, choices: SketchChoices) -> None:
        if choices.guidance not in ("auto", *self.guidances):
            names = ", ".join(("auto", *self.guidances))
            raise BadRequest(f"There is no guidance named '{choices.guidance}'; choose one of: {names}.")
        height, width = inputs.photograph.size
        if min(height, width) < LEAST_SIDE:
            raise BadRequest(f"The picture is only {width} × {height} px; choose one of at least {LEAST_SIDE} px a side.")

    def _start(self, image: Image, mask: Mask, certainty: float, count: int) -> TracedStart:
        field = line_field(image, self.settings.lines, certainty * mask if certainty else None)
        worth = with_rim(mask, self.settings.rim)[0, 0].cpu().numpy()
        lines = Lines(field.strength, field.tangent_x, field.tangent_y, field.fine)
        return traced_start(lines, worth, count, self.settings.start)

    def _refined(
        self, strokes: Strokes, start: TracedStart, framing: Framing, pack: StylePack, steps: int, pool: ModelPool
    ) -> Iterator[Step]:
        paper = torch.tensor(pack.paper, device=pool.device)
        strokes = strokes.to(pool.device)
        target = start.lines_as_ink(framing.canvas, float(strokes.widths.mean())).to(pool.device)
        terms: dict[str, Guidance] = {"ink": InkMatch(target, paper), "bending": KeepBending(strokes)}
        objective = Objective(terms, {"bending": self.settings.bending})
        return optimize(DirectStrokes(strokes), objective, Schedule(steps), pool.rasterizer, framing.canvas, paper)


def _choose_foreground(inputs: Inputs, choices: SketchChoices) -> tuple[Foreground, tuple[str, ...]]:
    """The user's mask, else the file's own transparency, else the one found; and what to tell the user."""
    photograph = inputs.photograph
    everything = torch.ones_like(photograph.pixels[:, :1])
    given = inputs.mask if inputs.mask is not None else photograph.alpha
    if choices.whole_picture:
        return Foreground(everything, True), ()
    if given is not None:
        if float(given.max()) < 0.5:
            return Foreground(everything, False), ("The mask is empty, so the whole picture is drawn.",)
        return Foreground(given.gt(0.5).float(), True, certainty=1.0), ()
    found = find_foreground(photograph.pixels)
    return (found, ()) if found.trusted else (Foreground(everything, False), (found.reason,))


@dataclass(frozen=True)
class _Page:
    """Where the strokes stand, and what is known about them."""

    size: tuple[int, int]
    framing: Framing
    start: TracedStart
    pack: StylePack
    region: str

    def drawing(self, strokes: Strokes, account: Account) -> Drawing:
        known = zip(self.start.kinds, self.start.importances, strict=True)
        notes = tuple(StrokeNote(kind, self.region, importance) for kind, importance in known)
        layer = Layer(self.region, self.framing, strokes.to("cpu"), notes)
        return Drawing(self.size, (layer,), self.pack.paper, account)


OBJECT_SKETCH = ObjectSketch()
