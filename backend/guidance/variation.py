"""Total variation: how much neighboring pixels differ."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image


def total_variation(image: Image, tiled: bool = False) -> Tensor:
    """Mean |Δx| + mean |Δy| of an image [B, C, H, W], a scalar; tiled: its opposite borders are neighbors."""
    if tiled:
        image = F.pad(image, (0, 1, 0, 1), mode="circular")
    across, down = image[..., 1:] - image[..., :-1], image[..., 1:, :] - image[..., :-1, :]
    return torch.stack([across.abs().mean(), down.abs().mean()]).sum()
