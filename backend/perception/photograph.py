"""Bytes of any picture file to pixels, safely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image as PillowImage

from backend.core.errors import BadImage
from backend.core.image import Image, Mask
from backend.perception.picture_file import has_alpha, open_picture

PAPER = 0.95  # sRGB, from which on nothing is to be seen on white


@dataclass(frozen=True)
class Photograph:
    """A decoded picture, upright."""

    pixels: Image  # [1, 3, H, W] sRGB in [0, 1], on white where it is transparent; white shapes on nothing are black ones
    alpha: Mask | None = None  # [1, 1, H, W], where the file has a meaningful one; its most opaque part is above 0.5

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in source px."""
        return self.pixels.shape[-2], self.pixels.shape[-1]


def decode(data: bytes) -> Photograph:
    """The picture in a file's bytes: first frame that shows anything, EXIF rotation applied, any color mode, on white.

    Raises BadImage (also where there is nothing to be seen) or ImageTooLarge with a sentence.
    """
    pixels, opacity = _opened(data)
    if opacity is None:
        return Photograph(pixels)
    strongest = float(opacity.max())
    if not strongest:
        raise BadImage("This picture is wholly transparent, so nothing is to be seen in it. Choose another one.")
    alpha = opacity if strongest > 0.5 else opacity / strongest  # a watermark is as much of a picture as others
    if not _tells(alpha):
        return Photograph(pixels)
    return Photograph((1 - alpha).expand_as(pixels) if _is_white(pixels, alpha) else pixels, alpha)


def decode_mask(data: bytes, size: tuple[int, int]) -> Mask:
    """A mask picture (white or opaque = keep) at `size` (height, width); errors as `decode`, but it may be empty."""
    pixels, opacity = _opened(data)
    told = opacity is not None and (_tells(opacity) or not float(opacity.max()))
    mask = opacity if opacity is not None and told else pixels.mean(1, keepdim=True)
    return torch.nn.functional.interpolate(mask, size, mode="bilinear", antialias=True).gt(0.5).float()


def _is_white(pixels: Image, alpha: Mask) -> bool:
    """Whether all that is opaque is as white as paper: a logo or a drawing that was made for dark ground."""
    return float(pixels.amin(1, keepdim=True)[alpha > 0.5].min()) > PAPER


def _tells(opacity: Mask) -> bool:
    """Does it say what belongs to the picture?"""
    return float(opacity.min()) < 0.5 < float(opacity.max())


def _opened(data: bytes) -> tuple[Image, Mask | None]:
    """The picture in a file's bytes on white, and its opacity, if the file has one."""
    image = open_picture(data)
    with np.errstate(all="ignore"):
        if image.mode.startswith("I;16") or image.mode in ("I", "F"):
            image = _eight_bit(image)
        if not has_alpha(image):
            return _tensor(image.convert("RGB")), None
        rgba = _tensor(image.convert("RGBA"))
    rgb, opacity = rgba[:, :3], rgba[:, 3:]
    return rgb * opacity + (1 - opacity), opacity


def _eight_bit(image: PillowImage.Image) -> PillowImage.Image:
    """A gray picture of more than 8 bits, or of floating-point numbers, as 8-bit gray."""
    values = np.asarray(image, dtype=np.float64)
    finite = np.isfinite(values)
    highest = float(values[finite].max(initial=0.0))
    if image.mode == "F":
        top = 1.0 if highest <= 2 else 255.0 if highest <= 255 else highest
    else:
        top = next((2.0**bits - 1 for bits in (8, 10, 12, 14, 16) if highest < 2**bits), highest)
    shades = np.clip(np.where(finite, values, np.where(values > 0, top, 0.0)) / top * 255, 0, 255)
    return PillowImage.fromarray(shades.astype(np.uint8))


def _tensor(image: PillowImage.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].contiguous().float().div_(255)
