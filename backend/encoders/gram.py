"""Gram matrices: which features come together in a picture, wherever they are (Gatys et al. 2016)."""

from __future__ import annotations

from torch import Tensor


def gram(features: Tensor) -> Tensor:
    """Gram matrices [B, C, C] of features [B, C, h, w]: F·Fᵀ / (C·h·w), so that larger pictures have no larger ones."""
    count, channels, height, width = features.shape
    flat = features.reshape(count, channels, height * width)
    return flat @ flat.mT / (channels * height * width)
