"""Nearness of two pictures in style: in which features of an encoder occur together (Gatys et al. 2015)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from backend.core.image import Image
from backend.encoders.encoder import Encoder, Features


def gram(features: Tensor) -> Tensor:
    """Gram matrices [B, C, C] of feature maps [B, C, h, w]: mean over places of the products of channels."""
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def grams(features: Features) -> dict[str, Tensor]:
    """The Gram matrix [B, C, C] of each feature layer."""
    return {layer: gram(values) for layer, values in features.items()}


class GramMatch:
    """Mean over feature layers of ‖G − A‖² / ‖A‖², G of the picture [1, 3, H, W] and A of the exemplar of any size.

    Differs from Gatys et al.: the matrices are means over places, so that sizes may differ, and distances are shares of the
    exemplar's own matrix, so that layers and encoders weigh alike (there: Σ(G − A)² / (2NM)²).
    """

    def __init__(self, exemplar: Image, encoder: Encoder) -> None:
        self._encoder = encoder
        with torch.no_grad():
            self._targets: Mapping[str, Tensor] = grams(encoder(exemplar))

    @classmethod
    def measured(cls, targets: Mapping[str, Tensor], encoder: Encoder) -> GramMatch:
        """The match with Gram matrices [1, C, C] that were measured before, by feature layer of the encoder."""
        match = cls.__new__(cls)
        match._encoder, match._targets = encoder, targets
        return match

    def __call__(self, picture: Image) -> Tensor:
        seen = grams(self._encoder(picture))
        distances = [(seen[layer] - target).square().sum() / target.square().sum() for layer, target in self._targets.items()]
        return torch.stack(distances).mean()


class ColorMatch:
    """The same distance of the colors themselves and their mean: the Gram matrix of (r, g, b, 1)."""

    def __init__(self, exemplar: Image) -> None:
        self._target = gram(_with_one(exemplar))

    def __call__(self, picture: Image) -> Tensor:
        return (gram(_with_one(picture)) - self._target).square().sum() / self._target.square().sum()


def _with_one(image: Image) -> Tensor:
    return torch.cat([image, torch.ones_like(image[:, :1])], 1)
