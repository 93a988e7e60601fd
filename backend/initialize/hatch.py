"""Hatching: lines that carry the tone of a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend.core.entries import number, number_rule, several, whole


@dataclass(frozen=True)
class Hatch:
    """How shadows are hatched. Lengths are shares of the framed subject's longer side."""

    share: float = number(0.0, 0, 0.95)  # of all strokes; 0: no hatching
    angles: tuple[float, ...] = several(
        (45.0,), number_rule(-180, 180), 1, 4
    )  # of each level, degrees, 0 = level, 90 = upright
    form: float = number(0.0, 0, 1)  # 0: straight lines … 1: lines that bend with the form
    levels: int = whole(1, 1, 4)  # how many layers of lines the darkest places have
    spacing: float = number(0.012, 0.002, 0.1)  # between neighbors
    lightest: float = number(0.35, 0, 0.95)  # darkness at which hatching begins; 0 = white, 1 = black
    longest: float = number(0.0, 0, 2)  # longer lines are broken; 0: as long as their shadow
    margin: float = number(0.004, 0, 0.03)  # kept free beside contours
    width: float = number(0.7, 0.1, 6)  # beside the pen's 1
    swell: float = number(0.0, 0, 1)  # how far the width carries the tone
    taper: float = number(0.3, 0, 1)  # share of a line's length that thins towards its end
    opacity: float = number(1.0, 0.05, 1)  # times the pen's

    def at(self, strength: float) -> Hatch:
        """The hatching between none (0) and in full style (1)."""
        return replace(self, share=self.share * strength, swell=self.swell * strength, taper=self.taper * strength)
