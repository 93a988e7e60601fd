"""The traced start: strokes on the real lines of a picture, most important first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backend.core.bezier import find_corners, fit_poly_bezier
from backend.initialize.link import LinkSettings, link_traces
from backend.initialize.order import OrderSettings, order_by_coverage
from backend.initialize.streamlines import Trace, TraceSettings, trace_lines

Map = npt.NDArray[np.float32]  # [H, W]


@dataclass(frozen=True)
class Lines:
    """A line field as an initializer needs it, each map [H, W]."""

    strength: Map
    tangent_x: Map
    tangent_y: Map


@dataclass(frozen=True)
class TracedStartSettings:
    """How lines become strokes; distances in px of a canvas whose longer side is about 640 px."""

    contours: TraceSettings = TraceSettings()
    details: TraceSettings = field(
        default_factory=lambda: TraceSettings(seed=0.20, keep=0.10, gap=3, least=9.0, least_strong=6.0)
    )
    detail_worth: float = 0.55  # of a point on a detail line, beside one on a contour
    link: LinkSettings = LinkSettings()
    order: OrderSettings = OrderSettings()
    tolerance: float = 1.4  # largest distance of a curve from its line
    corner_reach: int = 7
    corner_turn: float = 0.95  # rad


@dataclass(frozen=True)
class TracedStart:
    """Strokes' curves in the order of their importance."""

    curves: list[Tensor]  # control points [3s+1, 2], canvas px
    closed: list[bool]
    kinds: list[str]  # contour or detail
    gains: list[float]  # what each adds to those before it
    lines: list[Trace]  # all lines found, also those not chosen

    @property
    def importances(self) -> list[float]:
        """The gains as a share of the first, never rising."""
        top = max(self.gains[0], 1e-9) if self.gains else 1.0
        return [float(gain) for gain in np.minimum.accumulate(np.array(self.gains) / top)]

    def lines_as_ink(self, size: tuple[int, int], width: float) -> Tensor:
        """All lines found, drawn `width` px wide, each as dark as it is strong [1, 1, H, W]."""
        ink = np.zeros(size, np.float32)
        for line in self.lines:
            drawn = np.zeros(size, np.uint8)
            row = np.round(line.row * 16).astype(np.int32)
            cv2.polylines(drawn, [row], line.closed, 255, max(1, round(width)), cv2.LINE_AA, shift=4)
            ink = np.maximum(ink, drawn.astype(np.float32) / 255 * min(1.0, 0.3 + float(line.strength.mean())))
        return torch.from_numpy(ink)[None, None]


def traced_start(
    contours: Lines, details: Lines, worth: Map, count: int, settings: TracedStartSettings = TracedStartSettings()
) -> TracedStart:
    """At most `count` strokes along the lines of two fields: contours first, then details that lie apart from them.

    worth: [H, W] how much the place matters, 0 = no line may be there.
    """
    allowed = worth > 0
    big = link_traces(_traced(contours, allowed, settings.contours, ()), settings.link)
    small = link_traces(_traced(details, allowed, settings.details, big), settings.link)
    lines = [*big, *small]
    kinds = ["contour"] * len(big) + ["detail"] * len(small)
    scales = [1.0 if kind == "contour" else settings.detail_worth for kind in kinds]
    worths = [scale * _worth_along(line, worth) for line, scale in zip(lines, scales, strict=True)]
    chosen = order_by_coverage([line.row for line in lines], worths, (worth.shape[0], worth.shape[1]), count, settings.order)
    return TracedStart(
        curves=[_curve(lines[i], settings) for i, _ in chosen],
        closed=[lines[i].closed for i, _ in chosen],
        kinds=[kinds[i] for i, _ in chosen],
        gains=[gain for _, gain in chosen],
        lines=lines,
    )


def _traced(lines: Lines, allowed: npt.NDArray[np.bool_], settings: TraceSettings, beside: Sequence[Trace]) -> list[Trace]:
    return trace_lines(np.where(allowed, lines.strength, 0), lines.tangent_x, lines.tangent_y, settings, beside)


def _worth_along(line: Trace, worth: Map) -> npt.NDArray[np.float64]:
    """Worth [M] of each point: the place's, times how clearly the line is drawn there."""
    at = np.rint(line.row).astype(int)
    here = worth[at[:, 1].clip(0, worth.shape[0] - 1), at[:, 0].clip(0, worth.shape[1] - 1)]
    return here * np.sqrt(line.strength.clip(0, 1))


def _curve(line: Trace, settings: TracedStartSettings) -> Tensor:
    corners = find_corners(line.row, settings.corner_reach, settings.corner_turn)
    return torch.from_numpy(fit_poly_bezier(line.row, settings.tolerance, corners, line.closed)).float() + 0.5
