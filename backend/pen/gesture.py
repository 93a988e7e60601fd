"""The hand: how a line wavers, overshoots, breaks off and begins again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend.core.entries import number, switch, whole


@dataclass(frozen=True)
class Gesture:
    """How the hand moves. Lengths are shares of the framed subject's longer side."""

    calm: float = number(0.0, 0, 0.05)  # how long the bends are that the hand smooths away
    wobble: float = number(0.0, 0, 0.02)  # how far the line strays sideways
    wobble_length: float = number(0.06, 0.005, 0.5)  # from one stray to the next
    overshoot: float = number(0.0, 0, 0.1)  # how far free ends run on
    longest: float = number(0.0, 0, 2)  # longer lines are drawn in pieces; 0: each in one go
    restate: int = whole(1, 1, 5)  # how often each line is drawn
    spread: float = number(0.004, 0, 0.03)  # how far restated lines lie apart
    single_line: bool = switch(False)  # all lines are one, drawn without lifting the pen

    def at(self, strength: float) -> Gesture:
        """The hand between a plain pen's (0) and in full style (1)."""
        return replace(
            self,
            calm=self.calm * strength,
            wobble=self.wobble * strength,
            overshoot=self.overshoot * strength,
            longest=self.longest / max(strength, 1e-3) if self.longest else 0.0,
            restate=1 + round((self.restate - 1) * strength),
            spread=self.spread * strength,
            single_line=self.single_line and strength > 0,
        )
