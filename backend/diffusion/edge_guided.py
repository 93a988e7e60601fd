"""S2PreST: a photograph redrawn by a diffusion network in an exemplar's style, held to its shapes by its edge map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from backend.core.errors import BadRequest
from backend.core.image import Image
from backend.core.work import Progress, Work
from backend.diffusion import packages
from backend.diffusion.checkpoint import Networks
from backend.diffusion.conditions import Condition
from backend.diffusion.denoising import Predictor, denoised, noise
from backend.diffusion.latents import decode, encode, resized, size_for
from backend.diffusion.text_to_image import MOST_STEPS, shown


@dataclass(frozen=True)
class Shares:
    """How content, edge map and style image are mixed; they add up to 1."""

    content: float
    edges: float
    style: float

    def of(self, content: Tensor, edges: Tensor, style: Tensor) -> Tensor:
        """Their linear interpolation."""
        return self.content * content + self.edges * edges + self.style * style


@dataclass(frozen=True)
class EdgeGuided:
    """How much is changed, and how; the defaults are S2PreST's."""

    strength: float = 0.4  # 0 = as it was … 1 = imagined anew; S2PreST's style_guidance
    steps: int = 50  # of a whole schedule, of which strength · steps are taken
    cfg_scale: float = 10.0
    seed: int = 0
    inversion: str = "stochastic"  # a name in INVERSIONS
    latents: Shares = Shares(0.7, 0.0, 0.3)  # where denoising begins
    inverted: Shares = Shares(0.5, 0.5, 0.0)  # of which the noise is found
    features: Shares = Shares(0.3, 0.3, 0.4)  # of the conditions

    def __post_init__(self) -> None:
        if not 0 < self.strength <= 1:
            raise BadRequest("The strength is a number above 0 up to 1, not {strength}.", strength=self.strength)
        if not 1 <= self.steps <= MOST_STEPS:
            raise BadRequest("Restyling takes 1 to {most} steps, not {steps}.", most=MOST_STEPS, steps=self.steps)
        if not 0 <= self.cfg_scale <= 100:
            raise BadRequest("The CFG scale is a number from 0 to 100, not {cfg_scale}.", cfg_scale=self.cfg_scale)
        if self.inversion not in INVERSIONS:
            raise BadRequest(
                "There is no inversion '{name}'; choose one of: {names}.", name=self.inversion, names=", ".join(INVERSIONS)
            )


@dataclass(frozen=True)
class Redrawn:
    """A picture, and how many steps it took."""

    image: Image
    steps: int


def edge_guided(
    content: Image, edges: Image, style: Image, condition: Condition, networks: Networks, settings: EdgeGuided
) -> Work[Redrawn]:
    """The content [1, 3, H, W] redrawn; edges: its edge map [1, 1 or 3, H, W], dark on white; style [1, 3, h, w].

    z₀ = .7 z(content) + .3 z(style); x = √ᾱ_t (½ z(content) + ½ z(edges)) + √(1−ᾱ_t) ε; ε̂ = ε_θ(x, t, c);
    z_t = √ᾱ_t z₀ + √(1−ᾱ_t) ε̂; then DDIM steps without noise from t to 0 (stochastic inversion).
    Differs from S2PreST: the edges are thresholded ones; the aspect ratio stays; the noise in x has the variance that the
    network expects (two halves of independent noise have half of it); t is the time of the first DDIM step; the mixed
    conditions, which are the caller's, are used; less style image is mixed in where the strength is below its usual .4.
    """
    yield Progress("reading the pictures", 0.0)
    size = size_for(networks, (content.shape[-2], content.shape[-1]))
    pictures = (resized(content, size), resized(edges, size).expand(-1, 3, -1, -1), covering(style, size))
    seen = [encode(networks, picture) for picture in pictures]
    scheduler = _ddim(networks)
    scheduler.set_timesteps(settings.steps, device=networks.device)
    count = max(1, round(settings.strength * settings.steps))
    begin = max(0, len(scheduler.timesteps) - count)
    generator = torch.Generator().manual_seed(settings.seed)
    yield Progress("finding the noise of the photograph", 0.05)
    source = settings.inverted.of(*seen)
    asked = _Noise(Predictor(networks, condition, 1.0), scheduler)
    with networks.using(networks.unet):
        found = INVERSIONS[settings.inversion](asked, source, begin, noise(networks, size, generator))
    start = _mixed(_at_strength(settings).of(*seen), found, scheduler, scheduler.timesteps[begin])
    predictor = Predictor(networks, condition, settings.cfg_scale)
    latents = yield from shown(denoised(predictor, start, scheduler, generator, begin), networks, "redrawing")
    return Redrawn(resized(decode(networks, latents), (content.shape[-2], content.shape[-1])), count)


def covering(style: Image, size: tuple[int, int]) -> Image:
    """The middle of a style image, as large as fits, with the aspect ratio and the size asked for."""
    height, width = style.shape[-2:]
    share = min(height / size[0], width / size[1])
    rows, columns = max(1, round(share * size[0])), max(1, round(share * size[1]))
    top, left = (height - rows) // 2, (width - columns) // 2
    return resized(style[..., top : top + rows, left : left + columns], size)


@dataclass(frozen=True)
class _Noise:
    """The noise in latents, as the network sees it without guidance."""

    predictor: Predictor
    scheduler: Any

    def __call__(self, noisy: Tensor, time: Tensor) -> Tensor:
        found = self.predictor(noisy, time)
        kept = float(self.scheduler.alphas_cumprod[int(time)])
        if self.scheduler.config.prediction_type == "v_prediction":
            return kept**0.5 * found + (1 - kept) ** 0.5 * noisy
        return found


def stochastic_inversion(asked: _Noise, source: Tensor, begin: int, drawn: Tensor) -> Tensor:
    """The noise that the network sees in the source under noise that was drawn (InST)."""
    time = asked.scheduler.timesteps[begin]
    return asked(_mixed(source, drawn, asked.scheduler, time), time)


def ddim_inversion(asked: _Noise, source: Tensor, begin: int, drawn: Tensor) -> Tensor:
    """The noise at which the DDIM steps (Song et al. 2021), taken backwards from the source, arrive."""
    latents, alphas = source, asked.scheduler.alphas_cumprod
    clear = float(asked.scheduler.final_alpha_cumprod)
    for time in asked.scheduler.timesteps[begin:].flip(0):
        found, noisy = asked(latents, time), float(alphas[int(time)])
        plain = (latents - (1 - clear) ** 0.5 * found) / clear**0.5
        latents = noisy**0.5 * plain + (1 - noisy) ** 0.5 * found
        clear = noisy
    return (latents - clear**0.5 * source) / (1 - clear) ** 0.5


INVERSIONS: Mapping[str, Callable[[_Noise, Tensor, int, Tensor], Tensor]] = {
    "stochastic": stochastic_inversion,
    "ddim": ddim_inversion,
}
"""How the noise of the photograph is found: (asked, source, first step, noise drawn) → noise [1, 4, h, w]."""


def _mixed(plain: Tensor, noise: Tensor, scheduler: Any, time: Tensor) -> Tensor:
    kept = float(scheduler.alphas_cumprod[int(time)])
    return kept**0.5 * plain + (1 - kept) ** 0.5 * noise


def _at_strength(settings: EdgeGuided) -> Shares:
    """The latents' shares, less style image where the strength is below the usual one."""
    shares = settings.latents
    style = shares.style * min(1.0, settings.strength / EdgeGuided.strength)
    return Shares(shares.content + shares.style - style, shares.edges, style)


def _ddim(networks: Networks) -> Any:
    kind = packages.diffusers().DDIMScheduler
    return kind.from_config(networks.scheduler.config, clip_sample=False, thresholding=False)
