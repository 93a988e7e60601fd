"""The pen: how wide, dark and even its line is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend.core.entries import Color, color, number


@dataclass(frozen=True)
class Pen:
    """The line itself."""

    width: float = number(0.005, 0.0003, 0.1)  # full width as a share of the framed subject's longer side
    color: Color = color((0.0, 0.0, 0.0))
    opacity: float = number(1.0, 0.05, 1)
    pressure: float = number(0.0, 0, 1)  # 0: all lines as wide … 1: important ones wide and swelling, the last ones hairlines
    shade: float = number(0.0, 0, 1)  # how far the width follows the darkness beside the line
    taper_start: float = number(0.0, 0, 1)  # share of a line's length over which it swells from the tip's width …
    taper_end: float = number(0.0, 0, 1)  # … and over which it thins again
    tip: float = number(0.0, 0, 1)  # width at a tapered end, as a share of the line's
    unevenness: float = number(0.0, 0, 1)  # slow chance changes of width along a line
    contour: float = number(1.0, 0.3, 4)  # width of contours beside the details' 1

    def at(self, strength: float) -> Pen:
        """The pen between plain (0) and in full style (1)."""
        return replace(
            self,
            pressure=self.pressure * strength,
            shade=self.shade * strength,
            taper_start=self.taper_start * strength,
            taper_end=self.taper_end * strength,
            tip=1 - (1 - self.tip) * min(1.0, 2 * strength),
            unevenness=self.unevenness * strength,
            contour=self.contour**strength,
        )
