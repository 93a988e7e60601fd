"""Outlines that are known before any line is traced: each becomes one line, on the edge that it lies nearest to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.initialize.streamlines import Map, Row, Trace


@dataclass(frozen=True)
class Outline:
    """A known outline."""

    row: Row  # [M, 2] points x, y in canvas px, about 1 px apart
    told: npt.NDArray[np.float64]  # [M] 0 … 1, how clearly the picture shows it there
    closed: bool = False  # its last point is its first, and it lies where it should
    enlarged: float = 1.0  # how many times closer it was seen than the canvas: its points are as many times denser
    clear: tuple[float, float] = (0.0, 1.0)  # between so many times its size nothing else is drawn, if it is closed
    feature: bool = False  # it is a feature of a face, as closed ones are, and lies where it should, too
    pair: int | None = None  # outlines of one pair are drawn one right after the other
    worth: float = 1.0  # beside other features
    subject: bool = False  # it is of the whole subject: what it encloses counts no more than before


@dataclass(frozen=True)
class OutlineSettings:
    """Distances in px of a canvas whose longer side is about 900 px."""

    reach: int = 5  # an edge this near on either side draws the outline to itself …
    calm: float = 6.0  # … evenly over about so much of its length
    beside: int = 4  # nothing else is traced this near to it
    least: float = 0.5  # strength of an outline that the picture does not tell; 1 where it tells it
    worth: float = 3.0  # of its points beside those of other lines …
    subject: float = 1.2  # … or of a subject's outline; …
    within: float = 1.4  # … and of the points of lines that it encloses
    ring: float = 8.0  # worth of a feature's points: it is short, and what is looked at first


def traced_outline(outline: Outline, strength: Map, settings: OutlineSettings) -> Trace:
    """An outline as a line, drawn to the strongest edge within reach."""
    row = np.asarray(outline.row, float)
    strong = settings.least + (1 - settings.least) * outline.told
    if outline.closed or outline.feature:
        return Trace(row, strong, closed=outline.closed)
    along = np.gradient(_calmed(row, 3.0), axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    steps = np.arange(-settings.reach, settings.reach + 1)
    places = row[:, None] + steps[None, :, None] * normal[:, None]
    x, y = places[..., 0].astype(np.float32), places[..., 1].astype(np.float32)
    seen = cv2.remap(strength, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    weight = seen.astype(float) ** 2 + 1e-4 * (steps == 0)
    pull, mass = _calmed(np.stack([(weight * steps).sum(1), weight.sum(1)], 1), settings.calm).T
    drawn = row + (pull / mass)[:, None] * normal
    return Trace(drawn, strong)


def enclosed_by(outlines: Sequence[Outline], shape: tuple[int, int]) -> Map:
    """1 within the open outlines that are not a subject's, closed by straight lines, else 0 [H, W]."""
    filled = np.zeros(shape, np.float32)
    for outline in (outline for outline in outlines if not (outline.closed or outline.feature or outline.subject)):
        cv2.fillPoly(filled, [np.round(outline.row).astype(np.int32)], 1.0)
    return filled


def cleared(worth: Map, outlines: Sequence[Outline], origin: tuple[float, float] = (0.0, 0.0), scale: float = 1.0) -> Map:
    """The worth, but 0 within the closed outlines and around them, as far as each says.

    origin, scale: x, y on the canvas of the map's corner, and its px per canvas px.
    """
    taken = np.zeros(worth.shape, np.uint8)
    for outline in (outline for outline in outlines if outline.closed):
        middle, around = outline.row.mean(0), np.zeros_like(taken)
        for value, size in ((1, outline.clear[1]), (0, outline.clear[0])):
            row = (middle + size * (outline.row - middle) + 0.5 - origin) * scale - 0.5
            if size:
                cv2.fillPoly(around, [np.round(row).astype(np.int32)], value)
        taken |= around
    return np.where(taken > 0, np.float32(0), worth)


def less_beside(strength: Map, traces: Sequence[Trace], reach: int) -> Map:
    """The strength, but 0 within `reach` px of the traces."""
    taken = np.zeros(strength.shape, np.uint8)
    for trace in traces:
        cv2.polylines(taken, [np.round(trace.row).astype(np.int32)], False, 1, 2 * reach + 1)
    return np.where(taken > 0, np.float32(0), strength)


def _calmed(values: Row, sigma: float) -> Row:
    """Values [M, k] smoothed along their rows."""
    return cv2.GaussianBlur(values, (0, 0), sigmaX=1e-3, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE).reshape(values.shape)
