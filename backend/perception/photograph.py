"""Bytes of any picture file to pixels, safely."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image as PillowImage
from PIL import ImageOps, UnidentifiedImageError

from backend.core.errors import BadImage, ImageTooLarge
from backend.core.image import Image, Mask

MAX_BYTES = 256 * 2**20
MAX_PIXELS = 150_000_000


@dataclass(frozen=True)
class Photograph:
    """A decoded picture, upright."""

    pixels: Image  # [1, 3, H, W] sRGB in [0, 1], on white where it is transparent
    alpha: Mask | None = None  # [1, 1, H, W], where the file has a meaningful one

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in source px."""
        return self.pixels.shape[-2], self.pixels.shape[-1]


def picture_size(data: bytes) -> tuple[int, int]:
    """Height and width in px after EXIF rotation, once the whole file has been decoded. Errors as `decode`."""
    image = _open(data)
    return image.height, image.width


def decode(data: bytes) -> Photograph:
    """The picture in a file's bytes: first frame, EXIF rotation applied, any color mode, transparency on white.

    Raises BadImage or ImageTooLarge with a sentence.
    """
    image = _open(data)
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _stretched(image)
    has_alpha = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    if not has_alpha:
        return Photograph(_tensor(image.convert("RGB")))
    rgba = _tensor(image.convert("RGBA"))
    rgb, alpha = rgba[:, :3], rgba[:, 3:]
    return Photograph(rgb * alpha + (1 - alpha), alpha if float(alpha.min()) < 0.5 < float(alpha.max()) else None)


def decode_mask(data: bytes, size: tuple[int, int]) -> Mask:
    """A mask picture (white or opaque = keep) at `size` (height, width); errors as `decode`."""
    photograph = decode(data)
    mask = photograph.alpha if photograph.alpha is not None else photograph.pixels.mean(1, keepdim=True)
    return torch.nn.functional.interpolate(mask, size, mode="bilinear", antialias=True).gt(0.5).float()


def _open(data: bytes) -> PillowImage.Image:
    if not data:
        raise BadImage("The picture is empty (0 bytes). Choose another file.")
    if len(data) > MAX_BYTES:
        raise ImageTooLarge(f"The picture has more than {MAX_BYTES >> 20} MB. Save it smaller and try again.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = PillowImage.open(io.BytesIO(data))
            if image.width * image.height > MAX_PIXELS:
                raise ImageTooLarge(
                    f"The picture has {image.width} × {image.height} pixels; {MAX_PIXELS // 10**6} million is the limit. "
                    "Scale it down and try again."
                )
            image.load()
            return ImageOps.exif_transpose(image)
    except BadImage:
        raise
    except UnidentifiedImageError as error:
        raise BadImage("This is not a picture that can be read. Use PNG, JPEG, WebP, TIFF, BMP or GIF.") from error
    except PillowImage.DecompressionBombError as error:
        raise ImageTooLarge("The picture has too many pixels. Scale it down and try again.") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, MemoryError, OverflowError) as error:
        raise BadImage(f"The picture is damaged or cut short ({error}). Save it again and retry.") from error


def _stretched(image: PillowImage.Image) -> PillowImage.Image:
    """A picture of more than 8 bits a channel as 8-bit gray."""
    values = np.asarray(image, dtype=np.float64)
    top = 65535.0 if image.mode.startswith("I;16") or values.max(initial=0) > 255 else 255.0
    if image.mode == "F" and values.max(initial=0) <= 1:
        top = 1.0
    return PillowImage.fromarray(np.clip(np.nan_to_num(values) / top * 255, 0, 255).astype(np.uint8))


def _tensor(image: PillowImage.Image) -> torch.Tensor:
    values = np.array(image, dtype=np.float32) / 255
    return torch.from_numpy(values).permute(2, 0, 1)[None].contiguous()
