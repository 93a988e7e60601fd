"""A text as strokes, without any picture: CLIP says of every drawing how near it is to the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backend.core.drawing import Account, Drawing, Layer, StrokeNote
from backend.core.errors import BadRequest
from backend.core.image import Framing
from backend.core.notes import Note
from backend.core.strokes import Strokes
from backend.core.work import Progress, Work
from backend.encoders.clip import POOLED
from backend.encoders.encoder import Encoder
from backend.guidance.apart import KeepApart
from backend.guidance.augment import perspective_crops
from backend.guidance.bending import KeepBending
from backend.guidance.left_out import leave_one_out
from backend.guidance.pairs import Pairs
from backend.guidance.text import KeepInside, TextMatch, likeness_to_text
from backend.guidance.view import Guidance, Objective
from backend.initialize.gestures import GestureSettings, gestures
from backend.model_pool import ModelPool
from backend.optimize import Schedule, Step, optimize
from backend.parameterize.direct import DirectSettings, DirectStrokes
from backend.recipes.dressing import Dressing
from backend.recipes.recipe import SketchChoices
from backend.style_pack import StylePack

ENCODER = "clip_vit_b32"
CUT = Note("CLIP reads about 75 words at most, so it did not see the end of this text.")
MOST_TOGETHER = 16  # pictures that are looked at at once


@dataclass(frozen=True)
class TextSketchSettings:
    """How a text becomes strokes. Lengths are px of the small canvas."""

    canvas: int = 224
    page: int = 1024  # px, the side of the finished drawing
    strokes: int = 24
    width: float = 1.8
    together: int = 3  # strokes that are proposed as one
    proposals: int = 12  # of which the one that comes nearest to the text is drawn
    steps: int = 250
    rate: float = 1.2
    reach: float = 48.0  # a control point may move
    views: int = 4  # of the pool, beside the clean drawing, a step
    pool: int = 32
    bending: float = 2e-5  # per px²
    apart: float = 2e-3  # per px²
    distance: float = 4.0  # nearer strokes repel each other
    inside: float = 1e-3  # per px²
    start: GestureSettings = field(default_factory=GestureSettings)


@dataclass(frozen=True)
class TextSketch:
    """The recipe.

    Differs from CLIPDraw (Frans et al. 2021): the strokes are black lines that start as gestures, each of several the one
    that CLIP likes best, not as random blobs; they keep calm and apart; views come from a fixed pool; the strokes are put in
    order by what leaving each out costs.
    """

    settings: TextSketchSettings = TextSketchSettings()

    def run(self, text: str, choices: SketchChoices, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
        """The drawing of a text. Raises Missing without CLIP ViT-B/32 or its vocabulary, BadRequest for an empty text."""
        if not text.strip():
            raise BadRequest("There is no text to draw. Say in a few words what the drawing shall show.")
        yield Progress("reading the text", 0.0)
        reader = pool.reader(ENCODER)
        notes = () if reader.holds(text) else (CUT,)
        judge = _Judge(self.settings, pool.encoder(ENCODER), reader([text]), pool)
        dressing = Dressing.of(pack, choices, choices.strokes or self.settings.strokes)
        steps = self.settings.steps if choices.steps is None else choices.steps
        strokes = yield from self._start(dressing.plain_count, judge, choices.seed, pool)
        taken = 0
        for step in judge.optimized(strokes, steps, choices.seed):
            strokes, taken = step.strokes, step.number
            if (yield Progress("drawing", 0.2 + 0.7 * taken / steps, self._plain(strokes, pack), step.losses)):
                break
        yield Progress("ordering", 0.92)
        order, importances = leave_one_out(len(strokes), lambda some: judge.losses([strokes.select(_row(s)) for s in some]))
        strokes = strokes.select(_row(order))
        score = {f"{ENCODER} text": round(1 - float(judge.losses([strokes])[0]), 4)}
        plain = self._plain(strokes, pack, importances)
        [layer] = plain.layers
        white = torch.ones(1, 3, *layer.framing.canvas)
        dressed = dressing.dressed(layer, white, white[:, :1])
        account = Account("clip", taken, (*notes, *choices.unfinished), score)
        texture = pack.texture.at(choices.style_strength)
        drawing = replace(plain, layers=(dressed,), account=account, texture=texture)
        return drawing.first(choices.kept(len(dressed.strokes)))

    def _start(self, count: int, judge: _Judge, seed: int, pool: ModelPool) -> Work[Strokes]:
        """Gestures, a few at a time, of several such the ones that come nearest to the text."""
        s, generator = self.settings, torch.Generator().manual_seed(seed)
        curves: list[Tensor] = []
        while len(curves) < count:
            late, number = len(curves) / count, min(s.together, count - len(curves))
            offers = [gestures(number, late, s.canvas, generator, s.start) for _ in range(s.proposals)]
            drawn = [Strokes.build([*curves, *offer], s.width).to(pool.device) for offer in offers]
            curves += offers[int(judge.losses(drawn).argmin())]
            yield Progress("laying out", 0.02 + 0.18 * len(curves) / count)
        return Strokes.build(curves, s.width).to(pool.device)

    def _plain(self, strokes: Strokes, pack: StylePack, importances: Sequence[float] = ()) -> Drawing:
        """The strokes in the pack's pen on a page, its canvas as fine as that of other drawings."""
        s, side = self.settings, 4 * self.settings.canvas
        framing = Framing.whole((s.page, s.page), side)
        curves = [strokes.curve(i).cpu() * (side / s.canvas) for i in range(len(strokes))]
        notes = tuple(StrokeNote("contour", "picture", value) for value in importances or [1.0] * len(strokes))
        layer = Layer("picture", framing, Strokes.build(curves, pack.pen.width * side, pack.pen.color), notes)
        return Drawing((s.page, s.page), (layer,), pack.paper)


class _Judge:
    """Says how far drawings on the small canvas are from the text, and brings one nearer."""

    def __init__(self, settings: TextSketchSettings, encoder: Encoder, text: Tensor, pool: ModelPool) -> None:
        self._settings, self._encoder, self._text, self._pool = settings, encoder, text, pool
        self._size, self._paper = (settings.canvas, settings.canvas), torch.ones(3, device=pool.device)

    @torch.no_grad()
    def losses(self, drawings: Sequence[Strokes]) -> npt.NDArray[np.float64]:
        """1 − likeness of each drawing, seen clean [n]."""
        found = []
        for begin in range(0, len(drawings), MOST_TOGETHER):
            some = drawings[begin : begin + MOST_TOGETHER]
            images = torch.cat([self._pool.rasterizer(strokes, self._size, self._paper)[:, :1] for strokes in some])
            found.append(1 - likeness_to_text(self._encoder(images)[POOLED], self._text).double().cpu())
        return torch.cat(found).numpy()

    def optimized(self, start: Strokes, steps: int, seed: int) -> Iterator[Step]:
        """Steps towards the text, of the start itself."""
        s = self._settings
        crops = perspective_crops(s.pool, self._size, torch.Generator().manual_seed(seed + 1))
        terms: dict[str, Guidance] = {
            "text": TextMatch(Pairs(None, crops, [self._encoder], s.views), self._encoder, self._text),
            "bending": KeepBending(start),
            "apart": KeepApart(start, s.distance, s.reach),
            "inside": KeepInside(self._size),
        }
        weights = {"bending": s.bending, "apart": s.apart, "inside": s.inside}
        moved = DirectStrokes(start, DirectSettings(s.reach))
        schedule, pool = Schedule(steps, s.rate, (1.5, 0.4)), self._pool
        return optimize(moved, Objective(terms, weights), schedule, pool.rasterizer, self._size, self._paper, pool.descend)


def _row(indices: Sequence[int]) -> Tensor:
    return torch.tensor(list(indices), dtype=torch.long)


TEXT_SKETCH = TextSketch()
