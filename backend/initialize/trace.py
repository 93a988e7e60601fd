"""The traced start: strokes on the real lines of a picture, most important first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backend.core.bezier import find_corners, fit_poly_bezier, smoothed, straightened
from backend.initialize.attention import Attention
from backend.initialize.bridge import BridgeSettings, bridged
from backend.initialize.covered import Covered
from backend.initialize.ellipses import EllipseSettings, with_ellipses, worth_of_each
from backend.initialize.forms import FormSettings, enlarged
from backend.initialize.link import LinkSettings, link_traces
from backend.initialize.order import OrderSettings, order_by_coverage
from backend.initialize.outlines import Outline, OutlineSettings, cleared, enclosed_by, less_beside, traced_outline
from backend.initialize.streamlines import Trace, TraceSettings, trace_lines

Map = npt.NDArray[np.float32]  # [H, W]


@dataclass(frozen=True)
class Lines:
    """A line field as an initializer needs it, each map [H, W]."""

    strength: Map
    tangent_x: Map
    tangent_y: Map
    fine: Map


@dataclass(frozen=True)
class Closeup:
    """A part of the canvas seen enlarged, whose lines stand for those of the canvas there."""

    lines: Lines
    worth: Map  # [h, w] px of the close-up, 0 where the canvas' own lines stand
    origin: tuple[float, float]  # x, y of the close-up's corner, canvas px
    scale: float  # px of the close-up per canvas px


@dataclass(frozen=True)
class TracedStartSettings:
    """How lines become strokes; distances in px of a canvas whose longer side is about 900 px."""

    trace: TraceSettings = TraceSettings()
    link: LinkSettings = LinkSettings()
    bridge: BridgeSettings = BridgeSettings()
    ellipse: EllipseSettings = EllipseSettings()
    order: OrderSettings = OrderSettings()
    outline: OutlineSettings = OutlineSettings()
    crumb: float = 50.0  # shorter lines are texture …
    crumb_strength: float = 0.3  # … unless they are as strong …
    crumb_straight: float = 0.93  # … or their ends as far apart, of their length
    faint: float = 0.5  # least strength of lines beside the usual, where those do not suffice for all strokes
    calm: float = 4.0  # σ along a line over which its tremor is smoothed away
    tolerance: float = 2.0  # largest distance of a curve from its calmed line
    corner_reach: int = 7
    corner_turn: float = 0.95  # rad
    straight: float = 1.2  # a line between corners that keeps this near to a straight one becomes straight …
    straight_least: float = 30.0  # … if it is at least this long

    @property
    def fainter(self) -> TracedStartSettings:
        """The same for fainter lines, too."""
        return replace(self, trace=replace(self.trace, seed=self.faint * self.trace.seed, keep=self.faint * self.trace.keep))


@dataclass(frozen=True)
class TracedStart:
    """Strokes' curves in the order of their importance."""

    curves: list[Tensor]  # control points [3s+1, 2], canvas px
    closed: list[bool]
    kinds: list[str]  # contour or detail
    gains: list[float]  # what each adds to those before it
    enlarged: list[float]  # how many times closer than the canvas each was seen
    lines: list[Trace]  # all lines found, also those not chosen
    field: Lines  # of the canvas, where it is not seen closer

    @property
    def importances(self) -> list[float]:
        """The gains as a share of the first, never rising."""
        top = max(self.gains[0], 1e-9) if self.gains else 1.0
        return [float(gain) for gain in np.minimum.accumulate(np.array(self.gains) / top)]

    def lines_as_ink(self, size: tuple[int, int], width: float) -> Tensor:
        """All lines found, drawn `width` px wide, each as dark as it is strong [1, 1, H, W]."""
        ink = np.zeros(size, np.uint8)
        for line in sorted(self.lines, key=lambda line: float(line.strength.mean())):
            dark = min(255, round(255 * (0.3 + float(line.strength.mean()))))
            row = np.round(line.row * 16).astype(np.int32)
            cv2.polylines(ink, [row], line.closed, dark, max(1, round(width)), cv2.LINE_AA, shift=4)
        return torch.from_numpy(ink.astype(np.float32) / 255)[None, None]

    def doubled_angles(self) -> Tensor:
        """Strength s and direction θ of the field's lines as s·cos 2θ and s·sin 2θ [1, 2, H, W]: lines have no sense."""
        x, y = self.field.tangent_x, self.field.tangent_y
        strength = self.field.strength
        doubled = np.stack([(x * x - y * y) * strength, 2 * x * y * strength])
        return torch.from_numpy(doubled.astype(np.float32, copy=False))[None]


def traced_start(
    lines: Lines,
    worth: Map,
    count: int,
    settings: TracedStartSettings = TracedStartSettings(),
    closeups: Sequence[Closeup] = (),
    outlines: Sequence[Outline] = (),
    attention: Attention | None = None,
    covered: Covered | None = None,
) -> TracedStart:
    """At most `count` strokes along the lines of a field, and along those of its close-ups instead where there are any.

    worth: [H, W] how much the place matters, 0 = no line may be there. outlines: lines that are known already. attention: where
    it is looked closely; elsewhere flecks are left out, and lines of large forms are strokes, too. covered: what is drawn
    already, along which nothing is traced.
    """
    known = [_known(outline, lines, worth, settings.outline) for outline in outlines]
    worth = worth * (1 + (settings.outline.within - 1) * enclosed_by(outlines, (worth.shape[0], worth.shape[1])))
    free = less_beside(lines.strength, [line.trace for line in known], settings.outline.beside)
    if covered is not None:
        known = [part for line in known for part in _uncovered(line, covered, (worth.shape[0], worth.shape[1]))]
        free = covered.less(free, lines.tangent_x, lines.tangent_y)
        closeups = [_less_covered(closeup, covered) for closeup in closeups]
    search = _Search(known, replace(lines, strength=free), worth, closeups, outlines, attention, covered or Covered())
    found, order = search.picked(count, settings)
    if len(order) < count and settings.faint < 1:
        found, order = search.picked(count, settings.fainter)
    chosen = [found[i] for i, _ in order]
    return TracedStart(
        curves=[_curve(line, settings) for line in chosen],
        closed=[line.trace.closed for line in chosen],
        kinds=[line.kind for line in chosen],
        gains=[gain for _, gain in order],
        enlarged=[line.enlarged for line in chosen],
        lines=[line.trace for line in found],
        field=lines,
    )


@dataclass(frozen=True)
class _Line:
    """A line that may become a stroke."""

    trace: Trace  # canvas px
    worth: npt.NDArray[np.float64]  # [M] of each of its points
    kind: str
    enlarged: float = 1.0
    pair: int | None = None

    def placed(self, closeup: Closeup) -> _Line:
        """A line of a close-up, where it lies on the canvas: all of them are details there."""
        row = (self.trace.row + 0.5) / closeup.scale + closeup.origin - 0.5
        return replace(self, trace=replace(self.trace, row=row), kind="detail", enlarged=closeup.scale)


@dataclass(frozen=True)
class _Search:
    """Where lines are looked for, as `traced_start` says."""

    known: Sequence[_Line]
    lines: Lines  # less those that are known
    worth: Map
    closeups: Sequence[Closeup]
    outlines: Sequence[Outline]
    attention: Attention | None
    covered: Covered

    def picked(self, count: int, settings: TracedStartSettings) -> tuple[list[_Line], list[tuple[int, float]]]:
        """All lines, and the places among them and gains of at most `count` that become strokes."""
        found = self._all(settings)
        rows, closer = [line.trace.row for line in found], [line.enlarged for line in found]
        looked = [self.attention.along(line.trace, line.enlarged) for line in found] if self.attention else []
        worths, pairs = [line.worth for line in found], [line.pair for line in found]
        shape = (self.worth.shape[0], self.worth.shape[1])
        return found, order_by_coverage(rows, worths, shape, count, settings.order, closer, looked, pairs, *self.drawn)

    @property
    def drawn(self) -> tuple[Sequence[npt.NDArray[np.float64]], float]:
        """What the order finds drawn already."""
        return self.covered.rows, self.covered.before

    def _all(self, settings: TracedStartSettings) -> list[_Line]:
        here = cleared(_outside(self.worth, self.closeups), self.outlines)
        found = [*self.known, *_found(self.lines, here, settings)]
        for closeup in self.closeups:
            here = cleared(closeup.worth, self.outlines, closeup.origin, closeup.scale)
            found += [line.placed(closeup) for line in _found(closeup.lines, here, settings)]
        found = [line for line in found if not _about_an_eye(line, self.outlines)]
        return _attended(found, self.attention, self.worth, self.covered.traces) if self.attention else found


def _known(outline: Outline, lines: Lines, worth: Map, settings: OutlineSettings) -> _Line:
    trace = traced_outline(outline, lines.strength, settings)
    if outline.closed or outline.feature:
        ring = settings.ring * outline.worth / outline.enlarged
        if outline.pair is not None:  # eyes are looked at wherever else it is looked
            worth = np.where(worth > 0, np.maximum(worth, 1), 0).astype(np.float32)
        return _Line(trace, ring * _worth_along(trace, worth), "detail", outline.enlarged, outline.pair)
    more = settings.subject if outline.subject else settings.worth
    return _Line(trace, more * _worth_along(trace, worth), "contour")


def _uncovered(line: _Line, covered: Covered, shape: tuple[int, int]) -> list[_Line]:
    """What of a known line is not drawn yet."""
    trace = line.trace
    return [
        replace(line, trace=replace(trace, row=trace.row[part], strength=trace.strength[part]), worth=line.worth[part])
        for part in covered.free_parts(trace, line.worth, shape)
    ]


def _less_covered(closeup: Closeup, covered: Covered) -> Closeup:
    lines = closeup.lines
    free = covered.less(lines.strength, lines.tangent_x, lines.tangent_y, closeup.origin, closeup.scale)
    return replace(closeup, lines=replace(lines, strength=free))


def _found(lines: Lines, worth: Map, settings: TracedStartSettings) -> list[_Line]:
    strength = np.where(worth > 0, lines.strength, 0)
    traces = link_traces(trace_lines(strength, lines.tangent_x, lines.tangent_y, settings.trace), settings.link)
    ellipses, traces = with_ellipses(traces, strength, lines.tangent_x, lines.tangent_y, settings.ellipse)
    traces = ellipses + bridged(traces, (strength.shape[0], strength.shape[1]), settings.bridge)
    traces = [trace for trace in traces if not _is_crumb(trace, settings)] or traces  # tiny pictures have nothing else
    kinds = ["detail" if _along(trace, lines.fine).mean() > 0.5 else "contour" for trace in traces]
    round_worth = worth_of_each(len(ellipses), settings.ellipse)
    worths = [(round_worth if trace.even else 1) * _worth_along(trace, worth) for trace in traces]
    return [_Line(trace, worth, kind) for trace, worth, kind in zip(traces, worths, kinds, strict=True)]


def _about_an_eye(line: _Line, outlines: Sequence[Outline]) -> bool:
    """Whether an ellipse was made of what is around one of a pair of rings: lids and a brow are no wheel."""
    if not line.trace.even:
        return False
    middle, size = line.trace.row.mean(0), np.ptp(line.trace.row, axis=0).max() / 2
    rings = [outline.row.mean(0) for outline in outlines if outline.closed and outline.pair is not None]
    return any(float(np.linalg.norm(middle - ring)) < size for ring in rings)


def _is_crumb(trace: Trace, settings: TracedStartSettings) -> bool:
    """Whether a line is short, weak and curly: pores, grain, leaves of grass."""
    if trace.length >= settings.crumb or trace.strength.mean() >= settings.crumb_strength:
        return False
    return float(np.linalg.norm(trace.row[-1] - trace.row[0])) < settings.crumb_straight * trace.length


def _attended(found: Sequence[_Line], attention: Attention, worth: Map, drawn: Sequence[Trace]) -> list[_Line]:
    """The lines that are more than flecks, and the lines of large forms where there are none; if nothing else is, flecks."""
    forms = attention.added([*(line.trace for line in found), *drawn])
    part = attention.settings.form
    seen_from_afar = [_Line(form, part * _worth_along(form, worth), "contour") for form in forms]
    telling = [line for line in found if attention.tells(line.trace, line.enlarged)]
    return [*telling, *seen_from_afar] or list(found)


def far_lines(lines: Lines, worth: Map, scale: float, settings: TracedStartSettings, forms: FormSettings) -> list[Trace]:
    """The lines of a picture `scale` times as large as a canvas, on the canvas [H, W] of this worth."""
    size = (lines.strength.shape[1], lines.strength.shape[0])
    small = cv2.resize(worth, size, interpolation=cv2.INTER_AREA)
    found = _found(lines, small, replace(settings, trace=forms.trace, crumb=0.0))
    return [enlarged(line.trace, scale, forms.calm) for line in found]


def _outside(worth: Map, closeups: Sequence[Closeup]) -> Map:
    """The worth of what no close-up shows."""
    height, width = worth.shape
    for closeup in closeups:
        (x, y), s = closeup.origin, closeup.scale
        onto = np.array([[1 / s, 0, x + 0.5 / s - 0.5], [0, 1 / s, y + 0.5 / s - 0.5]])
        shown = cv2.warpAffine((closeup.worth > 0).astype(np.uint8), onto, (width, height), flags=cv2.INTER_NEAREST)
        worth = np.where(shown > 0, np.float32(0), worth)
    return worth


def _along(trace: Trace, values: Map) -> npt.NDArray[np.float64]:
    """The values [M] of a map at the points of a line."""
    at = np.rint(trace.row).astype(int)
    here = values[at[:, 1].clip(0, values.shape[0] - 1), at[:, 0].clip(0, values.shape[1] - 1)]
    return here.astype(np.float64)


def _worth_along(trace: Trace, worth: Map) -> npt.NDArray[np.float64]:
    """Worth [M] of each point: the place's, times how clearly the line is drawn there."""
    return _along(trace, worth) * np.sqrt(trace.strength.clip(0, 1))


def _curve(line: _Line, settings: TracedStartSettings) -> Tensor:
    row = line.trace.row * line.enlarged
    if line.trace.even:
        curve = fit_poly_bezier(row, min(settings.tolerance, 1.0), (), line.trace.closed)
        return torch.from_numpy(curve / line.enlarged).float() + 0.5
    corners = find_corners(row, settings.corner_reach, settings.corner_turn)
    row = straightened(
        smoothed(row, corners, settings.calm, line.trace.closed), corners, settings.straight, settings.straight_least
    )
    curve = fit_poly_bezier(row, settings.tolerance, corners, line.trace.closed)
    return torch.from_numpy(curve / line.enlarged).float() + 0.5
