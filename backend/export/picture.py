"""An image as a PNG file."""

from __future__ import annotations

import io

import torch
from PIL import Image as PillowImage

from backend.core.image import Image


def picture_png(image: Image) -> bytes:
    """An image [1, 3 or 1, H, W] as the bytes of a PNG, eight bits a channel."""
    pixels = (image[0].detach().clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    file = io.BytesIO()
    PillowImage.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG")
    return file.getvalue()
