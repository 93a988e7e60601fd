"""A sketch that is drawn on: what is asked for. What comes of it is a SketchResult of the new strokes, and which ones go."""

from dataclasses import dataclass, field
from typing import List, Optional, Tuple

from stylesketch_ext.wire.phrases import Unfit
from stylesketch_ext.wire.sketching import MAX_STROKES, SketchSettings

MAX_KNOWN = 5000  # strokes of a sketch that is drawn on
MAX_RING_POINTS = 10000


@dataclass(frozen=True)
class StrokeData:
    """A part of a stroke that is there already: a poly-Bézier of S cubic segments, 3S+1 points."""

    id: str  # of the element; those of one element have it in common
    points: List[Tuple[float, float]]  # source px
    closed: bool = False
    widths: List[float] = field(default_factory=lambda: [1.0])  # full width at evenly spaced knots, source px; one: constant
    color: Tuple[float, float, float] = (0.0, 0.0, 0.0)  # sRGB, 0 … 1
    opacity: float = 1.0
    locked: bool = False  # it stays as it is
    index: int = 0  # place in the order of importance, 0 = most important
    importance: float = 0.0
    kind: str = "contour"  # contour, detail or hatch

    def __post_init__(self) -> None:
        if len(self.points) < 4 or len(self.points) % 3 != 1:
            raise ValueError("a stroke has 4, 7, 10 … points, not %d" % len(self.points))
        if not self.widths:
            raise ValueError("a stroke has at least one width")


@dataclass(frozen=True)
class RefineRequest:
    """A change of a sketch: free strokes are drawn anew, or some are added or taken away."""

    image: str  # sha256 of the uploaded picture; empty where strokes are only taken away
    strokes: List[StrokeData]
    settings: SketchSettings = SketchSettings()  # its number of strokes, simplicity, marks and candidates count for nothing
    redraw: bool = True  # free strokes go, and others come in their stead; False: all stay that are not taken away
    more: int = 0  # strokes more, or fewer, than there were
    count: Optional[int] = None  # in all, locked ones among them; then free ones are drawn anew
    region: List[List[Tuple[float, float]]] = field(default_factory=list)  # closed lines, source px, that all happens within
    whole: bool = False  # it is a sketch of the whole picture, not of one subject
    alike: bool = True  # new strokes are as wide as the others, and of their color if they have one
    size: Optional[Tuple[int, int]] = None  # width and height of a picture that is not named, px
    title: str = ""  # for lists and labels; no part of the drawing

    def __post_init__(self) -> None:
        if len(self.strokes) > MAX_KNOWN:
            raise Unfit("the sketch has more than {most} strokes", most=MAX_KNOWN)
        if abs(self.more) > MAX_STROKES or not 1 <= (1 if self.count is None else self.count) <= MAX_STROKES:
            raise ValueError("a sketch has 1 to %d strokes" % MAX_STROKES)
        if any(not 3 <= len(ring) <= MAX_RING_POINTS for ring in self.region):
            raise ValueError("a region has 3 to %d points" % MAX_RING_POINTS)
        if not self.image and not self.takes_away:
            raise ValueError("the picture must be named that is drawn after")

    @property
    def takes_away(self) -> bool:
        """Is nothing to be drawn?"""
        return not self.redraw and self.more < 0 and self.count is None
