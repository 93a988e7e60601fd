"""Picture files opened safely, without torch: also the process that looks at uploads needs only this."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PIL import Image, ImageOps, UnidentifiedImageError

from backend.core.errors import BadImage, ImageTooLarge
from backend.core.notes import wording

MAX_BYTES = 256 * 2**20
MAX_PIXELS = 150_000_000
MOST_EMPTY = 64  # frames at the beginning of an animation that may show nothing
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "ICO", "TGA", "JPEG2000", "AVIF", "MPO")
NAMED = wording("{name}: {why}")

_DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError,
    MemoryError, struct.error,
)  # fmt: skip


def open_picture(data: bytes, formats: Sequence[str] = FORMATS, most_pixels: int = MAX_PIXELS) -> Image.Image:
    """The first frame of a picture file that is not wholly transparent, fully decoded and upright (EXIF rotation applied).

    It has its own color mode; where all are transparent it is the last.

    formats: Pillow's names of those that may be read. Raises BadImage or ImageTooLarge with a sentence.
    """
    if not data:
        raise BadImage("The picture is empty (0 bytes). Choose another file.")
    if len(data) > MAX_BYTES:
        raise ImageTooLarge("The picture has more than {most} MB. Save it smaller and try again.", most=MAX_BYTES >> 20)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=[name for name in formats if _known(name)])
            if image.width * image.height > most_pixels:
                raise ImageTooLarge(
                    "The picture has {width} × {height} pixels; {most} million is the limit. "
                    "Scale it down or crop it, and try again.",
                    width=image.width,
                    height=image.height,
                    most=most_pixels // 10**6,
                )
            image.load()
            return ImageOps.exif_transpose(_first_seen(image))
    except BadImage:
        raise
    except UnidentifiedImageError as error:
        raise BadImage("This is not a picture that can be read. Use PNG, JPEG, WebP, TIFF, BMP or GIF.") from error
    except Image.DecompressionBombError as error:
        raise ImageTooLarge(
            "The picture has far more than {most} million pixels, the limit. Scale it down or crop it, and try again.",
            most=most_pixels // 10**6,
        ) from error
    except _DAMAGED as error:
        raise BadImage("The picture is damaged or cut short ({error}). Save it again and retry.", error=error) from error


def has_alpha(image: Image.Image) -> bool:
    """Whether a picture says of its pixels how opaque they are."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _first_seen(image: Image.Image) -> Image.Image:
    """The image at its first frame in which anything is to be seen, of the first few: animations may begin with nothing."""
    for number in range(1, min(MOST_EMPTY, getattr(image, "n_frames", 1))):
        if not has_alpha(image) or image.convert("RGBA").getchannel("A").getextrema()[1]:
            break
        image.seek(number)
        image.load()
    return image


@contextmanager
def named(name: str) -> Iterator[None]:
    """What is wrong with a picture is told with its name, where a user gave several."""
    try:
        yield
    except BadImage as error:
        raise type(error)(NAMED, name=name, why=error.sentence) from error


def picture_size(data: bytes) -> tuple[int, int]:
    """Height and width in px after EXIF rotation, once the whole file has been decoded. Errors as `open_picture`."""
    image = open_picture(data)
    return image.height, image.width


def _known(name: str) -> bool:
    Image.init()
    return name in Image.OPEN
