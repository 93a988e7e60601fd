"""A drawing that is drawn before one's eyes: its strokes appear one after the other, the most important ones first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from backend.core.bezier import sample
from backend.core.drawing import Drawing, Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.texture import Texture
from backend.export.paths import path_data
from backend.export.svg import DrawingLike, PathLike, drawing_svg

PLAIN = Texture()
LIFT = 0.02  # of the picture's longer side: how long a line could be drawn while the pen goes to the next stroke
HOLD = 1.5  # s that the whole drawing is shown before a film begins again
PLACES = 24  # for each segment, at which its length is measured


@dataclass(frozen=True)
class Turn:
    """When a stroke is drawn, s."""

    begin: float
    end: float


def draw_on_svg(drawing: DrawingLike, seconds: float, title: str = "", facts: Mapping[str, str] | None = None) -> str:
    """The drawing as `drawing_svg` writes it, with a style sheet by which browsers draw it within `seconds`.

    Who prefers reduced motion sees it whole at once, as programs do that do not animate. A stroke of changing width is a
    filled outline; it appears through a mask, under a pen as wide as it.
    """
    return drawing_svg(drawing, title, facts, _sheet(drawing, seconds))


@dataclass(frozen=True)
class DrawnOn:
    """The film of a drawing, as `animation.gif` and `animation.write_mp4` take it; times are s."""

    drawing: Drawing
    turns: tuple[Turn, ...]  # by the strokes' ranks
    hold: float = HOLD

    @classmethod
    def of(cls, drawing: DrawingLike, seconds: float, texture: Texture = PLAIN) -> DrawnOn:
        """The film that draws within `seconds`."""
        return cls(_drawing(drawing, texture), tuple(turns(_by_rank(drawing), _side(drawing), seconds)))

    def times(self, rate: float) -> list[float]:
        """The moments of `rate` pictures a second."""
        seconds = max((turn.end for turn in self.turns), default=0.0)
        drawn = np.arange(1, max(1, round(seconds * rate)) + 1) / rate
        return [*drawn.tolist(), *[float(drawn[-1]) + 1.0] * round(self.hold * rate)]

    def at(self, time: float) -> Drawing:
        """What is drawn so far."""
        shares = [min(1.0, max(0.0, (time - turn.begin) / (turn.end - turn.begin))) for turn in self.turns]
        layers = []
        for layer, ranks in zip(self.drawing.layers, self.drawing.ranks(), strict=True):
            there = [i for i, rank in enumerate(ranks) if shares[rank] > 0]
            strokes = layer.strokes.select(torch.tensor(there, dtype=torch.long))
            for place, i in enumerate(there):
                if shares[ranks[i]] < 1:
                    strokes = _begun(strokes, place, shares[ranks[i]])
            layers.append(replace(layer, strokes=strokes, notes=tuple(layer.notes[i] for i in there)))
        return replace(self.drawing, layers=tuple(layers))


def turns(paths: Sequence[PathLike], side: float, seconds: float) -> Iterator[Turn]:
    """When each path is drawn, in their order, by a pen of one speed; side: of the picture, its px."""
    times = [_length(path) + LIFT * side for path in paths]
    speed, now = seconds / max(sum(times), 1e-9), 0.0
    for path, time in zip(paths, times, strict=True):
        yield Turn(now, now + max(_length(path), 0.1 * LIFT * side) * speed)
        now += time * speed


def _sheet(drawing: DrawingLike, seconds: float) -> Iterator[str]:
    paths = _by_rank(drawing)
    yield "  <defs>"
    for path in paths:
        if path.profile:
            width = 1.1 * max(width for _place, width in path.profile)
            yield f'    <mask id="{path.id}-pen" maskUnits="userSpaceOnUse" x="-10%" y="-10%" width="120%" height="120%">'
            yield f'      <path id="{path.id}-way" d="{path_data(list(path.points), path.closed)}" fill="none" stroke="#fff"'
            yield f'        stroke-width="{width:.4g}" stroke-linecap="round" stroke-linejoin="round"/>'
            yield "    </mask>"
    yield "    <style>"
    yield "      @media (prefers-reduced-motion: no-preference) {"
    yield f"        @keyframes ss-{drawing.run}-draw {{"
    yield "          0% { opacity: 0 } 0.1% { opacity: 1 } 100% { opacity: 1; stroke-dashoffset: 0 } }"
    for path, turn in zip(paths, turns(paths, _side(drawing), seconds), strict=True):
        pen, long = f"{path.id}-way" if path.profile else path.id, max(_length(path), 0.1) * 1.01
        yield (
            f"        #{pen} {{ stroke-dasharray: {long:.1f}; stroke-dashoffset: {long:.1f};"
            f" animation: ss-{drawing.run}-draw {turn.end - turn.begin:.3f}s linear {turn.begin:.3f}s both }}"
        )
        if path.profile:
            yield f"        #{path.id} {{ mask: url(#{path.id}-pen) }}"
    yield "      }"
    yield "    </style>"
    yield "  </defs>"


def _by_rank(drawing: DrawingLike) -> list[PathLike]:
    return sorted((path for layer in drawing.layers for path in layer.paths), key=lambda path: path.index)


def _side(drawing: DrawingLike) -> float:
    return float(max(drawing.width, drawing.height))


def _length(path: PathLike) -> float:
    """Arc length, px."""
    return float(_lengths(torch.tensor(list(path.points), dtype=torch.float64))[-1])


def _lengths(curve: torch.Tensor) -> torch.Tensor:
    """The arc length up to places evenly spaced in the parameter of a poly-Bézier [3S+1, 2]."""
    segments = (len(curve) - 1) // 3
    places, _tangents = sample(curve[None], torch.tensor([segments]), PLACES * segments + 1)
    return torch.cat([torch.zeros(1, dtype=curve.dtype), places[0].diff(dim=0).norm(dim=1).cumsum(0)])


def _begun(strokes: Strokes, i: int, share: float) -> Strokes:
    """The strokes with only the first part of stroke `i`, a share of its length."""
    curve, knots = strokes.curve(i), strokes.widths.shape[1]
    segments, lengths = (len(curve) - 1) // 3, _lengths(strokes.curve(i)).numpy()
    place = float(np.interp(share * lengths[-1], lengths, np.linspace(0, segments, len(lengths))))
    whole = min(int(place), segments - 1)
    first = _first_part(curve[3 * whole : 3 * whole + 4], place - whole)
    part = torch.cat([curve[: 3 * whole], first])
    points, counts, closed, widths = (
        value.clone() for value in (strokes.points, strokes.segments, strokes.closed, strokes.widths)
    )
    points[i, : len(part)], points[i, len(part) :] = part, part[-1]
    counts[i], closed[i] = whole + 1, False
    if knots > 1:
        at = np.linspace(0, place / segments, knots)
        widths[i] = torch.from_numpy(np.interp(at, np.linspace(0, 1, knots), strokes.widths[i].double().numpy())).to(widths)
    return replace(strokes, points=points, segments=counts, closed=closed, widths=widths)


def _first_part(cubic: torch.Tensor, t: float) -> torch.Tensor:
    """A cubic [4, 2] from its beginning to its parameter t (de Casteljau)."""
    rows = [cubic]
    for _ in range(3):
        rows.append(rows[-1][:-1] + t * (rows[-1][1:] - rows[-1][:-1]))
    return torch.stack([row[0] for row in rows])


def _drawing(data: DrawingLike, texture: Texture) -> Drawing:
    """A drawing in source px as the noun of our house; its strokes get the order of their indices."""
    size, layers = (data.height, data.width), []
    for layer in data.layers:
        paths = sorted(layer.paths, key=lambda path: path.index)
        knots = max((len(path.widths) for path in paths), default=1)
        built = Strokes.build(
            [torch.tensor(list(path.points), dtype=torch.float64) for path in paths], 1.0, closed=[p.closed for p in paths]
        )
        widths = [np.interp(np.linspace(0, 1, knots), np.linspace(0, 1, len(p.widths)), p.widths) for p in paths]
        strokes = replace(
            built,
            widths=torch.from_numpy(np.array(widths).reshape(len(paths), knots)),
            colors=torch.tensor([_color(path.color) for path in paths], dtype=torch.float64).reshape(-1, 3),
            opacities=torch.tensor([path.opacity for path in paths], dtype=torch.float64),
        )
        notes = tuple(StrokeNote(path.kind, path.region, -float(path.index)) for path in paths)
        layers.append(Layer(layer.name, Framing(size, size), strokes, notes))
    red, green, blue = _color(data.paper)
    return Drawing(size, tuple(layers), (red, green, blue), texture=texture)


def _color(text: str) -> list[float]:
    return [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
