"""What an encoder says of a drawing: where its subject is, which strokes tell it, how they should lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Mask, widened
from backend.core.strokes import Strokes
from backend.encoders.encoder import Features, SalientEncoder
from backend.guidance.apart import KeepApart, KeepLength
from backend.guidance.augment import similarity_crops
from backend.guidance.bending import KeepBending
from backend.guidance.glance import Glance
from backend.guidance.layers import LayerMatch
from backend.guidance.left_out import leave_one_out
from backend.guidance.pairs import Pairs
from backend.guidance.view import Guidance, Objective, View
from backend.model_pool import ModelPool
from backend.optimize import Schedule, Step, optimize
from backend.parameterize.direct import DirectSettings, DirectStrokes
from backend.perception.saliency import saliency_map

MOST_TOGETHER = 16  # drawings that are looked at at once
SIDE = 224  # px; distances below are px of a picture of this longer side


@dataclass(frozen=True)
class GuidedSettings:
    """How far an encoder may change a traced drawing."""

    aside: float = 0.15  # worth of a line where nothing tells what the subject is, beside one where all does …
    outline: float = 0.6  # … and of the subject's outline there
    outline_reach: int = 7  # px of the canvas within which a line is the outline
    telling: float = 0.6  # saliency from which a place is looked at as closely as any
    spread: int = 9  # px of the canvas by which what is salient is widened
    order_side: int = 160  # px of the pictures that are compared to order strokes
    sides: tuple[int, ...] = (144, 192)  # px of the pictures by which strokes are moved, coarse to fine
    steps: int = 30
    reach: float = 1.2  # px a control point may move
    rate: float = 0.3
    width: float = 1.7
    views: int = 1  # of the pool, beside the clean pair, a step
    pool: int = 6
    held_out: int = 4  # views by which the result is judged
    bending: float = 0.05
    apart: float = 0.3
    distance: float = 3.0  # px, nearer lines repel each other
    length: float = 0.02
    patience: int = 6  # steps without progress, after which a size is done with
    least_gain: float = 0.002  # share of the loss on held-out views that must be gained, or the strokes stay


@dataclass(frozen=True)
class Eye:
    """An encoder, and what of it counts."""

    encoder: SalientEncoder
    weights: Mapping[str, float]  # feature layer → weight
    chooses: bool = False  # where it looks is all that it says of the order of strokes

    def misses(self, images: Tensor, target: Features) -> Tensor:
        """What of a photograph's features is not in each of some gray drawings [B, 1, H, W]: [B], on the CPU."""
        seen, total = self.encoder(images), torch.zeros(len(images), dtype=torch.float64)
        for layer, weight in self.weights.items():
            alike = F.cosine_similarity(seen[layer], target[layer].expand_as(seen[layer]), dim=1)
            total += weight * (1 - alike).mean((1, 2)).double().cpu()
        return total

    def at_fidelity(self, fidelity: float) -> Eye:
        """At 1 all layers count as they are; the looser, the less those count that see where exactly a line lies."""
        depth = {layer: (number + 1) / len(self.weights) for number, layer in enumerate(self.weights)}
        fades = 2 * (1 - fidelity)
        return replace(self, weights={layer: weight * depth[layer] ** fades for layer, weight in self.weights.items()})


@dataclass(frozen=True)
class Guide:
    """Encoders that together guide the drawing of regions."""

    name: str
    eyes: tuple[Eye, ...]
    settings: GuidedSettings = field(default_factory=GuidedSettings)

    def at_fidelity(self, fidelity: float) -> Guide:
        """The guide of a drawing from precise (1) to loose (0): it looks at deeper layers."""
        return replace(self, eyes=tuple(eye.at_fidelity(fidelity) for eye in self.eyes))

    def saliency(self, image: Tensor, mask: Mask) -> Mask:
        """Where the subject of a canvas is told [1, 1, H, W], 0 … 1."""
        found = torch.stack([saliency_map(eye.encoder, image, mask) for eye in self.eyes]).mean(0)
        return widened(found, self.settings.spread // 2)

    def looked(self, saliency: Mask) -> Mask:
        """How closely each place is looked at, 0 … 1."""
        return (saliency / self.settings.telling).clamp_max(1)

    def worth(self, saliency: Mask, mask: Mask) -> Mask:
        """What a line is worth there: the more, the more the place tells; the subject's outline is never worth little."""
        s = self.settings
        outer, inner = (widened(sign * mask, s.outline_reach) for sign in (1.0, -1.0))
        least = s.aside + (s.outline - s.aside) * (outer + inner).gt(0.5).to(saliency)
        return least + (1 - least) * self.looked(saliency)

    @property
    def counts_after(self) -> bool:
        """The strokes are put in order once they are drawn, not by where anybody looks."""
        return not any(eye.chooses for eye in self.eyes)

    def order(
        self, strokes: Strokes, image: Tensor, mask: Mask, pool: ModelPool, sure: int = 0
    ) -> tuple[list[int], list[float]]:
        """Canvas strokes by what leaving each out costs the likeness, and their importances.

        sure: so many of the first strokes stay where they are.
        """
        glance = Glance.of(image, mask, self.settings.order_side)
        small, paper = glance.strokes(strokes, self.settings.width * max(glance.size) / SIDE), _paper(strokes)
        with torch.no_grad():
            targets = {eye.encoder.name: eye.encoder(glance.image) for eye in self.eyes}

        first = list(range(min(sure, len(strokes))))

        def losses(drawings: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
            found, drawings = [], [[*first, *(len(first) + i for i in each)] for each in drawings]
            for begin in range(0, len(drawings), MOST_TOGETHER):
                some = [small.select(torch.tensor(each)) for each in drawings[begin : begin + MOST_TOGETHER]]
                images = torch.cat([pool.rasterizer(drawn, glance.size, paper)[:, :1] for drawn in some])
                found.append(torch.stack([eye.misses(images, targets[eye.encoder.name]) for eye in self.eyes]).sum(0))
            return torch.cat(found).numpy()

        with torch.no_grad():
            order, importances = leave_one_out(len(strokes) - len(first), losses)
        return [*first, *(len(first) + i for i in order)], [*(1.0 for _ in first), *importances]

    def refined(
        self, strokes: Strokes, image: Tensor, mask: Mask, steps: int, pool: ModelPool, held: int = 0
    ) -> Iterator[Step]:
        """Canvas strokes moved a little, coarse to fine, so that the encoder sees more of the photograph in them.

        held: how many of the last ones stay where they are.
        """
        sides, done, before = self.settings.sides, 0, strokes
        for number, side in enumerate(sides):
            share = steps // len(sides) + (number < steps % len(sides))
            glance = Glance.of(image, mask, side)
            losses: list[float] = []
            for step in self._stage(before, glance, share, pool, held):
                strokes = before.with_points(glance.outward(step.strokes.points))
                losses.append(step.loss)
                yield replace(step, number=done + step.number, strokes=strokes)
                if _settled(losses, self.settings.patience):
                    break
            done, before = done + share, strokes

    def _stage(self, start: Strokes, glance: Glance, steps: int, pool: ModelPool, held: int) -> Iterator[Step]:
        """Steps in pixels of the small picture."""
        s, part = self.settings, max(glance.size) / SIDE
        strokes, reach = glance.strokes(start, s.width * part), s.reach * part / len(s.sides)
        terms: dict[str, Guidance] = {
            **self._matches(glance, s.pool, s.views, seed=1),
            "bending": KeepBending(strokes),
            "apart": KeepApart(strokes, s.distance * part, reach),
            "length": KeepLength(strokes),
        }
        weights = {"bending": s.bending / part**2, "apart": s.apart / part**2, "length": s.length}
        schedule = Schedule(steps, s.rate * part, (1.0 * part, 0.4 * part))
        paper = torch.ones(3, device=strokes.points.device)
        moved = DirectStrokes(strokes, DirectSettings(reach), held=held)
        return optimize(moved, Objective(terms, weights), schedule, pool.rasterizer, glance.size, paper, pool.descend)

    def _matches(self, glance: Glance, pool: int, views: int, seed: int) -> dict[str, Guidance]:
        """A term for every eye, by its name."""
        crops = similarity_crops(pool, glance.size, torch.Generator().manual_seed(seed))
        pairs = Pairs(glance.image, crops, [eye.encoder for eye in self.eyes], views)
        return {eye.encoder.name: LayerMatch(pairs, eye.encoder, eye.weights) for eye in self.eyes}

    def losses(self, strokes: Strokes, image: Tensor, mask: Mask, pool: ModelPool) -> dict[str, float]:
        """What each eye still misses in canvas strokes, seen clean and in views that do not guide them."""
        glance, held_out = Glance.of(image, mask, self.settings.sides[-1]), self.settings.held_out
        small = glance.strokes(strokes, self.settings.width * max(glance.size) / SIDE)
        with torch.no_grad():
            drawn = pool.rasterizer(small, glance.size, torch.ones(3, device=small.points.device))
            terms = self._matches(glance, held_out, held_out, seed=2)
            return {name: float(term(View(drawn, small))) for name, term in terms.items()}

    def gained(self, before: Mapping[str, float], after: Mapping[str, float]) -> bool:
        """Whether strokes of these losses are enough better to be worth having moved."""
        return sum(after.values()) < sum(before.values()) * (1 - self.settings.least_gain)

    def scores(self, losses: Mapping[str, float]) -> dict[str, float]:
        """Likeness of drawing and photograph by every encoder, 1 = alike: the weighted mean cosine of its layers."""
        whole = {eye.encoder.name: sum(eye.weights.values()) for eye in self.eyes}
        return {name: round(1 - loss / whole[name], 4) for name, loss in losses.items()}


def _paper(strokes: Strokes) -> Tensor:
    return torch.ones(3, device=strokes.points.device)


def _settled(losses: Sequence[float], patience: int) -> bool:
    """Whether the last `patience` losses gained nothing on those before them."""
    return len(losses) >= 2 * patience and min(losses[-patience:]) > min(losses[:-patience])


EYES: dict[str, tuple[str, dict[str, float], bool]] = {
    "squeezenet": ("squeezenet", {"fire3": 1.0, "fire5": 1.0, "fire9": 1.0}, True),
    "clip": ("clip_rn101", {"layer2": 1.0, "layer3": 1.0, "pooled": 0.1}, False),
}
"""Name → encoder, its feature layers and their weights (CLIP: those of CLIPasso), and whether it chooses."""
GUIDANCES = ("classical", "squeezenet", "clip", "clip+squeezenet")


def for_one_subject(guidance: str, pool: ModelPool) -> str:
    """What auto means for the drawing of one subject: the small network's guidance where its weights are, else classical."""
    if guidance != "auto":
        return guidance
    return "squeezenet" if pool.has_encoder("squeezenet") else "classical"


def guide_of(name: str, pool: ModelPool) -> Guide | None:
    """The guide that a choice means: none for classical, which auto means where nobody has said more of it.

    Raises Missing, naming the command that brings them, where an encoder was asked for whose weights are not here.
    """
    if name in ("auto", "classical"):
        return None
    return Guide(name, tuple(_eye(part, pool) for part in name.split("+")))


def check_guide(name: str, pool: ModelPool) -> None:
    """Raises Missing as `guide_of` does, for work that comes long before the guide is needed; loads nothing."""
    for part in name.split("+"):
        if part in EYES and not pool.has_encoder(EYES[part][0]):
            pool.encoder(EYES[part][0])


def _eye(name: str, pool: ModelPool) -> Eye:
    encoder_name, weights, chooses = EYES[name]
    encoder = pool.encoder(encoder_name)
    assert isinstance(encoder, SalientEncoder)
    return Eye(encoder, weights, chooses)
