"""The deep features of style exemplars, by whichever encoders' weights are here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from backend.core.image import Image
from backend.encoders import ENCODERS, Encoder
from backend.guidance.gram import grams
from backend.model_pool import ModelPool
from backend.style_features import SIDE, Matrix

Grams = dict[tuple[str, str], Matrix]  # by encoder and feature layer


def grams_of(exemplars: Sequence[Image], pool: ModelPool) -> Grams:
    """Mean Gram matrices of exemplars [1, 3, H, W], by every encoder that is here; empty where none is."""
    found: Grams = {}
    for name in ENCODERS:
        if pool.has_encoder(name):
            found.update({(name, layer): matrix for layer, matrix in _grams(exemplars, pool.encoder(name), pool.device)})
    return found


def at_side(image: Image, side: int = SIDE) -> Image:
    """The image with `side` px on its longer side."""
    scale = side / max(image.shape[-2:])
    size = [max(1, round(length * scale)) for length in image.shape[-2:]]
    return F.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def _grams(exemplars: Sequence[Image], encoder: Encoder, device: torch.device) -> Iterator[tuple[str, Matrix]]:
    with torch.no_grad():
        each = [grams(encoder(at_side(image).to(device))) for image in exemplars]
    for layer in each[0]:
        mean = torch.cat([matrices[layer] for matrices in each]).mean(0)
        yield layer, np.ascontiguousarray(mean.cpu().numpy(), np.float32)
