"""Nearness of two pictures in what an encoder says of each as a whole."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image
from backend.encoders.encoder import Encoder, Features

POOLED = "pooled"  # the feature layer [B, C, 1, 1] of encoders that have an embedding


def embedding(features: Features) -> Tensor:
    """The unit embeddings [B, C] of pictures."""
    return F.normalize(features[POOLED].flatten(1), dim=1)


def mean_embedding(embeddings: Tensor) -> Tensor:
    """The unit vector [C] in the middle of unit embeddings [B, C]."""
    return F.normalize(embeddings.mean(0), dim=0)


class EmbeddingMatch:
    """1 − cosine of the embeddings of a picture [1, 3, H, W] and of the exemplars; target: unit, [C]."""

    def __init__(self, target: Tensor, encoder: Encoder) -> None:
        self._target, self._encoder = target, encoder

    def __call__(self, picture: Image) -> Tensor:
        return 1 - (embedding(self._encoder(picture))[0] * self._target).sum()
