"""Colors: few, the picture's own or the style's."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.entries import Color, color_rule, number, several, whole


@dataclass(frozen=True)
class Palette:
    """Which colors lines have. Without any, all have the pen's."""

    colors: tuple[Color, ...] = several((), color_rule(), 0, 24)  # those there are; each line takes the nearest to the picture
    count: int = whole(0, 0, 12)  # without fixed ones: as many as are found in the picture
    vividness: float = number(1.0, 0, 3)  # how colorful beside the picture's own
    contours: float = number(1.0, 0, 1)  # share of color in contours and details; 0: these keep the pen's color

    def __bool__(self) -> bool:
        return bool(self.colors or self.count)
