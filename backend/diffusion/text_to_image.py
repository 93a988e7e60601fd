"""A text as a picture."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.core.errors import BadRequest
from backend.core.image import Image
from backend.core.notes import Note
from backend.core.work import Progress, Work
from backend.diffusion.checkpoint import Networks
from backend.diffusion.conditions import text_condition, token_ids
from backend.diffusion.denoising import AUTO, Predictor, Step, denoised, noise, scheduler_of
from backend.diffusion.latents import decode, preview

SUFFIX = "realistic, full body, centered, high contrast, simple background, contours only, no blur, beautiful"
"""What SD-CLIPasso adds to every prompt."""
NEGATIVE = (
    "cropped, out of frame, cut off, close up, partial, shadow, contact shadow, ground, floor, wall, complex background, "
    "text, watermark, drawing, sketch, cartoon, anime, grayscale, blur, pale, washed out, overexposed, low contrast"
)
"""SD-CLIPasso's negative prompt."""
STEPS, FEW = 50, 4  # of Stable Diffusion's usual schedulers; of distilled checkpoints
CFG_SCALE = 7.5
EMBEDDED_SCALE = 8.5  # of latent consistency models, as published
MOST_STEPS = 1000
PREVIEWS = 8  # of a picture, at most


@dataclass(frozen=True)
class TextToImage:
    """What picture is wanted; None leaves the choice to the checkpoint."""

    prompt: str
    suffix: str = SUFFIX  # follows the prompt, after a comma
    negative: str = NEGATIVE
    steps: int | None = None  # 50, or 4 of a distilled checkpoint
    cfg_scale: float | None = None  # 7.5, or 1 of a distilled checkpoint, which ignores the negative prompt
    side: int | None = None  # px along both sides; those of the checkpoint's training pictures
    scheduler: str = AUTO
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise BadRequest("The prompt is empty. Say in a few words what is to be drawn.")
        if self.steps is not None and not 1 <= self.steps <= MOST_STEPS:
            raise BadRequest("A picture takes 1 to {most} steps, not {steps}.", most=MOST_STEPS, steps=self.steps)
        if self.cfg_scale is not None and not 0 <= self.cfg_scale <= 100:
            raise BadRequest("The CFG scale is a number from 0 to 100, not {cfg_scale}.", cfg_scale=self.cfg_scale)

    @property
    def text(self) -> str:
        """Prompt and suffix."""
        return ", ".join(part.strip() for part in (self.prompt, self.suffix) if part.strip())

    def scale_for(self, networks: Networks) -> float:
        """The CFG scale for a checkpoint."""
        if self.cfg_scale is not None:
            return self.cfg_scale
        return EMBEDDED_SCALE if networks.embeds_guidance else 1.0 if networks.few_steps else CFG_SCALE

    def steps_for(self, networks: Networks) -> int:
        """The steps for a checkpoint."""
        return self.steps or (FEW if networks.few_steps else STEPS)


@dataclass(frozen=True)
class Generated:
    """A picture, and what the user should know of it."""

    image: Image  # [1, 3, H, W]
    steps: int
    cfg_scale: float
    notes: tuple[str, ...] = ()


def text_to_image(wanted: TextToImage, networks: Networks) -> Work[Generated]:
    """The picture of a text, the same for the same seed and kind of device.

    Its progress carries small pictures. Raises BadRequest for a scheduler or a size that cannot be.
    """
    size = _size(wanted, networks)
    scale, steps = wanted.scale_for(networks), wanted.steps_for(networks)
    yield Progress("reading the prompt", 0.0)
    predictor = Predictor(networks, text_condition(networks, wanted.text, wanted.negative), scale)
    scheduler = scheduler_of(networks, wanted.scheduler)
    scheduler.set_timesteps(steps, device=networks.device)
    generator = torch.Generator().manual_seed(wanted.seed)
    latents = noise(networks, size, generator) * scheduler.init_noise_sigma
    steps_taken = denoised(predictor, latents, scheduler, generator)
    latents = yield from shown(steps_taken, networks, "imagining the picture")
    image = decode(networks, latents)
    return Generated(image, steps, scale, (*_notes(wanted, predictor), *networks.memory.notes))


def shown(steps: Generator[Step, None, Tensor], networks: Networks, stage: str) -> Work[Tensor]:
    """Steps as progress, with a small picture now and then; the latents at the end."""
    try:
        while True:
            step = next(steps)
            every = max(1, step.count // PREVIEWS)
            picture = preview(networks, step.latents) if step.number % every == 0 and step.number < step.count else None
            yield Progress(stage, 0.02 + 0.95 * step.number / step.count, picture=picture)
    except StopIteration as end:
        return end.value
    finally:
        steps.close()


def _size(wanted: TextToImage, networks: Networks) -> tuple[int, int]:
    side, unit = wanted.side or networks.side, 8 * networks.scale
    if wanted.side is not None and (side % unit or not unit <= side <= 2048):
        raise BadRequest("The side of a picture is a multiple of {unit} px up to 2048 px, not {side}.", unit=unit, side=side)
    return side, side


def _notes(wanted: TextToImage, predictor: Predictor) -> tuple[str, ...]:
    notes = []
    if token_ids(predictor.networks, wanted.text)[1]:
        notes.append(Note("The prompt and its suffix are too long for this checkpoint, so the end of them was left out."))
    if wanted.negative.strip() and not predictor.guided:
        notes.append(Note("At this CFG scale the negative prompt changes nothing."))
    return tuple(notes)
