"""Nearness of drawing and photograph in what an encoder sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.encoders.encoder import Encoder
from backend.guidance.pairs import Pairs
from backend.guidance.view import View

Distance = Callable[[Tensor, Tensor], Tensor]  # two [B, C, h, w] → a scalar


def channel_cosine(drawn: Tensor, target: Tensor) -> Tensor:
    """1 − cosine over the channels, mean over places."""
    return (1 - F.cosine_similarity(drawn, target, dim=1)).mean()


def squared(drawn: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference: CLIPasso's."""
    return F.mse_loss(drawn, target)


class LayerMatch:
    """Weighted sum over feature layers of a distance between drawing and photograph."""

    def __init__(
        self, pairs: Pairs, encoder: Encoder, weights: Mapping[str, float], distance: Distance = channel_cosine
    ) -> None:
        self._pairs, self._encoder, self._weights, self._distance = pairs, encoder, dict(weights), distance

    def __call__(self, view: View) -> Tensor:
        drawn, target = self._pairs.features(view, self._encoder)
        losses = [weight * self._distance(drawn[layer], target[layer]) for layer, weight in self._weights.items()]
        return torch.stack(losses).sum()
