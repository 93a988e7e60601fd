"""How a picture is drawn: the widths, lengths, bends and directions of its lines, its hatching, its colors.

All lengths are shares of the picture's longer side, so that a picture and its enlargement measure alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.perception.ink import Color, Ink, Lines, ink_of
from backend.perception.ink_colors import ink_palette
from backend.perception.line_probes import Probes, probe
from backend.perception.line_shapes import Shape, shape_of
from backend.perception.skeleton import Chain, chains, thinned

Map = npt.NDArray[np.float32]  # [H, W]
Values = npt.NDArray[np.float64]

WIDEST = 0.03  # what is wider is no line but a patch
TILE = 480  # px; of pictures with very many lines, so large parts are looked at …
MOST_SKELETON = 100_000  # … with so many px of lines
MOST_PROBES = 12_000  # places where widths and gaps are measured
PROBE_STEP = 2  # px along lines, at least
EDGE_SIDE = 512  # px, the longer side at which edges are counted
BINS = 18  # of directions
FAMILY = math.radians(15)  # a direction of hatching holds lines that turn at most so far from it
DRAWN = 0.46  # clarity of lines; of drawings it was .50 or more, of most photographs less
SECOND = 0.3  # of the first family, what a second one must at least have


@dataclass(frozen=True)
class LineStyle:
    """What was measured; None where there was nothing to measure. Angles: degrees from level, counterclockwise, -90 … 90."""

    paper: Color  # sRGB in [0, 1]
    color: Color  # of the ink
    light_on_dark: bool
    palette: tuple[Color, ...]  # of colored ink; empty where it is of one color
    ink_coverage: float  # share of the paper that is inked
    edge_density: float  # share of pixels on an edge, the picture's longer side being EDGE_SIDE px
    line_share: float  # of the ink, what is lines and no patches
    line_density: float  # length of all lines per area, in units of the longer side
    line_width: float | None  # median
    thin_width: float | None  # 10th percentile
    thick_width: float | None  # 90th percentile
    width_variation: float | None  # standard deviation over mean, along lines
    width_spread: float | None  # the same from line to line
    taper: float | None  # share of a line's length over which it thins towards a free end
    tip: float | None  # width at free ends, beside that of their lines
    stroke_length: float | None  # median by length
    curvature: float | None  # median turn, rad per longer side
    wobble: float | None  # how far lines stray sideways from their smooth course
    orientations: tuple[float, ...]  # shares of line by direction, from level on, BINS of them
    hatch_share: float  # of the lines
    hatch_spacing: float | None  # mean distance of neighbors, from middle to middle
    hatch_angles: tuple[float, ...]  # of up to two families of lines, the larger one first
    hatch_bend: float | None  # 0: all parallel … 1: of every direction, following the form
    hatch_width: float | None  # median width of hatching lines
    outline_width: float | None  # median width of all other lines
    strokes: int  # how many lines there are, about


@dataclass(frozen=True)
class Observation:
    """What one picture shows: single measurements, lengths already as shares of its longer side."""

    ink: Ink
    palette: tuple[Color, ...]
    edge_density: float
    coverage: float
    line_share: float
    line_density: float
    widths: Values  # [P] at probes, of lines
    angles: Values  # [P] rad, x right, y up
    gaps: Values  # [P] mean distance to both neighbors; nan where the probe is on no hatching
    slants: Values  # [P] how much the two sides of a line differ; nan where it does not stand out
    shapes: tuple[Shape, ...]  # of single lines; turns per longer side

    @property
    def is_blank(self) -> bool:
        """There is nothing that could be measured."""
        return not np.isfinite(self.widths).any()

    @property
    def clarity(self) -> float:
        """How far its lines are lines, -1 … 1: that they stand out on both sides, and from one ground."""
        clear = np.isfinite(self.slants)
        return float(clear.mean() - np.median(self.slants[clear])) if clear.any() else -1.0

    @property
    def is_drawn(self) -> bool:
        """It is drawn rather than photographed, as far as lines can tell."""
        return self.clarity > DRAWN


def observe(rgb: Map) -> Observation:
    """All measurements of one picture [H, W, 3], sRGB in [0, 1]."""
    side = max(rgb.shape[:2])
    ink = ink_of(rgb)
    widest = max(2.0, WIDEST * side)
    skeleton = thinned(ink.lines, math.ceil(widest / 2))
    thickness = 2 * cv2.distanceTransform(ink.lines, cv2.DIST_L2, 5)
    parts = [_within(window, ink, skeleton, thickness) for window in _windows(skeleton)]
    probes, shapes = [part.probes for part in parts], [shape for part in parts for shape in part.shapes]
    lined = int(skeleton.sum()) * sum(shape.length for shape in shapes) / max(1, sum(part.pixels for part in parts))
    return Observation(
        ink=ink,
        palette=ink_palette(rgb, ink.lines, ink.paper),
        edge_density=edge_density(rgb),
        coverage=ink.coverage,
        line_share=_line_share(ink.lines, thickness, widest),
        line_density=lined * side / ink.lines.size,
        widths=_joined([part.widths for part in probes]) / side,
        angles=_joined([part.angles for part in probes]),
        gaps=_joined([part.gaps for part in probes]) / side,
        slants=_joined([part.slants for part in probes]),
        shapes=tuple(_scaled(shape, side) for shape in shapes),
    )


def measure(rgb: Map) -> LineStyle:
    """The style of one picture [H, W, 3], sRGB in [0, 1]."""
    return summary([observe(rgb)])


def summary(pictures: Sequence[Observation]) -> LineStyle:
    """The style that pictures have in common: medians of all that was measured on any of them."""
    inked = [picture for picture in pictures if not picture.is_blank] or list(pictures)
    widths, angles, gaps = (_joined([getattr(picture, name) for picture in inked]) for name in ("widths", "angles", "gaps"))
    shapes = [shape for picture in inked for shape in picture.shapes]
    known = np.isfinite(widths)
    hatched = np.isfinite(gaps)
    length = _by_length(shapes)
    density = _mean(inked, "line_density")
    return LineStyle(
        paper=_color([picture.ink.paper for picture in inked]),
        color=_color([picture.ink.color for picture in inked]),
        light_on_dark=2 * sum(picture.ink.light_on_dark for picture in inked) > len(inked),
        palette=max((picture.palette for picture in inked), key=len),
        ink_coverage=_mean(inked, "coverage"),
        edge_density=_mean(inked, "edge_density"),
        line_share=_mean(inked, "line_share"),
        line_density=density,
        line_width=_middle(widths),
        thin_width=_middle(widths, 10),
        thick_width=_middle(widths, 90),
        width_variation=_middle(np.array([shape.variation for shape in shapes])),
        width_spread=_spread(np.array([shape.width for shape in shapes])),
        taper=_middle(np.array([taper for shape in shapes for taper in shape.tapers])),
        tip=_middle(np.array([tip for shape in shapes for tip in shape.tips])),
        stroke_length=length,
        curvature=_middle(np.array([shape.turn for shape in shapes])),
        wobble=_middle(np.array([shape.stray for shape in shapes])),
        orientations=_directions(angles),
        hatch_share=float(hatched.sum() / max(1, known.sum())),
        hatch_spacing=_middle(gaps),
        hatch_angles=_families(angles[hatched]),
        hatch_bend=_bend(angles[hatched]),
        hatch_width=_middle(widths[hatched]),
        outline_width=_middle(widths[known & ~hatched]),
        strokes=round(density / length * _shape(inked)) if length else 0,
    )


def edge_density(rgb: Map) -> float:
    """Share of pixels on an edge: Sobel's magnitude above Otsu's level, the longer side being EDGE_SIDE px.

    Differs from SD-CLIPasso's: the picture keeps its proportions, and magnitudes are not wrapped at 256.
    """
    scale = EDGE_SIDE / max(rgb.shape[:2])
    width, height = (max(3, round(length * scale)) for length in rgb.shape[1::-1])
    gray = cv2.cvtColor(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    strength = np.hypot(cv2.Sobel(gray, -1, 1, 0), cv2.Sobel(gray, -1, 0, 1))
    strongest = float(strength.max())
    if strongest < 0.1:
        return 0.0
    level, _ = cv2.threshold((255 * strength / strongest).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    return float((strength > strongest * level / 255).mean())


def _windows(skeleton: Lines) -> list[tuple[slice, slice]]:
    """The whole picture, or evenly spread parts of one with very many lines."""
    height, width = skeleton.shape
    total = int(skeleton.sum())
    if total <= MOST_SKELETON:
        return [(slice(0, height), slice(0, width))]
    corners = [(top, left) for top in range(0, height, TILE) for left in range(0, width, TILE)]
    windows = [(slice(top, top + TILE), slice(left, left + TILE)) for top, left in corners]
    windows = [window for window in windows if skeleton[window].any()]
    count = max(1, len(windows) * MOST_SKELETON // total)
    return [windows[i * len(windows) // count] for i in range(count)]


@dataclass(frozen=True)
class _Part:
    """What lines show within a part of a picture, in px."""

    pixels: int  # of the lines that were followed
    probes: Probes
    shapes: list[Shape]


def _within(window: tuple[slice, slice], ink: Ink, skeleton: Lines, thickness: Map) -> _Part:
    lines = chains(np.ascontiguousarray(skeleton[window]), MOST_SKELETON)
    pixels = sum(len(line.row) for line in lines)
    step = max(PROBE_STEP, -(-pixels // MOST_PROBES))
    places = [np.arange(0, len(line.row), min(step, max(1, len(line.row) // 8))) for line in lines]
    points = np.concatenate([np.zeros((0, 2)), *(line.row[place] for line, place in zip(lines, places, strict=True))])
    rough = thickness[window][points[:, 1].astype(int), points[:, 0].astype(int)].astype(np.float64)
    found = probe(np.ascontiguousarray(ink.darkness[window]), points, rough)
    widths = np.split(found.widths, np.cumsum([len(place) for place in places])[:-1]) if lines else []
    shapes = [
        shape_of(line, _along(line)[place], measured) for line, place, measured in zip(lines, places, widths, strict=True)
    ]
    return _Part(pixels, found, shapes)


def _along(line: Chain) -> Values:
    """How far each point of a chain is along it, px."""
    return np.concatenate([[0.0], np.hypot(*np.diff(line.row, axis=0).T).cumsum()])


def _line_share(lines: Lines, thickness: Map, widest: float) -> float:
    """The share of ink that is lines: what a disk as wide as the widest line does not fit into."""
    inked = int(lines.sum())
    if not inked:
        return 0.0
    patches = cv2.dilate((thickness > widest).astype(np.uint8), np.ones((round(widest), round(widest)), np.uint8))
    return 1 - float((patches & lines).sum()) / inked


def _scaled(shape: Shape, side: int) -> Shape:
    return Shape(
        length=shape.length / side,
        turn=shape.turn * side,
        stray=shape.stray / side,
        width=shape.width / side,
        variation=shape.variation,
        tapers=shape.tapers,
        tips=shape.tips,
    )


def _by_length(shapes: Sequence[Shape]) -> float | None:
    """The length such that half of all line belongs to longer ones."""
    lengths = np.sort(np.array([shape.length for shape in shapes]))
    if not len(lengths):
        return None
    return float(lengths[np.searchsorted(lengths.cumsum(), lengths.sum() / 2)])


def _directions(angles: Values) -> tuple[float, ...]:
    known = angles[np.isfinite(angles)]
    if not len(known):
        return ()
    counts, _ = np.histogram(np.mod(known, math.pi), BINS, (0, math.pi))
    return tuple(round(float(count) / len(known), 4) for count in counts)


def _families(angles: Values) -> tuple[float, ...]:
    """The one or two directions in which hatching runs, degrees in [-90, 90), the most frequent first."""
    turns = np.exp(2j * angles[np.isfinite(angles)])
    found: list[tuple[int, float]] = []
    while len(turns) and len(found) < 2:
        counts, _ = np.histogram(np.angle(turns), 180, (-math.pi, math.pi))
        votes = np.convolve(np.tile(counts, 3), np.ones(7), "same")[180:360]
        peak = np.exp(1j * (math.radians(2 * float(votes.argmax()) + 1) - math.pi))
        off = np.abs(np.angle(turns / peak))
        near = turns[off < 2 * FAMILY]
        if found and len(near) < SECOND * found[0][0]:
            break
        found.append((len(near), math.degrees(float(np.angle((near / peak).mean() * peak))) / 2))
        turns = turns[off >= 4 * FAMILY]
    return tuple(angle for _, angle in found)


def _bend(angles: Values) -> float | None:
    """How little hatching keeps to its one or two directions."""
    families = _families(angles)
    known = angles[np.isfinite(angles)]
    if not families:
        return None
    off = np.min([np.abs(np.angle(np.exp(2j * (known - math.radians(family))))) / 2 for family in families], axis=0)
    return float((off > FAMILY).mean())


def _joined(parts: Sequence[Values]) -> Values:
    return np.concatenate([np.zeros(0), *parts])


def _middle(values: Values, percent: float = 50) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, percent)) if len(known) else None


def _spread(values: Values) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.std() / known.mean()) if len(known) > 1 else None


def _mean(pictures: Sequence[Observation], name: str) -> float:
    return float(np.mean([getattr(picture, name) for picture in pictures]))


def _shape(pictures: Sequence[Observation]) -> float:
    """The area of pictures beside a square of their longer side."""
    return float(np.mean([min(p.ink.lines.shape) / max(p.ink.lines.shape) for p in pictures]))


def _color(colors: Sequence[Color]) -> Color:
    red, green, blue = (float(value) for value in np.median(np.array(colors), axis=0))
    return red, green, blue
