"""What an encoder says of a drawing: where its subject is, which strokes tell it, how they should lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Mask
from backend.core.strokes import Strokes
from backend.encoders.encoder import Encoder, SalientEncoder
from backend.guidance.apart import KeepApart, KeepLength
from backend.guidance.augment import similarity_crops
from backend.guidance.bending import KeepBending
from backend.guidance.glance import Glance
from backend.guidance.layers import LayerMatch
from backend.guidance.pairs import Pairs
from backend.guidance.view import Guidance, Objective, View
from backend.guidance.votes import FeatureVotes
from backend.model_pool import ModelPool
from backend.optimize import Schedule, Step, optimize
from backend.parameterize.direct import DirectSettings, DirectStrokes
from backend.perception.saliency import saliency_map

SIDE = 224  # px; distances below are px of a picture of this longer side


@dataclass(frozen=True)
class GuidedSettings:
    """How far an encoder may change a traced drawing."""

    aside: float = 0.25  # worth of a line where nothing tells what the subject is, beside one where all does
    spread: int = 9  # px of the canvas by which what is salient is widened
    votes_side: int = 192  # px of the pictures that are compared to choose strokes
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
class Guide:
    """An encoder that guides the drawing of regions."""

    name: str
    encoder: SalientEncoder
    weights: Mapping[str, float]  # feature layer → weight
    settings: GuidedSettings = field(default_factory=GuidedSettings)

    def saliency(self, image: Tensor, mask: Mask) -> Mask:
        """Where the subject of a canvas is told [1, 1, H, W], 0 … 1."""
        found = saliency_map(self.encoder, image, mask)
        return F.max_pool2d(found, self.settings.spread, 1, self.settings.spread // 2)

    def worth(self, saliency: Mask) -> Mask:
        """What a line is worth there."""
        return self.settings.aside + (1 - self.settings.aside) * saliency

    def votes(self, image: Tensor, mask: Mask, saliency: Mask) -> FeatureVotes:
        """A voice in the order of strokes."""
        return FeatureVotes(self.encoder, Glance.of(image, mask, self.settings.votes_side), saliency)

    def refined(self, strokes: Strokes, image: Tensor, mask: Mask, steps: int, pool: ModelPool) -> Iterator[Step]:
        """Canvas strokes moved a little, coarse to fine, so that the encoder sees more of the photograph in them."""
        sides, done, before = self.settings.sides, 0, strokes
        for number, side in enumerate(sides):
            share = steps // len(sides) + (number < steps % len(sides))
            glance = Glance.of(image, mask, side)
            losses: list[float] = []
            for step in self._stage(before, glance, share, pool):
                strokes = before.with_points(glance.outward(step.strokes.points))
                losses.append(step.loss)
                yield replace(step, number=done + step.number, strokes=strokes)
                if _settled(losses, self.settings.patience):
                    break
            done, before = done + share, strokes

    def _stage(self, start: Strokes, glance: Glance, steps: int, pool: ModelPool) -> Iterator[Step]:
        """Steps in pixels of the small picture."""
        s, part = self.settings, max(glance.size) / SIDE
        strokes, reach = glance.strokes(start, s.width * part), s.reach * part / len(s.sides)
        crops = similarity_crops(s.pool, glance.size, torch.Generator().manual_seed(1))
        terms: dict[str, Guidance] = {
            self.name: LayerMatch(Pairs(glance.image, crops, [self.encoder], s.views), self.encoder, self.weights),
            "bending": KeepBending(strokes),
            "apart": KeepApart(strokes, s.distance * part, reach),
            "length": KeepLength(strokes),
        }
        weights = {"bending": s.bending / part**2, "apart": s.apart / part**2, "length": s.length}
        schedule = Schedule(steps, s.rate * part, (1.0 * part, 0.4 * part))
        paper = torch.ones(3, device=strokes.points.device)
        moved = DirectStrokes(strokes, DirectSettings(reach))
        return optimize(moved, Objective(terms, weights), schedule, pool.rasterizer, glance.size, paper)

    def better(self, before: Strokes, after: Strokes, image: Tensor, mask: Mask, pool: ModelPool) -> bool:
        """Whether strokes gained on views that did not guide them."""
        glance = Glance.of(image, mask, self.settings.sides[-1])
        crops = similarity_crops(self.settings.held_out, glance.size, torch.Generator().manual_seed(2))
        term = LayerMatch(Pairs(glance.image, crops, [self.encoder], len(crops)), self.encoder, self.weights)
        one, other = (self._loss(strokes, glance, term, pool) for strokes in (before, after))
        return other < one * (1 - self.settings.least_gain)

    @torch.no_grad()
    def _loss(self, strokes: Strokes, glance: Glance, term: Guidance, pool: ModelPool) -> float:
        small = glance.strokes(strokes, self.settings.width * max(glance.size) / SIDE)
        image = pool.rasterizer(small, glance.size, torch.ones(3, device=small.points.device))
        return float(term(View(image, small)))


def _settled(losses: Sequence[float], patience: int) -> bool:
    """Whether the last `patience` losses gained nothing on those before them."""
    return len(losses) >= 2 * patience and min(losses[-patience:]) > min(losses[:-patience])


LAYERS: dict[str, dict[str, float]] = {"squeezenet": {"fire3": 1.0, "fire5": 1.0, "fire9": 1.0}}
"""Guidance by the name of its encoder → feature layers and their weights."""


def guide_of(name: str, pool: ModelPool) -> Guide | None:
    """The guide that a choice means: none for classical, which auto is.

    Raises Missing, naming the command that brings them, where an encoder was asked for whose weights are not here.
    """
    if name == "auto":
        name = "classical"
    if name == "classical":
        return None
    encoder: Encoder = pool.encoder(name)
    assert isinstance(encoder, SalientEncoder)
    return Guide(name, encoder, LAYERS[name])
