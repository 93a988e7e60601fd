"""How what was measured on a style weighs the terms that strokes are fitted and finished by.

SD-CLIPasso lets a style's edge density and thickness scale its loss weights; here each measurement weighs the term that it says
something of, beside what is usual.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.style_pack import Measured

USUAL = Measured(wobble=0.0006, edge_density=0.0533, ink_coverage=0.1)
"""A steady hand's wobble; the technical pen's edges; ink between the bundled exemplars' (.03 … .17) and prints'."""
MOST = 4.0  # a weight is multiplied or divided by at most this


@dataclass(frozen=True)
class Steering:
    """What weights are multiplied by."""

    bending: float = 1.0  # of calm lines: more for a style of calmer lines than usual, less for one that wavers
    fine: float = 1.0  # of lines seen from close by, beside those seen from afar: more for a style that is dense with edges
    tones: float = 1.0  # of tones that stay, beside lines like the exemplar's: more for a style that covers the paper with ink

    @classmethod
    def of(cls, measured: Measured, strength: float) -> Steering:
        """strength: how far the style counts, 0 … 1. What was not measured steers nothing."""
        return cls(
            bending=_share(USUAL.wobble, measured.wobble, strength),
            fine=_share(measured.edge_density, USUAL.edge_density, 0.5 * strength),
            tones=_share(measured.ink_coverage, USUAL.ink_coverage, 0.5 * strength),
        )


def _share(more: float | None, less: float | None, strength: float) -> float:
    if more is None or less is None:
        return 1.0
    return float(min(max(more / max(less, 1e-9), 1 / MOST), MOST) ** strength)
