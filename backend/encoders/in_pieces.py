"""An encoder that looks at few pictures at a time, for devices of little memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from backend.core.image import Image, Mask
from backend.encoders.encoder import Encoder, Features, SalientEncoder


class InPieces:
    """The same features from the same network; what lies between is forgotten and computed again for the gradient."""

    def __init__(self, encoder: Encoder, together: int) -> None:
        """together: pictures that are looked at at once."""
        self._encoder, self._together = encoder, together
        self.name, self.layers = encoder.name, encoder.layers

    def __call__(self, images: Image) -> Features:
        """Every layer [B, C, h, w] of images [B, 3 or 1, H, W]."""
        seen = [self._seen(piece) for piece in self._pieces(images)]
        return {layer: torch.cat([part[layer] for part in seen]) for layer in seen[0]}

    def saliency(self, images: Image, inside: Mask | None = None) -> Tensor:
        """As the encoder itself says."""
        assert isinstance(self._encoder, SalientEncoder)
        within = self._pieces(inside) if inside is not None else itertools.repeat(None)
        return torch.cat([self._encoder.saliency(*both) for both in zip(self._pieces(images), within, strict=False)])

    def _pieces(self, images: Image) -> Iterator[Image]:
        for begin in range(0, len(images), self._together):
            yield images[begin : begin + self._together]

    def _seen(self, images: Image) -> Features:
        if not (torch.is_grad_enabled() and images.requires_grad):
            return self._encoder(images)
        found: Features = checkpoint(self._encoder, images, use_reentrant=False, preserve_rng_state=False)
        return found
