"""How the material of a line looks: graphite, a dry brush. A look laid over strokes, which stay strokes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend.core.entries import choice, number

KINDS = ("none", "grain", "dry-brush", "bleed")


@dataclass(frozen=True)
class Texture:
    """A look that an exporter lays over the strokes."""

    kind: str = choice("none", KINDS)  # grain: paper shows through; dry-brush: gaps of bristles; bleed: ink creeps into paper
    amount: float = number(0.5, 0, 1)  # 0 = not to be seen
    scale: float = number(0.003, 0.0005, 0.05)  # size of its grains, a share of the drawing's longer side

    def at(self, strength: float) -> Texture:
        """The look between none (0) and in full style (1)."""
        return replace(self, amount=self.amount * strength)
