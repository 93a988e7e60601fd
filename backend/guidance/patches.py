"""Nearness of two pictures in style without any network: how their small patches are distributed.

The sliced Wasserstein distance (Rabin et al. 2011) of patches around ink, at two scales, as in texture mixing and in
patch-based texture synthesis (Galerne et al. 2018). Differs from these: only places with ink count, since how much of the
paper a motif leaves blank is no matter of style.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image, luminance
from backend.guidance.view import View

INKED = 0.08  # ink of a patch's darkest pixel, from which on the patch counts


@dataclass(frozen=True)
class PatchSettings:
    """How patches are compared."""

    side: int = 7  # px
    scales: int = 2  # the picture itself, then halved
    directions: int = 48
    places: int = 1600  # at most, of each picture and scale


class PatchMatch:
    """Mean over scales and directions of the squared distance of sorted projections, as a share of the exemplar's variance.

    ink, exemplar: [1, 1, H, W] of any sizes, 0 = paper … 1 = black; ink is the drawing's at the start, which tells the places
    that are looked at. The drawing's picture has the size of `ink`. generator: chooses places and directions, on the CPU.
    """

    def __init__(
        self,
        exemplar: Tensor,
        ink: Tensor,
        paper: Tensor,
        generator: torch.Generator,
        settings: PatchSettings = PatchSettings(),
    ) -> None:
        self._paper, self._side = paper, settings.side
        self._parts: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        directions = torch.randn(settings.side**2, settings.directions, generator=generator)
        directions = (directions / directions.norm(dim=0)).to(ink)
        for scale in range(settings.scales):
            there, here = _halved(exemplar, scale), _halved(ink, scale)
            theirs, ours = (_inked(seen, settings, generator) for seen in (there, here))
            count = min(len(theirs), len(ours))
            if not count:
                continue
            target = _sorted(there, theirs[:count], settings.side, directions)
            self._parts.append((ours[:count], directions, target, target.var().clamp_min(1e-6)))

    def __bool__(self) -> bool:
        """Both pictures have ink to compare."""
        return bool(self._parts)

    def __call__(self, view: View) -> Tensor:
        ink = ink_of(view.image, self._paper)
        losses = [
            (_sorted(_halved(ink, scale), places, self._side, directions) - target).square().mean() / spread
            for scale, (places, directions, target, spread) in enumerate(self._parts)
        ]
        return torch.stack(losses).mean() if losses else ink.sum() * 0


def ink_of(image: Image, paper: Tensor) -> Tensor:
    """How far each pixel [1, 1, H, W] of a picture is from its paper, sRGB [3], in lightness."""
    return (luminance(paper.view(1, 3, 1, 1)) - luminance(image)).abs()


def exemplar_ink(exemplar: Image, dark: bool) -> Tensor:
    """Ink [1, 1, h, w] of an exemplar on its own paper, whose tone lies near the lighter (or, if dark, the darker) end."""
    tone = luminance(exemplar)
    paper = tone.flatten().quantile(0.05 if dark else 0.95)
    return ((tone - paper) if dark else (paper - tone)).clamp(0, 1)


def usual_ink(ink: Tensor) -> Tensor:
    """Mean ink of inked pixels, 0 where there are none."""
    inked = ink > INKED
    return (ink * inked).sum() / inked.sum().clamp_min(1)


def _halved(ink: Tensor, times: int) -> Tensor:
    for _ in range(times):
        ink = F.avg_pool2d(ink, 2)
    return ink


def _inked(ink: Tensor, settings: PatchSettings, generator: torch.Generator) -> Tensor:
    """Where patches with ink begin, as indices into the flat picture, in chance order [≤ places]."""
    height, width = ink.shape[-2:]
    if min(height, width) < settings.side:
        return torch.zeros(0, dtype=torch.long, device=ink.device)
    darkest = ink.unfold(2, settings.side, 1).amax(-1).unfold(3, settings.side, 1).amax(-1)[0, 0]
    rows, columns = (darkest > INKED).nonzero(as_tuple=True)
    chosen = torch.randperm(len(rows), generator=generator)[: settings.places].to(ink.device)
    return rows[chosen] * width + columns[chosen]


def _sorted(ink: Tensor, places: Tensor, side: int, directions: Tensor) -> Tensor:
    """Projections [directions, n] of patches, in order."""
    return (directions.T @ _patches(ink, places, side).T).sort(-1).values


def _patches(ink: Tensor, places: Tensor, side: int) -> Tensor:
    """Patches [n, side²] that begin at places."""
    steps = torch.arange(side, device=ink.device)
    offsets = (steps[:, None] * ink.shape[-1] + steps).flatten()
    return ink.flatten()[places[:, None] + offsets]
