"""What a recipe returns: layers of strokes, what is known about each stroke, and an account of how it was made."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.texture import Texture


@dataclass(frozen=True)
class StrokeNote:
    """What is known about a stroke but not optimized."""

    kind: str  # contour, detail or hatch
    region: str  # object, background or picture
    importance: float  # 1 (first) … 0


@dataclass(frozen=True)
class Layer:
    """Strokes on one canvas, most important first, and how that canvas lies on the source picture."""

    name: str
    framing: Framing
    strokes: Strokes
    notes: tuple[StrokeNote, ...]  # one per stroke

    def __post_init__(self) -> None:
        assert len(self.notes) == len(self.strokes), "one note per stroke"


@dataclass(frozen=True)
class Account:
    """How a drawing came about, for the user."""

    guidance: str = ""
    steps: int = 0
    notes: tuple[str, ...] = ()  # sentences: what was not used, and why
    scores: Mapping[str, float] = field(default_factory=dict)  # encoder → likeness of drawing and photograph, 1 = alike


@dataclass(frozen=True)
class Drawing:
    """Layers from bottom to top over a source picture of `size` px."""

    size: tuple[int, int]  # height, width of the source, px
    layers: tuple[Layer, ...]
    paper: tuple[float, float, float] = (1.0, 1.0, 1.0)  # sRGB in [0, 1]
    account: Account = Account()
    texture: Texture = Texture()

    @property
    def count(self) -> int:
        """How many strokes all layers have."""
        return sum(len(layer.strokes) for layer in self.layers)

    def ranks(self) -> tuple[tuple[int, ...], ...]:
        """The place of each stroke among all, layer by layer; 0 = most important.

        By importance; a stroke never comes before one that is listed earlier in its layer.
        """
        keys = []
        for number, layer in enumerate(self.layers):
            least = itertools.accumulate((note.importance for note in layer.notes), min)
            keys += [(-importance, number, place) for place, importance in enumerate(least)]
        ranks = {key[1:]: rank for rank, key in enumerate(sorted(keys))}
        return tuple(tuple(ranks[i, j] for j in range(len(layer.notes))) for i, layer in enumerate(self.layers))

    def first(self, count: int) -> Drawing:
        """The drawing with only its `count` most important strokes."""
        layers = []
        for layer, ranks in zip(self.layers, self.ranks(), strict=True):
            kept = sum(rank < count for rank in ranks)
            layers.append(replace(layer, strokes=layer.strokes.select(slice(0, kept)), notes=layer.notes[:kept]))
        return replace(self, layers=tuple(layers))
