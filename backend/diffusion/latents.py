"""Pictures as the latents that a checkpoint works on, and back."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image
from backend.diffusion.checkpoint import Networks

PREVIEW_SCALE = 0.5  # sides of a preview beside the picture's


@torch.no_grad()
def encode(networks: Networks, image: Image) -> Tensor:
    """The latents [1, 4, h, w] of a picture [1, 3, H, W] whose sides are multiples of `networks.scale`: their mean."""
    pixels = (2 * image - 1).to(networks.device, networks.memory.dtype)
    with networks.using(networks.vae) as vae:
        mean: Tensor = vae.encode(pixels).latent_dist.mode()
    return (mean - _shift(networks)) * networks.vae.config.scaling_factor


@torch.no_grad()
def decode(networks: Networks, latents: Tensor) -> Image:
    """The picture [1, 3, H, W] of latents, on the CPU."""
    plain = latents / networks.vae.config.scaling_factor + _shift(networks)
    with networks.using(networks.vae) as vae:
        pixels: Tensor = vae.decode(plain.to(networks.memory.dtype)).sample
    return (pixels.float().cpu() / 2 + 0.5).clamp(0, 1)


def preview(networks: Networks, latents: Tensor) -> Image:
    """A small picture of latents on their way."""
    small = F.interpolate(latents.float(), scale_factor=PREVIEW_SCALE, mode="area") if min(latents.shape[-2:]) > 4 else latents
    return decode(networks, small)


def size_for(networks: Networks, size: tuple[int, int]) -> tuple[int, int]:
    """The height and width in px, near those of the checkpoint's training pictures, for a picture of `size` px.

    The aspect ratio is kept but for rounding to multiples of eight latents.
    """
    unit = 8 * networks.scale if networks.side >= 16 * networks.scale else networks.scale
    height, width = size
    factor = networks.side / max(height, width)
    rows, columns = (max(unit, round(factor * length / unit) * unit) for length in (height, width))
    return rows, columns


def resized(image: Image, size: tuple[int, int]) -> Image:
    """A picture with other sides."""
    if tuple(image.shape[-2:]) == size:
        return image
    return F.interpolate(image, size, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)


def _shift(networks: Networks) -> float:
    return float(networks.vae.config.get("shift_factor") or 0)
