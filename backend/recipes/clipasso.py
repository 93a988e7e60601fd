"""CLIPasso's published method (Vinker et al. 2022), for people who compare with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from backend.core.drawing import Account, Drawing, Layer, StrokeNote
from backend.core.errors import BadRequest
from backend.core.image import luminance
from backend.core.notes import Note
from backend.core.strokes import Strokes
from backend.core.work import Progress, Work
from backend.encoders.clip import DEVIATION, MEAN
from backend.encoders.encoder import SalientEncoder
from backend.guidance.augment import perspective_crops
from backend.guidance.layers import Distance, LayerMatch, channel_cosine, squared
from backend.guidance.pairs import Pairs
from backend.guidance.view import Guidance, Objective, View
from backend.initialize.scattered import ScatteredSettings, scattered_start
from backend.model_pool import ModelPool
from backend.optimize import Schedule, Step, optimize
from backend.parameterize.direct import FreeStrokes
from backend.perception.saliency import saliency_map
from backend.recipes.object_sketch import choose_foreground
from backend.recipes.recipe import FEWEST, Inputs, SketchChoices
from backend.recipes.region import Region, RegionSettings
from backend.style_pack import StylePack

STAND_IN = Note(
    "SqueezeNet stands in for CLIP RN101, whose weights are not here: `stylesketch models pull clip_rn101` brings them."
)


@dataclass(frozen=True)
class ClipassoTerms:
    """Which encoder guides, and what of it counts."""

    encoder: str
    geometry: Mapping[str, float]  # feature layer → weight of its distance
    meaning: Mapping[str, float]  # feature layer → weight of its 1 − cosine
    distance: Distance = squared  # of the geometry

    def weighted(self, geometric: float | None, semantic: float | None) -> ClipassoTerms:
        """The same layers with these weights; None leaves them."""
        geometry = self.geometry if geometric is None else dict.fromkeys(self.geometry, geometric)
        meaning = self.meaning if semantic is None else dict.fromkeys(self.meaning, semantic)
        return replace(self, geometry=geometry, meaning=meaning)


TERMS = {
    "clip": ClipassoTerms("clip_rn101", {"layer2": 1.0, "layer3": 1.0}, {"pooled": 0.1}),
    "squeezenet": ClipassoTerms("squeezenet", {"fire3": 1.0, "fire5": 1.0}, {"fire9": 0.1}, channel_cosine),
}


@dataclass(frozen=True)
class ClipassoSettings:
    """The published constants."""

    canvas: int = 224  # px
    strokes: int = 16
    width: float = 1.5  # px
    steps: int = 2001
    rate: float = 1.0  # px
    views: int = 4  # beside the clean pair
    pool: int = 32  # of views
    evaluated: int = 10  # every so many steps the clean pair decides which strokes are the best so far
    settled: float = 1e-5  # a loss this near to the best one, so many times running, ends the work
    patience: int = 2  # times
    geometric_weight: float | None = None  # of each layer of geometry; None: as TERMS has it
    semantic_weight: float | None = None  # of what is meant
    start: ScatteredSettings = field(default_factory=ScatteredSettings)


@dataclass(frozen=True)
class Clipasso:
    """The recipe.

    Differs from CLIPasso: saliency comes from the guiding encoder, not from a second one; the views of a step come from a
    fixed pool, outside of which is paper; the picture is never squashed, and what is not its subject is white; one seed; the
    strokes are put in order by what leaving each out costs. SqueezeNet, where it stands in, is compared by cosines: its
    features are so much larger than CLIP's that by squared differences strokes shrink to dots, which is the least wrong ink.
    """

    settings: ClipassoSettings = ClipassoSettings()
    guidances: tuple[str, ...] = tuple(TERMS)
    fewest: int = FEWEST
    background: bool = False

    def run(self, inputs: Inputs, choices: SketchChoices, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
        """The drawing of a subject. Raises Missing without an encoder's weights, BadRequest where nothing is salient."""
        choices.check_guidance(self.guidances)
        guidance, notes = _chosen(choices.guidance, pool)
        encoder = pool.encoder(TERMS[guidance].encoder)
        assert isinstance(encoder, SalientEncoder)
        yield Progress("finding the subject", 0.02)
        inputs = inputs.unframed
        foreground, told = choose_foreground(inputs, choices, pool=pool)
        framing = RegionSettings(canvas=self.settings.canvas, enlargement=float("inf"))
        name = "object" if float(foreground.mask.min()) < 0.5 else "picture"
        region = Region.framed(name, inputs.photograph.pixels, foreground.mask, framing)
        yield Progress("scattering strokes", 0.04)
        strokes = self._start(region, encoder, choices).to(pool.device)
        if not len(strokes):
            raise BadRequest("Nothing in this picture stands out enough to start from. Choose one with clearer shapes.")
        terms = TERMS[guidance].weighted(self.settings.geometric_weight, self.settings.semantic_weight)
        easel = _Easel(self.settings, terms, region, encoder, pool, choices.seed)
        steps, done, losses = self.settings.steps if choices.steps is None else choices.steps, 0, [easel.loss(strokes)]
        best, least = strokes, losses[0]
        for step in easel.optimized(strokes, steps):
            done = step.number
            if done % self.settings.evaluated == 0 or done == steps:
                losses.append(easel.loss(step.strokes))
                best, least = (step.strokes, losses[-1]) if losses[-1] < least else (best, least)
                seen = self._drawing(inputs, region, best, [1.0] * len(best), pack)
                hurry = yield Progress("drawing", 0.05 + 0.9 * done / steps, seen, step.losses)
                if hurry or _settled(losses, self.settings.settled, self.settings.patience):
                    break
        yield Progress("ordering", 0.97)
        order, importances = _order(easel.gains(best))
        drawing = self._drawing(inputs, region, best.select(torch.tensor(order)), importances, pack)
        score = {encoder.name: round(1 - easel.meaning(best), 4)}
        drawing = replace(drawing, account=Account(guidance, done, (*notes, *told, *choices.unfinished), score))
        return drawing.first(choices.kept(len(best)))

    def _start(self, region: Region, encoder: SalientEncoder, choices: SketchChoices) -> Strokes:
        generator = torch.Generator().manual_seed(choices.seed)
        salient = saliency_map(encoder, region.image, region.mask)[0, 0].cpu().numpy()
        subject = region.image * region.mask + (1 - region.mask)
        mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
        luma = luminance((subject.cpu() - mean) / deviation)[0, 0].numpy().astype(np.float32)
        curves = scattered_start(luma, salient, choices.strokes or self.settings.strokes, generator, self.settings.start)
        return Strokes.build(curves, self.settings.width)

    def _drawing(
        self, inputs: Inputs, region: Region, strokes: Strokes, importances: Sequence[float], pack: StylePack
    ) -> Drawing:
        """The strokes in the pack's color, as wide as they were optimized."""
        notes = tuple(StrokeNote("contour", region.name, importance) for importance in importances)
        curves = [strokes.curve(i).cpu() for i in range(len(strokes))]
        layer = Layer(region.name, region.framing, Strokes.build(curves, self.settings.width, pack.pen.color), notes)
        return Drawing(inputs.photograph.size, (layer,), pack.paper)


class _Easel:
    """The pair that strokes are optimized for."""

    def __init__(
        self,
        settings: ClipassoSettings,
        terms: ClipassoTerms,
        region: Region,
        encoder: SalientEncoder,
        pool: ModelPool,
        seed: int,
    ) -> None:
        self._settings, self._pool, self._size = settings, pool, region.framing.canvas
        self._paper = torch.ones(3, device=pool.device)
        crops = perspective_crops(settings.pool, self._size, torch.Generator().manual_seed(seed + 1))
        target = (region.image * region.mask + (1 - region.mask)).to(pool.device)
        blank = perspective_crops(0, self._size, torch.Generator())
        self._seen = self._objective(terms, Pairs(target, crops, [encoder], settings.views), encoder)
        self._clean = self._objective(terms, Pairs(target, blank, [encoder], 0), encoder)
        self._weight = sum(terms.meaning.values()) or 1.0

    def _objective(self, terms: ClipassoTerms, pairs: Pairs, encoder: SalientEncoder) -> Objective:
        parts: dict[str, tuple[Mapping[str, float], Distance]] = {
            "geometry": (terms.geometry, terms.distance),
            "meaning": (terms.meaning, channel_cosine),
        }
        found: dict[str, Guidance] = {name: LayerMatch(pairs, encoder, *part) for name, part in parts.items()}
        return Objective(found)

    def optimized(self, strokes: Strokes, steps: int) -> Iterator[Step]:
        """Steps of Adam without a trust region."""
        schedule = Schedule(steps, self._settings.rate, (0.3, 0.3), last=1.0)
        pool = self._pool
        return optimize(FreeStrokes(strokes), self._seen, schedule, pool.rasterizer, self._size, self._paper, pool.descend)

    def loss(self, strokes: Strokes) -> float:
        """The loss of the clean pair."""
        return self._losses(strokes)[0]

    def meaning(self, strokes: Strokes) -> float:
        """1 − cosine of what is meant, of the clean pair."""
        return self._losses(strokes)[1]["meaning"] / self._weight

    def gains(self, strokes: Strokes) -> list[float]:
        """What leaving each stroke out costs."""
        whole, everyone = self.loss(strokes), torch.arange(len(strokes))
        return [self.loss(strokes.select(everyone[everyone != i])) - whole for i in range(len(strokes))]

    @torch.no_grad()
    def _losses(self, strokes: Strokes) -> tuple[float, dict[str, float]]:
        image: Tensor = self._pool.rasterizer(strokes, self._size, self._paper)
        total, losses = self._clean(View(image, strokes))
        return float(total), losses


def _chosen(guidance: str, pool: ModelPool) -> tuple[str, tuple[str, ...]]:
    """CLIP where its weights are, else SqueezeNet; and what to tell the user."""
    if guidance != "auto":
        return guidance, ()
    if pool.has_encoder(TERMS["clip"].encoder):
        return "clip", ()
    return "squeezenet", (STAND_IN,)


def _settled(losses: Sequence[float], least: float, patience: int = 2) -> bool:
    """Whether the last `patience` losses differed next to nothing from the best before them; worse ones end nothing."""
    bests = np.minimum.accumulate(losses)
    return len(bests) > patience and bool((np.abs(np.array(losses)[1:] - bests[:-1])[-patience:] <= least).all())


def _order(gains: Sequence[float]) -> tuple[list[int], list[float]]:
    """Indices by falling gain, and importances 1 … 0."""
    order = sorted(range(len(gains)), key=lambda i: -gains[i])
    top = max(gains[order[0]], 1e-9)
    return order, [min(1.0, max(0.0, gains[i]) / top) for i in order]


CLIPASSO = Clipasso()
