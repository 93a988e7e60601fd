"""Where in a picture lies what it shows: a head, a wheel, the roof of a pagoda."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from backend.core.image import Image, Mask
from backend.encoders.encoder import SalientEncoder

SIDES = (224, 320)  # px; the larger the picture, the smaller the parts that tell what it is
LEAST_SIDE = 64  # px of the shorter side


def saliency_map(encoder: SalientEncoder, image: Image, mask: Mask) -> Mask:
    """Saliency 0 … 1 [1, 1, H, W] of the subject of an image [1, 3, H, W], seen on white within its mask [1, 1, H, W]."""
    subject = image * mask + (1 - mask)
    found = torch.zeros_like(mask)
    with torch.no_grad():
        for side in SIDES:
            height, width = image.shape[-2:]
            scale = side / max(height, width)
            size = (max(LEAST_SIDE, round(height * scale)), max(LEAST_SIDE, round(width * scale)))
            small, inside = (
                F.interpolate(seen, size, mode="bilinear", antialias=True, align_corners=False) for seen in (subject, mask)
            )
            evidence = encoder.saliency(small, inside).to(found)
            found = found + _unit(F.interpolate(evidence, (height, width), mode="bicubic", align_corners=False).clamp_min(0))
    return _unit(found * mask)


def _unit(values: Mask) -> Mask:
    return values / values.max().clamp_min(1e-9)
