"""How a drawing came about, as an animated GIF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TypeVar

from PIL import Image as PillowImage

from backend.export.png import Pixels

RATE = 10  # pictures a second
HELD = 2000  # ms that the finished drawing is shown
MOST_FRAMES = 100
COLORS = 128

T = TypeVar("T")


def thinned(moments: Sequence[T], most: int = MOST_FRAMES) -> list[T]:
    """At most so many of the moments, evenly, the first and the last among them."""
    if len(moments) <= most:
        return list(moments)
    return [moments[round(i * (len(moments) - 1) / (most - 1))] for i in range(most)]


def evolution_gif(frames: Sequence[Pixels]) -> bytes:
    """A GIF that plays the frames [H, W, 3], at least one, over and over, and holds the last one."""
    pictures = [PillowImage.fromarray(frame).quantize(COLORS, dither=PillowImage.Dither.NONE) for frame in frames]
    durations = [1000 // RATE] * (len(pictures) - 1) + [HELD]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0, disposal=1)
    return file.getvalue()
