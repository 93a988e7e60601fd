"""Plain strokes become a style's: the last step of a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from backend.core.drawing import StrokeNote
from backend.core.entries import Color
from backend.core.image import Image, Mask
from backend.core.strokes import Strokes
from backend.core.style_tables import Gesture, Palette, Pen
from backend.pen.gesture import gestured, wavering
from backend.pen.lines import TOLERANCE, Line, Row, curves_of, evenly, lines_of
from backend.pen.palette import colors_along
from backend.pen.pressure import Shading, hatch_widths, line_widths
from backend.pen.single_line import beginning, one_line

Map = npt.NDArray[np.float32]  # [H, W]


@dataclass(frozen=True)
class Hand:
    """Who draws: pen, gesture and colors of a style, as strong as the user wants them."""

    pen: Pen = Pen()
    gesture: Gesture = Gesture()
    palette: Palette = Palette()
    tolerance: float = TOLERANCE  # px between a drawn line and its curve

    def loosened(self, loose: float) -> Hand:
        """The hand as it is (0), or drawing loosely (1)."""
        if not loose:
            return self
        tolerance = self.tolerance * (1 + 2 * loose)
        return replace(self, pen=self.pen.loosened(loose), gesture=self.gesture.loosened(loose), tolerance=tolerance)

    def at(self, strength: float) -> Hand:
        """The hand between a plain pen (0) and the full style (1)."""
        return replace(self, pen=self.pen.at(strength), gesture=self.gesture.at(strength))

    @property
    def is_plain(self) -> bool:
        """It leaves strokes as they are."""
        return self.pen.is_plain and self.gesture.is_plain and not (self.palette and self.palette.contours)

    def plain_for(self, count: int) -> int:
        """How many plain strokes to find for `count` drawn ones."""
        return max(1, -(-count // self.gesture.restate))


@dataclass(frozen=True)
class Motif:
    """What is drawn, on the canvas."""

    image: Image  # [1, 3, H, W]
    mask: Mask  # [1, 1, H, W] where it is
    darkness: Map  # [H, W] 0 = paper … 1 = black
    paper: Color = (1.0, 1.0, 1.0)

    @property
    def side(self) -> int:
        """Longer side, px."""
        return max(self.darkness.shape)


Dressed = tuple[Strokes, tuple[StrokeNote, ...]]


def dress(
    strokes: Strokes,
    notes: Sequence[StrokeNote],
    motif: Motif,
    hand: Hand,
    count: int,
    generator: torch.Generator,
    drawn: float = 1.0,
) -> Dressed:
    """At most `count` dressed strokes of plain ones, most important first, and what is known about each.

    The strokes (at least one) are of one width and on the motif's canvas. Same generator state, same strokes.
    drawn: of all lines joined into one, the share that is drawn.
    """
    chance = _chance(generator)
    lines = lines_of(strokes)
    if hand.gesture.single_line:
        lines = [beginning(one_line(lines), drawn)]
    if hand.gesture.is_plain:
        built = strokes.select(slice(0, count)).to("cpu")
        sources = list(range(len(built)))
    else:
        lines = gestured(lines, hand.gesture, motif.side, chance, count)
        sources = [line.source for line in lines]
        built = Strokes.build(curves_of(lines, hand.tolerance), 1.0, hand.pen.color, [line.closed for line in lines])
    known = [notes[source] for source in sources]
    weights = np.array([1 - source / max(len(strokes) - 1, 1) for source in sources])
    built = replace(
        built,
        widths=line_widths(built, hand.pen, motif.side, [note.kind for note in known], weights, motif.darkness, chance),
        opacities=torch.full((len(built),), hand.pen.opacity),
    )
    return _colored(built, motif, hand, hand.palette.contours, chance), _falling(known)


def dress_hatching(rows: Sequence[Row], shading: Shading, motif: Motif, hand: Hand, generator: torch.Generator) -> Strokes:
    """The lines of a hatching, dressed, in their order."""
    chance = _chance(generator)
    lines = [wavering(Line(evenly(row, 6.0), False, i), hand.gesture, motif.side, chance) for i, row in enumerate(rows)]
    width = hand.pen.width * motif.side
    built = Strokes.build(curves_of(lines), width, hand.pen.color)
    if not lines:
        return built
    dressed = replace(
        built,
        widths=hatch_widths(built, hand.pen, shading, width, chance),
        opacities=torch.full((len(lines),), hand.pen.opacity * shading.opacity),
    )
    return _colored(dressed, motif, hand, 1.0, chance)


def _colored(strokes: Strokes, motif: Motif, hand: Hand, share: float, chance: np.random.Generator) -> Strokes:
    """The strokes in the palette's colors, mixed with the pen's by a share."""
    if not hand.palette or not share:
        return strokes
    colors = colors_along(strokes, motif.image, motif.mask, hand.palette, motif.paper, chance)
    return replace(strokes, colors=share * colors + (1 - share) * strokes.colors)


def _falling(notes: Sequence[StrokeNote]) -> tuple[StrokeNote, ...]:
    """The notes with importances that never rise."""
    falling = np.minimum.accumulate([note.importance for note in notes])
    return tuple(replace(note, importance=float(value)) for note, value in zip(notes, falling, strict=True))


def _chance(generator: torch.Generator) -> np.random.Generator:
    return np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
