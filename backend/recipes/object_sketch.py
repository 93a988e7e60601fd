"""A photograph's subject as strokes: traced first, then refined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

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

    def at_fidelity(self, fidelity: float) -> ObjectSketchSettings:
        """The settings for a drawing from precise (1) to loose (0): seen from farther away, in calmer curves."""
        loose = 1 - fidelity
        return replace(
            self,
            canvas=round(self.canvas * (1 - 0.5 * loose)),
            enlargement=self.enlargement * (1 - 0.5 * loose),
            lines=replace(self.lines, fine_weight=self.lines.fine_weight * (1 - 0.6 * loose)),
            start=replace(
                self.start,
                calm=self.start.calm * (1 + loose),
                tolerance=self.start.tolerance * (1 + loose),
                corner_turn=self.start.corner_turn * (1 + 0.4 * loose),
                trace=replace(self.start.trace, least=self.start.trace.least * (1 + loose)),
            ),
        )

    def varied(self, seed: int) -> ObjectSketchSettings:
        """The settings of another attempt at the same drawing: seed 0 is this one, others weigh and join lines differently."""
        if not seed:
            return self
        generator = torch.Generator().manual_seed(seed)

        def about(value: float, spread: float) -> float:
            return value * (1 + spread * (2 * float(torch.rand((), generator=generator)) - 1))

        start, coarse = self.start, self.lines.coarse
        return replace(
            self,
            lines=replace(
                self.lines,
                coarse=replace(coarse, inhibition=about(coarse.inhibition, 0.25)),
                fine_weight=about(self.lines.fine_weight, 0.2),
            ),
            start=replace(
                start,
                trace=replace(start.trace, seed=about(start.trace.seed, 0.25)),
                link=replace(start.link, reach=about(start.link.reach, 0.4)),
                order=replace(start.order, ease=about(start.order.ease, 0.4), brevity=about(start.order.brevity, 0.4)),
            ),
        )


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
        settings = self.settings.at_fidelity(choices.fidelity).varied(choices.seed)
        yield Progress("finding the subject", 0.02)
        foreground, notes = _choose_foreground(inputs, choices)
        framing = Framing.around(foreground.mask, settings.canvas, settings.margin, settings.enlargement)
        image, mask = framing.crop(inputs.photograph.pixels), framing.crop(foreground.mask, fill=0.0)
        yield Progress("finding the lines", 0.12)
        start = _start(image, mask, foreground.certainty, choices.strokes or pack.strokes, settings)
        if not start.curves:
            raise BadRequest("No lines were found in this picture. Choose one with clearer shapes.")
        strokes = Strokes.build(start.curves, pack.pen.width * max(framing.canvas), pack.pen.color, start.closed)
        region = "object" if float(mask.min()) < 0.5 else "picture"
        page = _Page(inputs.photograph.size, framing, start, pack, region, choices.kept(len(strokes)))
        yield Progress("drawing", 0.35, page.drawing(strokes, Account()))
        steps = settings.steps if choices.steps is None else choices.steps
        for step in self._refined(strokes, start, framing, pack, steps, pool):
            strokes = step.strokes
            yield Progress("refining", 0.35 + 0.63 * step.number / steps, page.drawing(strokes, Account()), step.losses)
        if len(start.curves) < (choices.strokes or 0):
            found = len(start.curves)
            told = f"The picture has lines for {found} {'stroke' if found == 1 else 'strokes'} only, not {choices.strokes}."
            notes = (*notes, told)
        return page.drawing(strokes, Account("classical", steps, notes))

    def _check(self, inputs: Inputs, choices: SketchChoices) -> None:
        if choices.guidance not in ("auto", *self.guidances):
            names = ", ".join(("auto", *self.guidances))
            raise BadRequest(f"There is no guidance named '{choices.guidance}'; choose one of: {names}.")
        height, width = inputs.photograph.size
        if min(height, width) < LEAST_SIDE:
            raise BadRequest(f"The picture is only {width} × {height} px; choose one of at least {LEAST_SIDE} px a side.")

    def _refined(
        self, strokes: Strokes, start: TracedStart, framing: Framing, pack: StylePack, steps: int, pool: ModelPool
    ) -> Iterator[Step]:
        paper = torch.tensor(pack.paper, device=pool.device)
        strokes = strokes.to(pool.device)
        target = start.lines_as_ink(framing.canvas, float(strokes.widths.mean())).to(pool.device)
        terms: dict[str, Guidance] = {"ink": InkMatch(target, paper), "bending": KeepBending(strokes)}
        objective = Objective(terms, {"bending": self.settings.bending})
        return optimize(DirectStrokes(strokes), objective, Schedule(steps), pool.rasterizer, framing.canvas, paper)


def _start(image: Image, mask: Mask, certainty: float, count: int, settings: ObjectSketchSettings) -> TracedStart:
    field = line_field(image, settings.lines, certainty * mask if certainty else None)
    worth = with_rim(mask, settings.rim)[0, 0].cpu().numpy()
    lines = Lines(field.strength, field.tangent_x, field.tangent_y, field.fine)
    return traced_start(lines, worth, count, settings.start)


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
    kept: int  # of the first strokes

    def drawing(self, strokes: Strokes, account: Account) -> Drawing:
        known = zip(self.start.kinds, self.start.importances, strict=True)
        notes = tuple(StrokeNote(kind, self.region, importance) for kind, importance in known)[: self.kept]
        layer = Layer(self.region, self.framing, strokes.select(slice(0, self.kept)).to("cpu"), notes)
        return Drawing(self.size, (layer,), self.pack.paper, account)


OBJECT_SKETCH = ObjectSketch()
