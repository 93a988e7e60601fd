"""The finish of a drawing: line weights and tones moved a little towards the exemplar of the style pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image
from backend.core.notes import Note, wording
from backend.core.strokes import Strokes
from backend.encoders import Encoder
from backend.guidance.embedding import POOLED, EmbeddingMatch
from backend.guidance.gram import GramMatch
from backend.guidance.late import Late
from backend.guidance.patches import PatchMatch, PatchSettings, ink_of, usual_ink
from backend.guidance.tones import KeepTones, tone_change
from backend.guidance.view import Guidance, Objective, View
from backend.model_pool import ModelPool
from backend.optimize import Schedule, optimize
from backend.parameterize.touch import TouchedStrokes, TouchSettings
from backend.recipes.exemplar import Exemplars
from backend.recipes.recipe import USUAL_STYLE_WEIGHT, SketchChoices
from backend.recipes.steering import Steering
from backend.style_features import EMBEDDING, GRAM, SIDE
from backend.style_pack import StylePack

GRAM_EYE, GRAM_LAYERS = "squeezenet", ("fire3", "fire5", "fire9")
WHOLE_EYES = ("clip_vit_b32", "clip_rn101", "clip_vit_b16")  # quickest first; one of them looks
FULL = 100.0  # the highest style weight
NO_EXEMPLAR = wording("The style pack {pack} has no exemplar to come nearer to, so the style weight changes nothing.")
BLANK = wording("The exemplar of the style pack {pack} shows no ink, so the style weight changes nothing.")
NEAR = wording("The drawing is as near to the exemplar as the style pack {pack} draws, so the style weight changes nothing.")
NO_GAIN = wording("The drawing could not come nearer to the exemplar without harm, so it is as the pen drew it.")


@dataclass(frozen=True)
class FinishSettings:
    """How the style terms move widths and opacities."""

    steps: int = 8
    rate: float = 0.25  # of Adam, in the exponent of the factors
    most: float = 2.2  # widths and opacities are multiplied by at most this, at the full style weight
    patches: PatchSettings = PatchSettings(places=1000, directions=32)
    staying: float = 0.4  # weight beside the patches' reach
    late: int = 2  # steps at the end in which networks look
    gram: float = 1.0  # weight beside the patches' 1
    whole: float = 0.1  # the same, of CLIP's
    window: int = 192  # px, of the most inked part, in which Gram matrices are taken
    coarse: int = 16  # px of a picture of SIDE px over which tones are to stay
    near: float = 0.08  # drawings in the bundled styles lie nearer to the exemplars of these: so far, nothing is to be done
    ways: tuple[float, ...] = (1.0, 0.6, 0.3)  # shares of the change that are tried until one keeps the bounds that follow
    least_gain: float = 0.01  # share of the distance in held-out patches that must be gained, or the strokes stay
    least_likeness: float = 0.98  # correlation of the tones before and after
    most_change: float = 0.35  # share of the ink that may come or go


@dataclass(frozen=True)
class StyleFinish:
    """What of a pack's exemplar a drawing is brought nearer to, and how far."""

    exemplars: Exemplars
    pack: StylePack
    weight: float  # above 0 … FULL
    strength: float = 1.0  # of the style, above 0 … 1
    eyes: tuple[str, ...] = ()  # encoders that look, too; their weights are here
    settings: FinishSettings = field(default_factory=FinishSettings)

    @classmethod
    def of(cls, pack: StylePack, choices: SketchChoices, pool: ModelPool) -> StyleFinish | None:
        """The finish in a pack's style that was chosen; None where the pack has no exemplar, or nothing is wanted of it.

        Networks look where their weights are, unless the user wants none. Raises BadPack for a pack's damaged parts.
        """
        wanted = choices.style_weight and choices.style_strength
        exemplars = Exemplars.of(pack.folder) if wanted and pack.folder else None
        if exemplars is None:
            return None
        return cls(exemplars, pack, choices.style_weight, choices.style_strength, _eyes(choices, pool))

    @property
    def reach(self) -> float:
        """How far it goes, 0 … 1: the first of the weight counts most, so that the usual weight can be seen."""
        return self.strength * float((self.weight / FULL) ** 0.5)

    def finished(self, strokes: Strokes, size: tuple[int, int], pool: ModelPool) -> tuple[Strokes, tuple[str, ...]]:
        """Strokes (at least one) on a canvas (height, width) nearer to the exemplar, or as they were where that would do
        harm or is not worth it; and what to tell the user. Only widths and opacities differ. Same strokes, same result.

        Raises BadPack, Missing for features of the pack that cannot be used.
        """
        part, small = _small(size)
        before = _scaled(strokes.to(pool.device), part)
        paper = self._paper(pool)
        picture = self._drawn(before, small, pool)
        judge = self._patches(ink_of(picture, paper), paper, seed=2)
        if not judge:
            return strokes, self._told(BLANK)
        was = float(judge(View(picture, before)))
        if was < self.settings.near * USUAL_STYLE_WEIGHT / self.weight:
            return strokes, self._told(NEAR)
        after = self._moved(before, picture, pool)
        for way in self.settings.ways:
            tried = _between(before, after, way)
            finished = self._drawn(tried, small, pool)
            gained = float(judge(View(finished, tried))) < was * (1 - self.settings.least_gain)
            if gained and self._keeps(ink_of(picture, paper), ink_of(finished, paper)):
                tried = tried.to(strokes.points.device)
                return replace(strokes, widths=tried.widths / part, opacities=tried.opacities), ()
        return strokes, self._told(NO_GAIN)

    def distance(self, strokes: Strokes, size: tuple[int, int], pool: ModelPool) -> float:
        """How far canvas strokes are from the exemplar in their patches; 0 where these are distributed alike."""
        part, small = _small(size)
        seen = _scaled(strokes.to(pool.device), part)
        picture, paper = self._drawn(seen, small, pool), self._paper(pool)
        return float(self._patches(ink_of(picture, paper), paper, seed=3)(View(picture, seen)))

    def _told(self, pattern: str) -> tuple[str, ...]:
        """What the user is told who asked for more than the usual weight."""
        return (Note(pattern, pack=self.pack.title),) if self.weight > USUAL_STYLE_WEIGHT else ()

    def _moved(self, before: Strokes, picture: Image, pool: ModelPool) -> Strokes:
        touched = TouchedStrokes(before, TouchSettings(self.settings.most**self.reach))
        schedule = Schedule(self.settings.steps, self.settings.rate, (0.3, 0.3))
        size, after, objective = (picture.shape[-2], picture.shape[-1]), before, self._objective(picture, pool)
        for step in optimize(touched, objective, schedule, pool.rasterizer, size, self._paper(pool), pool.descend):
            after = step.strokes
        return after

    def _keeps(self, before: Tensor, after: Tensor) -> bool:
        """Whether tones are where they were, of about as much ink."""
        likeness, change = tone_change(before, after, self.settings.coarse)
        return likeness >= self.settings.least_likeness and abs(change) <= self.settings.most_change

    def _drawn(self, strokes: Strokes, size: tuple[int, int], pool: ModelPool) -> Image:
        with torch.no_grad():
            return pool.rasterizer(strokes, size, self._paper(pool))

    def _paper(self, pool: ModelPool) -> Tensor:
        return torch.tensor(self.pack.paper, device=pool.device)

    def _objective(self, picture: Image, pool: ModelPool) -> Objective:
        s, paper = self.settings, self._paper(pool)
        ink = ink_of(picture, paper)
        terms: dict[str, Guidance] = {
            "patches": self._patches(ink, paper, seed=1),
            "staying": KeepTones(ink, paper, s.coarse),
        }
        for name in self.eyes:
            terms[name] = Late(self._look(pool.encoder(name), ink, pool.device), s.steps - s.late + 1)
        weights = {"patches": 1.0, GRAM_EYE: s.gram, **dict.fromkeys(WHOLE_EYES, s.whole)}
        staying = s.staying * Steering.of(self.pack.measured, self.strength).tones
        return Objective(terms, {**{name: self.reach * weight for name, weight in weights.items()}, "staying": staying})

    def _look(self, encoder: Encoder, ink: Tensor, device: torch.device) -> Guidance:
        """How an encoder compares the drawing with the exemplars, both `SIDE` px large where lines are as wide in both."""
        farther = 1 / max(1.0, self.pack.measured.enlargement)
        if encoder.name in WHOLE_EYES:
            target = self.exemplars.features(encoder, [POOLED], EMBEDDING, device)[POOLED]
            return _Seen(EmbeddingMatch(target, encoder), farther)
        found = self.exemplars.features(encoder, GRAM_LAYERS, GRAM, device)
        targets: Mapping[str, Tensor] = {layer: found[layer][None] for layer in GRAM_LAYERS}
        window = _most_inked(_resized(ink, farther), self.settings.window)
        return _Seen(GramMatch.measured(targets, encoder), farther, window)

    def _patches(self, ink: Tensor, paper: Tensor, seed: int) -> PatchMatch:
        side, dark = round(SIDE * self.pack.measured.enlargement), sum(self.pack.paper) < 1.5
        exemplar = self.exemplars.ink(side, dark).to(paper.device)
        if self.pack.texture.kind != "none":  # its grain makes lines lighter; the drawing's is laid over it later
            exemplar = exemplar * usual_ink(ink) / usual_ink(exemplar).clamp_min(1e-6)
        return PatchMatch(exemplar, ink, paper, torch.Generator().manual_seed(seed), self.settings.patches)


Window = tuple[int, int, int, int]  # top, left, height, width, px


@dataclass(frozen=True)
class _Seen:
    """A match of pictures with the picture of a view, seen from farther away, or only a window of it."""

    match: GramMatch | EmbeddingMatch
    farther: float
    window: Window | None = None

    def __call__(self, view: View) -> Tensor:
        picture = _resized(view.image, self.farther)
        if self.window:
            top, left, height, width = self.window
            picture = picture[..., top : top + height, left : left + width]
        return self.match(picture)


def _eyes(choices: SketchChoices, pool: ModelPool) -> tuple[str, ...]:
    if choices.guidance == "classical":
        return ()
    whole = [name for name in WHOLE_EYES if pool.has_encoder(name)][:1]
    return (*([GRAM_EYE] if pool.has_encoder(GRAM_EYE) else []), *whole)


def _most_inked(ink: Tensor, side: int) -> Window:
    """The window of at most `side` px a side that has most of the ink [1, 1, H, W]."""
    height, width = min(side, ink.shape[-2]), min(side, ink.shape[-1])
    step = max(1, side // 16)
    sums = F.avg_pool2d(ink, (height, width), step)[0, 0]
    row, column = divmod(int(sums.argmax()), sums.shape[1])
    return row * step, column * step, height, width


def _resized(image: Tensor, scale: float) -> Tensor:
    if scale == 1:
        return image
    size = [max(32, round(length * scale)) for length in image.shape[-2:]]
    return F.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False)


def _small(size: tuple[int, int]) -> tuple[float, tuple[int, int]]:
    """The scale of the picture in which a canvas (height, width) is compared, and its size."""
    part = SIDE / max(size)
    return part, (max(1, round(size[0] * part)), max(1, round(size[1] * part)))


def _between(before: Strokes, after: Strokes, way: float) -> Strokes:
    """Strokes whose widths and opacities went a share of the way."""
    return replace(
        before,
        widths=torch.lerp(before.widths, after.widths, way),
        opacities=torch.lerp(before.opacities, after.opacities, way),
    )


def _scaled(strokes: Strokes, part: float) -> Strokes:
    return replace(strokes, points=strokes.points * part, widths=strokes.widths * part)
