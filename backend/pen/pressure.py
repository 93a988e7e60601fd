"""The pen: how wide, dark and even its line is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backend.core.bezier import sample
from backend.core.strokes import Strokes
from backend.core.style_tables import Pen

Map = npt.NDArray[np.float32]  # [H, W]
Values = npt.NDArray[np.float64]

KNOTS = 24  # where a line's width is set
CROWD = 0.014  # share of the longer side within which lines count as beside each other
BROAD = 0.009  # width, as a share of that side, of a pen that would clot where lines crowd


@dataclass(frozen=True)
class Shading:
    """How hatching is drawn."""

    darkness: Map  # [H, W] 0 = paper … 1 = black
    floors: Values  # [N] darkness at which each line would be as thin as nothing
    spacing: float  # px between neighboring lines
    width: float  # beside the pen's 1
    swell: float  # 0 … 1, how far the width carries the tone
    taper: float  # share of the length
    opacity: float  # times the pen's


def line_widths(
    strokes: Strokes,
    pen: Pen,
    side: float,
    kinds: Sequence[str],
    weights: Values,
    darkness: Map,
    chance: np.random.Generator,
) -> Tensor:
    """Widths [N, KNOTS] of lines, canvas px; [N, 1] of a pen that does not vary along them.

    side: of the canvas, px. kinds: contour or detail. weights: [N] 1 = the most important line … 0 = the last.
    darkness: [H, W] beside the lines.
    """
    bold = np.array([pen.contour if kind == "contour" else 1.0 for kind in kinds])
    heavy = pen.width * side * bold * (1 + (pen.pressure + pen.sizes) * (1.1 * weights - 0.5)).clip(0.1)
    if not pen.varies:
        return torch.from_numpy(heavy[:, None]).float()
    along, points = _knots(strokes)
    taper = tapering(along, pen.taper_start, pen.taper_end, pen.tip)
    profile = np.where(strokes.closed.numpy()[:, None], 1.0, taper)
    profile = profile * (1 + 0.35 * pen.pressure * np.cos(2 * np.pi * (along - chance.uniform(0.3, 0.6, (len(strokes), 1)))))
    if pen.shade:
        shadow = cv2.GaussianBlur(darkness, (0, 0), max(darkness.shape) / 60)
        profile = profile * (1 + pen.shade * (1.7 * _at(shadow, points) - 0.75)).clip(0.15)
    if pen.pressure:
        profile = profile * _crowded(strokes, points, side) ** (-pen.pressure * min(1.0, pen.width / BROAD))
    uneven = 1 + 0.6 * pen.unevenness * _uneven(len(strokes), KNOTS, chance)
    return torch.from_numpy(heavy[:, None] * (profile * uneven).clip(0.02)).float()


def hatch_widths(strokes: Strokes, pen: Pen, shading: Shading, width: float, chance: np.random.Generator) -> Tensor:
    """Widths [N, KNOTS] of hatching, canvas px; [N, 1] where they do not vary. width: of a plain line, px."""
    if not (shading.swell or shading.taper or pen.unevenness):
        return torch.full((len(strokes), 1), width * shading.width)
    along, points = _knots(strokes)
    plain = width * shading.width
    floors = shading.floors[:, None]
    ink = np.clip((_at(shading.darkness, points) - floors) / (1 - floors), 0, 1)
    toned = shading.spacing * (0.05 + 0.72 * ink)
    full = (1 - shading.swell) * plain + shading.swell * toned
    uneven = 1 + 0.6 * pen.unevenness * _uneven(len(strokes), KNOTS, chance)
    profile = tapering(along, 0.5 * shading.taper, shading.taper, pen.tip)
    return torch.from_numpy(full * profile * uneven).float().clamp_min(0.02 * width)


def tapering(along: Values, start: float, end: float, tip: float) -> Values:
    """The width's factor at places along a line (0 … 1) that thins to `tip` over shares of its length at start and end."""
    rise = np.sin(0.5 * np.pi * np.clip(along / max(start, 1e-9), 0, 1)) if start else np.ones_like(along)
    fall = np.sin(0.5 * np.pi * np.clip((1 - along) / max(end, 1e-9), 0, 1)) if end else np.ones_like(along)
    return tip + (1 - tip) * rise * fall


def _crowded(strokes: Strokes, points: Values, side: float) -> Values:
    """How many lines run beside each other around points [N, K, 2] on them: 1 … about 5."""
    reach = CROWD * side
    ink = np.zeros((int(points[..., 1].max() + 3 * reach), int(points[..., 0].max() + 3 * reach)), np.float32)
    for row in sample(strokes.points, strokes.segments, 60)[0].numpy():
        cv2.polylines(ink, [np.round(row).astype(np.int32)], False, 1.0)
    density = cv2.GaussianBlur(ink, (0, 0), reach) * reach * math.sqrt(2 * math.pi)
    return np.maximum(_at(density, points) / 1.5, 1)


def _uneven(lines: int, knots: int, chance: np.random.Generator) -> Values:
    """Slow noise [lines, knots] of about ±1."""
    coarse = chance.uniform(-1, 1, (lines, knots // 3 + 2))
    places = np.linspace(0, coarse.shape[1] - 1, knots)
    i = np.minimum(places.astype(int), coarse.shape[1] - 2)
    part = places - i
    return coarse[:, i] * (1 - part) + coarse[:, i + 1] * part


def _knots(strokes: Strokes) -> tuple[Values, Values]:
    """Where the width's knots lie: as shares [N, KNOTS] of the arc length, and on the canvas [N, KNOTS, 2]."""
    fine = 4
    points = sample(strokes.points, strokes.segments, fine * (KNOTS - 1) + 1)[0].double().numpy()
    steps = np.linalg.norm(np.diff(points, axis=1), axis=2)
    along = np.concatenate([np.zeros((len(points), 1)), np.cumsum(steps, 1)], 1)
    return (along / np.maximum(along[:, -1:], 1e-9))[:, ::fine], points[:, ::fine]


def _at(values: Map, points: Values) -> Values:
    """Values [...] at points [..., 2] of a map's canvas."""
    x, y = (np.clip(points[..., axis], 0, values.shape[1 - axis] - 1).astype(int) for axis in (0, 1))
    return values[y, x].astype(np.float64)
