"""From noise to latents, step by step, by the schedulers that diffusers has."""

from __future__ import annotations

import inspect
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from backend.core.errors import BadRequest
from backend.diffusion import packages
from backend.diffusion.checkpoint import Networks
from backend.diffusion.conditions import Condition

AUTO = "auto"  # the checkpoint's own scheduler
SCHEDULERS = {
    "ddim": "DDIMScheduler",
    "pndm": "PNDMScheduler",
    "dpm": "DPMSolverMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler-ancestral": "EulerAncestralDiscreteScheduler",
    "lcm": "LCMScheduler",
}
"""Names that users may choose, beside AUTO, and diffusers' classes."""


@dataclass(frozen=True)
class Step:
    """A step that has been taken."""

    number: int  # from 1
    count: int
    latents: Tensor  # [1, 4, h, w]


@dataclass(frozen=True)
class Predictor:
    """The denoising network under a condition, with classifier-free guidance (Ho and Salimans 2022).

    ε̂ = ε(avoided) + cfg_scale · (ε(told) − ε(avoided)); at a scale of 1 or less only what is told is asked for.
    """

    networks: Networks
    condition: Condition
    cfg_scale: float

    @property
    def guided(self) -> bool:
        """Whether every step asks for what is to be avoided, too."""
        return self.cfg_scale > 1 and not self.networks.embeds_guidance

    @torch.no_grad()
    def __call__(self, latents: Tensor, time: Tensor | int) -> Tensor:
        """What the network predicts [1, 4, h, w], mostly the noise, of scaled latents at a time."""
        states = [self.condition.avoided, self.condition.told] if self.guided else [self.condition.told]
        told = torch.cat(states).to(self.networks.memory.dtype)
        noisy = latents.expand(len(told), -1, -1, -1).to(self.networks.memory.dtype)
        found = self._asked(noisy, time, told).float()
        if not self.guided:
            return found
        avoided, wanted = found.chunk(2)
        return avoided + self.cfg_scale * (wanted - avoided)

    def _asked(self, noisy: Tensor, time: Tensor | int, told: Tensor) -> Tensor:
        unet: Any = self.networks.unet
        options: dict[str, Any] = {}
        if self.condition.pictures is not None:
            options["added_cond_kwargs"] = {"image_embeds": [self.condition.pictures[-len(told) :].to(told)]}
        if self.networks.embeds_guidance:
            options["timestep_cond"] = guidance_embedding(self.cfg_scale - 1, unet.config.time_cond_proj_dim).to(noisy)
        found: Tensor = unet(noisy, time, encoder_hidden_states=told, **options).sample
        return found


def guidance_embedding(scale: float, width: int) -> Tensor:
    """The sinusoids [1, width] by which latent consistency models are told a guidance (Luo et al. 2023)."""
    half = width // 2
    waves = 1000 * scale * torch.exp(-torch.arange(half) * (torch.log(torch.tensor(10000.0)) / (half - 1)))
    return torch.cat([waves.sin(), waves.cos(), torch.zeros(width % 2)])[None]


def scheduler_of(networks: Networks, name: str) -> Any:
    """A scheduler of its own: the checkpoint's, or another kind with the checkpoint's noise. BadRequest names the kinds."""
    if name == AUTO:
        kind = type(networks.scheduler)
    elif name in SCHEDULERS:
        kind = getattr(packages.diffusers(), SCHEDULERS[name])
    else:
        raise BadRequest(
            "There is no scheduler '{name}'; choose one of: {names}.", name=name, names=", ".join((AUTO, *SCHEDULERS))
        )
    return kind.from_config(networks.scheduler.config)


def noise(networks: Networks, size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Gaussian noise [1, 4, h, w] for a picture of `size` px; drawn on the CPU, so that it is the same on every device."""
    height, width = (length // networks.scale for length in size)
    shape = (1, networks.unet.config.in_channels, height, width)
    return torch.randn(shape, generator=generator).to(networks.device)


def denoised(
    predictor: Predictor, latents: Tensor, scheduler: Any, generator: torch.Generator, begin: int = 0
) -> Generator[Step, None, Tensor]:
    """Takes the scheduler's steps from number `begin` on; its steps must have been set, and the latents be scaled for them."""
    times = scheduler.timesteps[begin:]
    options = {"generator": generator} if "generator" in inspect.signature(scheduler.step).parameters else {}
    if begin and hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(begin)
    with predictor.networks.using(predictor.networks.unet):
        for number, time in enumerate(times, 1):
            found = predictor(scheduler.scale_model_input(latents, time), time)
            latents = scheduler.step(found, time, latents, return_dict=True, **options).prev_sample
            yield Step(number, len(times), latents)
    return latents
