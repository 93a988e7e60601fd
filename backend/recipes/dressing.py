"""The last step of a region: its plain strokes dressed in a style pack, its shadows hatched."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch

from backend.core.bezier import sample
from backend.core.drawing import Layer, StrokeNote
from backend.core.image import Image, Mask
from backend.core.strokes import Strokes
from backend.core.style_tables import Hatch
from backend.initialize.hatch import Lattice, hatch_lines
from backend.pen.dress import Hand, Motif, dress, dress_hatching
from backend.pen.pressure import Shading
from backend.perception.tone import Map, ToneSettings, tone_map
from backend.recipes.recipe import SketchChoices
from backend.style_pack import StylePack

SHORT = 0.07  # share of the longer side; hatching runs over shorter lines, which would only punch holes in it
LINES_FIRST = 0.6  # share of the lines that a pack draws by itself, which come before any hatching
DARK_PAPER = 0.5  # lightness below which lines stand for light


@dataclass(frozen=True)
class Dressing:
    """How a drawing of so many strokes is shared out and dressed."""

    hand: Hand
    hatch: Hatch
    hatch_count: int  # strokes at most
    line_count: int  # strokes at most
    first_count: int  # lines that are drawn before any is drawn again
    paper: tuple[float, float, float]
    seed: int
    drawn: float  # share of a single line that is drawn

    @classmethod
    def of(cls, pack: StylePack, choices: SketchChoices, count: int, hatches: int | None = None) -> Dressing:
        """The dressing of `count` strokes, as strong as was chosen.

        hatches: how many of them may be hatching, where the style has any; None: as many as the style says.
        """
        strength = choices.style_strength
        hand = Hand(pack.pen, pack.gesture, pack.palette).loosened(1 - choices.fidelity).at(strength)
        hatch = pack.hatch.at(strength)
        lines = _line_count(count, pack.strokes, hatch.share)
        if hatches is not None:
            lines = count - min(hatches if hatch.share else 0, count - 1)
        hatches = count - lines
        first = round(LINES_FIRST * hand.plain_for(_line_count(pack.strokes, pack.strokes, hatch.share)))
        return cls(hand, hatch, hatches, lines, first, pack.paper, choices.seed, 1 - choices.simplicity)

    @property
    def plain_count(self) -> int:
        """How many plain strokes are wanted."""
        return max(self.hand.plain_for(self.line_count), min(self.line_count, self.first_count))

    @property
    def joins(self) -> bool:
        """All strokes become one."""
        return self.hand.gesture.single_line

    def dressed(self, layer: Layer, image: Image, mask: Mask) -> Layer:
        """The layer with its strokes dressed and hatching after them; image and mask are its canvas."""
        return self.spaced(layer, image, mask, None)[0]

    def spaced(self, layer: Layer, image: Image, mask: Mask, spacing: float | None) -> tuple[Layer, float | None]:
        """The same with a spacing of the hatching, source px, and the spacing it has; None: what the style says, wider where
        the hatches would be too many. Hatches of all regions of a picture lie on the same lines if their spacing is one."""
        if not len(layer.strokes) or (self.hand.is_plain and not self.hatch_count):
            return layer, spacing
        generator = torch.Generator().manual_seed(self.seed)
        motif = Motif(image, mask, self._tone(image, mask), self.paper)
        strokes, notes = dress(layer.strokes, layer.notes, motif, self.hand, self.line_count, generator, self.drawn)
        if self.hatch_count:
            count, framing = self.line_count + self.hatch_count - len(strokes), layer.framing
            x, y = framing.to_canvas(torch.zeros(2)).tolist()
            lattice = Lattice((x, y), spacing and spacing * framing.scale)
            hatching, apart = self._hatching(layer, motif, count, generator, lattice)
            spacing = apart / framing.scale
            strokes, notes = Strokes.joined([strokes, hatching]), (*notes, *_hatch_notes(notes[-1], len(hatching)))
        return replace(layer, strokes=strokes, notes=notes), spacing

    def _tone(self, image: Image, mask: Mask) -> Map:
        tone = tone_map(image, mask, ToneSettings(color=1.0 if self.hand.palette else 0.0))
        if sum(self.paper) / 3 >= DARK_PAPER:
            return tone
        return np.where(mask[0, 0].cpu().numpy() > 0.5, 1 - tone, 0).astype(np.float32)

    def _hatching(
        self, layer: Layer, motif: Motif, count: int, generator: torch.Generator, lattice: Lattice
    ) -> tuple[Strokes, float]:
        """At most `count` strokes, and their spacing, px."""
        short = 0.0 if self.hand.palette else SHORT  # color would cover what it runs over
        drawn = _drawn(layer.strokes, motif.darkness.shape, short * motif.side)
        lines, spacing = hatch_lines(motif.darkness, drawn, self.hatch, count, generator, lattice)
        hatch = self.hatch
        floors = np.array([line.floor for line in lines])
        shading = Shading(motif.darkness, floors, spacing, hatch.width, hatch.swell, hatch.taper, hatch.opacity)
        return dress_hatching([line.row for line in lines], shading, motif, self.hand, generator), spacing


def _line_count(count: int, usual: int, share: float) -> int:
    """How many of `count` strokes are lines, where a share of the usual number is hatching: few strokes are lines first."""
    lines = round(usual * (1 - share))
    return max(1, round(count * (1 - share)), min(count, round(LINES_FIRST * lines)), min(lines, count // 2))


def _drawn(strokes: Strokes, shape: tuple[int, ...], short: float) -> Map:
    """1 where strokes run that are longer than `short` px, else 0 [H, W]."""
    drawn = np.zeros(shape, np.float32)
    for row in sample(strokes.points, strokes.segments, 100)[0].cpu().numpy():
        if np.linalg.norm(np.diff(row, axis=0), axis=1).sum() > short:
            cv2.polylines(drawn, [np.round(row - 0.5).astype(np.int32)], False, 1.0)
    return drawn


def _hatch_notes(last: StrokeNote, count: int) -> list[StrokeNote]:
    """Notes of hatching that follows a last line: ever less important."""
    return [StrokeNote("hatch", last.region, last.importance * (1 - (k + 1) / (count + 1))) for k in range(count)]
