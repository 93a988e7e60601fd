"""Scenes by CLIPascene's published method (Vinker et al. 2023), with SqueezeNet where it has CLIP."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from backend.core.bezier import fit_poly_bezier, sample
from backend.core.drawing import Account, Drawing, Layer, StrokeNote
from backend.core.errors import BadRequest
from backend.core.notes import Note
from backend.core.strokes import Strokes
from backend.core.work import Progress, Work, mapped
from backend.encoders.encoder import Encoder
from backend.guidance.augment import perspective_crops
from backend.guidance.balance import BalancedObjective
from backend.guidance.layers import LayerMatch, squared
from backend.guidance.pairs import Pairs
from backend.guidance.presence import PresenceRatio, PresenceShare
from backend.guidance.view import Guidance, View
from backend.initialize.interleave import falling
from backend.model_pool import ModelPool
from backend.optimize import Parameterization, Schedule, Step, optimize
from backend.parameterize.presence import PresenceSettings, PresentStrokes
from backend.parameterize.residual import ResidualSettings, ResidualStrokes
from backend.recipes.recipe import Inputs, SketchChoices
from backend.recipes.region import Region, RegionSettings, trace_region
from backend.recipes.scene import Scene
from backend.recipes.scene_plan import ScenePlan, SceneSettings
from backend.style_pack import StylePack

ENCODER = "squeezenet"
TOLD = Note(
    "This is CLIPascene's method with SqueezeNet in place of CLIP; its strokes start on the picture's lines, in an even pen."
)


@dataclass(frozen=True)
class ClipasceneSettings:
    """The published constants, but for the encoder's layers and the number of steps."""

    scene: SceneSettings = SceneSettings(object_share=0.5, head_start=0.0, spare=1.0, background_pen=1.0)
    canvas: int = 224  # px
    margin: float = 0.21  # around an object, which so fills 70 % of its canvas
    width: float = 1.5  # of a stroke while it is optimized, px
    strokes: int = 64  # of each region
    steps: int = 600  # of the placement
    presence_steps: int = 401
    rate: float = 1e-4
    softness: float = 0.6  # of the rasterizer, px
    views: int = 4
    layers: tuple[str, ...] = ("fire3", "fire5", "fire9")  # from precise to loose, for CLIP's 2, 8 and 11
    companion: str = "fire5"  # also looked at of objects, for CLIP's 4 …
    companion_factor: float = 0.5  # … with this factor
    halvings: float = 4.0  # of the ratio, from the simplicity 0 to 1
    placement: ResidualSettings = ResidualSettings()
    presence: PresenceSettings = PresenceSettings()

    def layers_at(self, fidelity: float, of_object: bool) -> dict[str, float]:
        """Feature layers and their factors."""
        layer = self.layers[round((1 - fidelity) * (len(self.layers) - 1))]
        companion = {self.companion: self.companion_factor} if of_object and layer != self.companion else {}
        return {layer: 1.0, **companion}


@dataclass(frozen=True)
class Clipascene:
    """The recipe: the ratio of likeness to strokes decides how many stay, leaving each out once decides which.

    Differs from CLIPascene: SqueezeNet for CLIP; strokes start on traced lines, one cubic each; which strokes stay is not
    the presence network's choice, which takes objects apart, but their importance; one run instead of the best of two; every
    level of simplicity starts from the placement itself, not from the level before it.
    """

    settings: ClipasceneSettings = ClipasceneSettings()

    def run(self, inputs: Inputs, choices: SketchChoices, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
        """The drawing of a scene. Raises Missing without SqueezeNet's weights, BadRequest for a picture without lines."""
        encoder = pool.encoder(ENCODER)
        yield Progress("finding the objects", 0.02)
        scene = Scene.of(inputs, choices, pool)
        each = choices.strokes // (1 + len(scene.objects)) if choices.strokes else self.settings.strokes
        whole = replace(choices, strokes=max(1, each) * (1 + len(scene.objects)), guidance="classical")
        plan, layers, steps = ScenePlan(self.settings.scene, scene, whole, pack), list[Layer](), 0
        for number in range(plan.regions):
            begin, share = 0.05 + 0.93 * number / plan.regions, 0.93 / plan.regions
            drawn = self._drawn(plan, number, max(1, each), encoder, pool)
            layer, done = yield from mapped(drawn, functools.partial(Progress.within, begin=begin, end=begin + share))
            layers.append(plan.seen(number, layer))
            steps = max(steps, done)
        drawing = plan.composed(layers)
        if not drawing.count:
            raise BadRequest("No lines were found in this picture. Choose one with clearer shapes.")
        return replace(drawing, account=Account(ENCODER, steps, (*scene.notes, TOLD, *choices.unfinished)))

    def _drawn(self, plan: ScenePlan, number: int, count: int, encoder: Encoder, pool: ModelPool) -> Work[tuple[Layer, int]]:
        """One region, and how many steps it took."""
        yield Progress("finding the lines", 0.0)
        region, chosen = self._region(plan, number), plan.choices
        start = self._start(plan, number, region, count).to(pool.device)
        if not len(start):
            return _layer(region, start, [], plan), 0
        easel = _Easel(self.settings, region.framing.canvas, start, pool, torch.Generator().manual_seed(chosen.seed))
        factors = self.settings.layers_at(chosen.fidelity, number > 0)
        target = region.image * region.mask + (1 - region.mask) if number else region.image
        likeness = easel.likeness(target.to(pool.device), encoder, factors)
        steps = self.settings.steps if chosen.steps is None else chosen.steps
        again = min(self.settings.presence_steps, steps) if chosen.simplicity else 0
        yield from easel.place(likeness, factors, steps, steps / max(1, steps + again))
        strokes = easel.placed()
        kept = len(strokes)
        if again:
            ratio = 2 ** (-self.settings.halvings * chosen.simplicity) / max(easel.loss(strokes, likeness, factors), 1e-9)
            kept = yield from easel.stay(likeness, factors, ratio, again, steps / (steps + again))
        gains = easel.gains(strokes, likeness, factors)
        order = sorted(range(len(gains)), key=lambda i: -gains[i])[:kept]
        importances = falling([max(gains[i], 0.0) / max(gains[order[0]], 1e-9) for i in order])
        return _layer(region, strokes.select(torch.tensor(order)), importances, plan), steps + again

    def _region(self, plan: ScenePlan, number: int) -> Region:
        settings = RegionSettings(canvas=self.settings.canvas, margin=self.settings.margin, enlargement=float("inf"))
        if number:
            return plan.scene.object_region(number - 1, settings)
        return plan.scene.background_region(settings, plan.settings.overlap * max(plan.scene.size))

    def _start(self, plan: ScenePlan, number: int, region: Region, count: int) -> Strokes:
        """Traced lines, one cubic each."""
        full = plan.region(number)
        curves = [
            region.framing.to_canvas(full.framing.to_source(_one_cubic(curve)))
            for curve in trace_region(full, count, plan.region_settings(number)).curves
        ]
        return Strokes.build(curves, self.settings.width)


class _Easel:
    """The strokes of one region while they are optimized."""

    def __init__(
        self,
        settings: ClipasceneSettings,
        size: tuple[int, int],
        start: Strokes,
        pool: ModelPool,
        generator: torch.Generator,
    ) -> None:
        self._settings, self._size, self._pool, self._generator = settings, size, pool, generator
        self._paper = torch.ones(3, device=pool.device)
        self._placement = ResidualStrokes(start, size, generator, settings.placement)

    def likeness(self, target: Tensor, encoder: Encoder, factors: Mapping[str, float]) -> dict[str, Guidance]:
        """A term for each feature layer, all of one pass through the encoder."""
        crops = perspective_crops(4 * self._settings.views, self._size, self._generator)
        pairs = Pairs(target, crops, [encoder], self._settings.views)
        return {layer: LayerMatch(pairs, encoder, {layer: 1.0}, squared) for layer in factors}

    def placed(self) -> Strokes:
        """The strokes where they are now."""
        with torch.no_grad():
            return self._placement.strokes()

    def place(self, likeness: Mapping[str, Guidance], factors: Mapping[str, float], steps: int, share: float) -> Work[None]:
        """Moves the strokes; `share` of the region's time."""
        objective = BalancedObjective(likeness, self._placement.parameters, factors=factors)
        for step in self._optimized(self._placement, objective, steps):
            yield Progress("placing", share * step.number / steps, losses=step.losses)

    def stay(
        self, likeness: Mapping[str, Guidance], factors: Mapping[str, float], ratio: float, steps: int, begin: float
    ) -> Work[int]:
        """How many strokes stay at a ratio of strokes to likeness lost."""
        start = self.placed()
        share = PresenceShare(self._settings.width)
        present = PresentStrokes(self._placement, len(start), self._size, self._generator, self._settings.presence)
        spent: dict[str, Guidance] = {"presence": share, "ratio": PresenceRatio(share, ratio, list(likeness.values()))}
        objective = BalancedObjective(likeness, present.parameters, spent, factors)
        for step in self._optimized(present, objective, steps):
            yield Progress("leaving out", begin + (1 - begin) * step.number / steps, losses=step.losses)
        return max(1, int(present.present().gt(self._settings.presence.stays).sum()))

    def _optimized(self, what: Parameterization, objective: BalancedObjective, steps: int) -> Iterator[Step]:
        schedule = Schedule(steps, self._settings.rate, (self._settings.softness, self._settings.softness))
        return optimize(what, objective, schedule, self._pool.rasterizer, self._size, self._paper)

    @torch.no_grad()
    def loss(self, strokes: Strokes, likeness: Mapping[str, Guidance], factors: Mapping[str, float]) -> float:
        """What is lost of the picture."""
        image = self._pool.rasterizer(strokes, self._size, self._paper)
        view = View(image, strokes)
        return sum(factors[layer] * float(term(view)) for layer, term in likeness.items())

    def gains(self, strokes: Strokes, likeness: Mapping[str, Guidance], factors: Mapping[str, float]) -> list[float]:
        """What each stroke adds: the loss without it less the loss with all."""
        whole = self.loss(strokes, likeness, factors)
        others = [[j for j in range(len(strokes)) if j != i] for i in range(len(strokes))]
        return [self.loss(strokes.select(torch.tensor(rest, dtype=torch.long)), likeness, factors) - whole for rest in others]


def _one_cubic(curve: Tensor) -> Tensor:
    """The cubic [4, 2] that is nearest to a poly-Bézier [3s+1, 2]."""
    points, _tangents = sample(curve[None].double(), torch.tensor([len(curve) // 3]), 32)
    return torch.from_numpy(fit_poly_bezier(points[0].numpy(), np.inf)).to(curve)


def _layer(region: Region, strokes: Strokes, importances: Sequence[float], plan: ScenePlan) -> Layer:
    """Strokes in the style's pen."""
    pen = plan.inked(region).pen
    notes = tuple(StrokeNote("contour", region.name, importance) for importance in importances)
    curves = [strokes.curve(i).cpu() for i in range(len(strokes))]
    return Layer(region.name, region.framing, Strokes.build(curves, pen.width * max(region.framing.canvas), pen.color), notes)


CLIPASCENE = Clipascene()
