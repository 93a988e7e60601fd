"""A photograph's subject as strokes: traced first, then refined."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.drawing import Account, Drawing, Layer, StrokeNote
from backend.core.errors import BadRequest
from backend.core.image import Framing, Image, Mask
from backend.core.strokes import Strokes
from backend.core.work import Progress, Work
from backend.guidance.bending import KeepBending
from backend.guidance.ink import InkMatch
from backend.guidance.view import Objective
from backend.initialize.trace import Lines, TracedStart, TracedStartSettings, traced_start
from backend.model_pool import ModelPool
from backend.optimize import Schedule, optimize
from backend.parameterize.direct import DirectStrokes
from backend.perception.foreground import Foreground, find_foreground
from backend.perception.line_field import LineFieldSettings, line_field
from backend.recipes.recipe import Inputs, SketchChoices
from backend.style_pack import StylePack

LEAST_SIDE = 8  # px; a smaller picture holds no lines


@dataclass(frozen=True)
class ObjectSketchSettings:
    """How a subject is looked at and drawn."""

    canvas: int = 704  # longer side of the framed subject, px
    margin: float = 0.06  # of the subject's longer side, kept free around it
    contours: LineFieldSettings = LineFieldSettings()
    details: LineFieldSettings = field(
        default_factory=lambda: LineFieldSettings(
            smoothing_rounds=1, scales=(1.0, 1.8), inhibition=0.55, line_scale=1.2, flow=2.0
        )
    )
    start: TracedStartSettings = TracedStartSettings()
    steps: int = 30


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
        framing = frame_subject(inputs.photograph.size, foreground.mask, self.settings)
        image, mask = framing.crop(inputs.photograph.pixels), framing.crop(foreground.mask, fill=0.0)
        yield Progress("finding the lines", 0.12)
        start = self._start(image, mask, foreground.certainty, choices.strokes or pack.strokes)
        if not start.curves:
            raise BadRequest(
                "No lines were found in this picture. Choose one with clearer shapes, or select the whole picture."
            )
        strokes, paper = pen_strokes(start, framing, pack), torch.tensor(pack.paper)
        make = _drawing_maker(inputs, framing, start, pack, foreground.trusted and not choices.whole_picture)
        yield Progress("drawing", 0.35, preview=make(strokes, Account()))
        steps = self.settings.steps if choices.steps is None else choices.steps
        target = line_target(start, framing.canvas, float(strokes.widths.mean()))
        for step in _refined(strokes, target, paper, steps, pool):
            strokes = step.strokes
            yield Progress("refining", 0.35 + 0.63 * step.number / steps, make(strokes, Account()), step.losses)
        if len(start.curves) < (choices.strokes or 0):
            notes = (
                *notes,
                f"The picture has lines for {len(start.curves)} strokes, fewer than the {choices.strokes} asked for.",
            )
        return make(strokes, Account("classical", steps, notes))

    def _check(self, inputs: Inputs, choices: SketchChoices) -> None:
        if choices.guidance not in ("auto", *self.guidances):
            names = ", ".join(("auto", *self.guidances))
            raise BadRequest(f"There is no guidance named '{choices.guidance}'; choose one of: {names}.")
        height, width = inputs.photograph.size
        if min(height, width) < LEAST_SIDE:
            raise BadRequest(f"The picture is only {width} × {height} px; choose one of at least {LEAST_SIDE} px a side.")

    def _start(self, image: Image, mask: Mask, certainty: float, count: int) -> TracedStart:
        silhouette = certainty * mask if certainty else None
        contours, details = (line_field(image, s, silhouette) for s in (self.settings.contours, self.settings.details))
        worth = subject_worth(mask)
        return traced_start(
            Lines(contours.strength, contours.tangent_x, contours.tangent_y),
            Lines(details.strength, details.tangent_x, details.tangent_y),
            worth[0, 0].cpu().numpy(),
            count,
            self.settings.start,
        )


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


def frame_subject(size: tuple[int, int], mask: Mask, settings: ObjectSketchSettings) -> Framing:
    """The framing that shows the masked subject with a margin, its longer side `settings.canvas` px."""
    rows, columns = mask[0, 0].amax(1).nonzero()[:, 0], mask[0, 0].amax(0).nonzero()[:, 0]
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    margin = round(settings.margin * max(bottom - top, right - left)) + 2
    top, left = max(0, top - margin), max(0, left - margin)
    bottom, right = min(size[0], bottom + margin), min(size[1], right + margin)
    scale = settings.canvas / max(bottom - top, right - left)
    canvas = (max(1, round((bottom - top) * scale)), max(1, round((right - left) * scale)))
    return Framing(size, canvas, (float(left), float(top)), scale)


def subject_worth(mask: Mask, rim: int = 9) -> Tensor:
    """How much each place matters: 1 on the subject and `rim` px around it, 0 elsewhere."""
    return F.max_pool2d(mask, 2 * (rim // 2) + 1, 1, rim // 2).gt(0.5).float()


def pen_strokes(start: TracedStart, framing: Framing, pack: StylePack) -> Strokes:
    """The start's curves drawn with the pack's pen."""
    return Strokes.build(start.curves, pack.pen.width * max(framing.canvas), pack.pen.color, start.closed)


def line_target(start: TracedStart, size: tuple[int, int], width: float) -> Tensor:
    """The lines that were found as ink [1, 1, H, W], each as dark as it is strong."""
    import cv2

    ink = np.zeros(size, np.float32)
    for line in start.lines:
        layer = np.zeros(size, np.uint8)
        cv2.polylines(layer, [np.round(line.row * 16).astype(np.int32)], line.closed, 255, max(1, round(width)), cv2.LINE_AA, 4)
        ink = np.maximum(ink, layer.astype(np.float32) / 255 * min(1.0, 0.3 + float(line.strength.mean())))
    return torch.from_numpy(ink)[None, None]


def _refined(strokes: Strokes, target: Tensor, paper: Tensor, steps: int, pool: ModelPool):  # type: ignore[no-untyped-def]
    device = pool.device
    start = strokes.to(device)
    objective = Objective(
        {"ink": InkMatch(target.to(device), paper.to(device)), "bending": KeepBending(start)}, {"ink": 1.0, "bending": 0.002}
    )
    size = (target.shape[-2], target.shape[-1])
    return optimize(DirectStrokes(start), objective, Schedule(steps), pool.rasterizer, size, paper.to(device))


def _drawing_maker(inputs: Inputs, framing: Framing, start: TracedStart, pack: StylePack, masked: bool):  # type: ignore[no-untyped-def]
    region = "object" if masked else "picture"
    top = max(start.gains[0], 1e-9)
    falling = np.minimum.accumulate(np.array(start.gains) / top)
    notes = tuple(StrokeNote(kind, region, float(gain)) for kind, gain in zip(start.kinds, falling, strict=True))

    def make(strokes: Strokes, account: Account) -> Drawing:
        layer = Layer(region, framing, replace(strokes, points=strokes.points.detach()).to("cpu"), notes)
        return Drawing(inputs.photograph.size, (layer,), pack.paper, account)

    return make


OBJECT_SKETCH = ObjectSketch()
