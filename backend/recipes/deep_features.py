"""The deep features of style exemplars, by whichever encoders' weights are here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image
from backend.encoders import ENCODERS, Encoder
from backend.guidance.embedding import POOLED, embedding, mean_embedding
from backend.guidance.gram import grams
from backend.model_pool import ModelPool
from backend.style_features import SIDE, Feature, Features


def encoders_here(pool: ModelPool) -> list[str]:
    """Those whose weights are here."""
    return [name for name in ENCODERS if pool.has_encoder(name)]


def features_of(exemplars: Sequence[Image], pool: ModelPool) -> Features:
    """Means over exemplars [1, 3, H, W], by every encoder that is here; empty where none is."""
    found: dict[tuple[str, str], Feature] = {}
    for name in encoders_here(pool):
        found.update(features_by(name, exemplars, pool))
    return found


def features_by(name: str, exemplars: Sequence[Image], pool: ModelPool) -> Features:
    """Means over exemplars [1, 3, H, W], by one encoder."""
    found = means(exemplars, pool.encoder(name), pool.device)
    return {(name, layer): np.ascontiguousarray(mean.cpu().numpy(), np.float32) for layer, mean in found.items()}


def at_side(image: Image, side: int = SIDE) -> Image:
    """The image with `side` px on its longer side."""
    scale = side / max(image.shape[-2:])
    size = [max(1, round(length * scale)) for length in image.shape[-2:]]
    return F.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


@torch.no_grad()
def means(exemplars: Sequence[Image], encoder: Encoder, device: torch.device) -> dict[str, Tensor]:
    """Over exemplars [1, 3, H, W]: the mean Gram matrix [C, C] of each feature layer, or, of an encoder that has one, the mean
    embedding [C], a unit vector."""
    each = [encoder(at_side(image).to(device)) for image in exemplars]
    if POOLED in encoder.layers:
        return {POOLED: mean_embedding(torch.cat([embedding(features) for features in each]))}
    matrices = [grams(features) for features in each]
    return {layer: torch.cat([found[layer] for found in matrices]).mean(0) for layer in matrices[0]}
