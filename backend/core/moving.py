"""A drawing that moves: strokes that stay themselves from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from backend.core.drawing import Account, Drawing, Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.texture import Texture

Array = npt.NDArray[np.float64]

FAINTEST = 0.02  # opacity below which a stroke is not there


@dataclass(frozen=True)
class MovingStroke:
    """One stroke over the frames first … first + F − 1."""

    id: int  # its place among all strokes of the drawing
    first: int
    points: Array  # [F, 3S+1, 2] control points, source px
    opacities: Array  # [F] in [0, 1]
    closed: bool
    widths: tuple[float, ...]  # full width at knots evenly spaced in the parameter, source px
    color: tuple[float, float, float]  # sRGB in [0, 1]
    note: StrokeNote

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.first + len(self.points)

    def opacity_at(self, time: float) -> float:
        """Between frames opacities are interpolated; its last frame lasts until the next one."""
        place = time - self.first
        if not 0 <= place < len(self.points):
            return 0.0
        return float(np.interp(place, np.arange(len(self.points)), self.opacities))

    def points_at(self, time: float) -> Array:
        """Control points [3S+1, 2] at a time within its frames, between them on a Catmull-Rom spline."""
        last = len(self.points) - 1
        place = min(max(time - self.first, 0.0), float(last))
        i = min(int(place), max(last - 1, 0))
        t = place - i
        if t == 0 or last == 0:
            return self.points[i]
        before, a, b, after = (self.points[min(max(k, 0), last)] for k in (i - 1, i, i + 1, i + 2))
        return a + 0.5 * t * (b - before + t * (2 * before - 5 * a + 4 * b - after + t * (3 * (a - b) + after - before)))


@dataclass(frozen=True)
class MovingDrawing:
    """Strokes over the frames of a clip whose pictures have `size` px."""

    size: tuple[int, int]  # height, width
    frames: int
    rate: float  # frames per second
    shots: tuple[int, ...]  # the first frame of each
    strokes: tuple[MovingStroke, ...]  # by id
    paper: tuple[float, float, float] = (1.0, 1.0, 1.0)  # sRGB in [0, 1]
    texture: Texture = Texture()
    account: Account = Account()

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.frames / self.rate

    def seen_at(self, time: float) -> list[MovingStroke]:
        """The strokes that are there at a time, counted in frames."""
        return [stroke for stroke in self.strokes if stroke.opacity_at(time) > FAINTEST]

    def at(self, time: float) -> Drawing:
        """The drawing at a time, counted in frames from 0 to `frames`; between frames strokes are on their way."""
        seen = self.seen_at(time)
        layer = Layer("frame", Framing(self.size, self.size), _strokes(seen, time), tuple(stroke.note for stroke in seen))
        return Drawing(self.size, (layer,), self.paper, self.account, self.texture)

    def times(self, rate: float) -> list[float]:
        """The moments, counted in frames, of as many pictures a second as `rate` says."""
        count = max(1, round(self.seconds * rate))
        return [i * self.rate / rate for i in range(count) if i * self.rate / rate < self.frames] or [0.0]


def _strokes(seen: list[MovingStroke], time: float) -> Strokes:
    curves = [torch.from_numpy(stroke.points_at(time)) for stroke in seen]
    built = Strokes.build(curves, 1.0, closed=[stroke.closed for stroke in seen])
    if not seen:
        return built
    knots = max(len(stroke.widths) for stroke in seen)
    widths = [np.interp(np.linspace(0, 1, knots), np.linspace(0, 1, len(s.widths)), s.widths) for s in seen]
    return replace(
        built,
        widths=torch.from_numpy(np.array(widths)),
        colors=torch.tensor([stroke.color for stroke in seen], dtype=torch.float64),
        opacities=torch.tensor([stroke.opacity_at(time) for stroke in seen], dtype=torch.float64),
    )
