"""The outline of a subject that was found, as few long lines: what a person would draw first."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.core.image import Mask
from backend.initialize.outlines import Outline
from backend.initialize.streamlines import Map, Row
from backend.perception.outline_runs import contour_of, gaps_closed, runs_of


@dataclass(frozen=True)
class SubjectOutlineSettings:
    """Distances in px of a canvas whose longer side is about 900 px."""

    reach: int = 4  # a line of the picture this near tells the outline there …
    least: float = 0.16  # … if it is at least as strong …
    told: float = 0.2  # … and the colors differ across it, as the silhouette's height says
    calm: float = 4.0  # σ along the outline over which the steps of its mask are smoothed away
    gap: int = 24  # shorter stretches that are not told are bridged
    shortest: int = 90  # shorter stretches are left to the lines of the picture
    longest: int = 700  # longer ones are several strokes
    border: int = 6  # the outline is not drawn along the picture's border
    apart: int = 12  # nor beside what is known already
    part: float = 0.01  # of the canvas: smaller parts of the mask have no outline


def subject_outlines(
    mask: Mask,
    silhouette: Mask,
    strength: Map,
    known: Sequence[Outline],
    settings: SubjectOutlineSettings = SubjectOutlineSettings(),
) -> tuple[Outline, ...]:
    """The stretches of a mask's outline [1, 1, H, W] that lines of that strength [H, W] tell.

    silhouette: [1, 1, H, W] the mask, as high as its outline is told. known: outlines that are drawn anyway.
    """
    bits = (mask[0, 0].cpu().numpy() > 0.5).astype(np.uint8)
    told = _told(silhouette[0, 0].cpu().numpy().astype(np.float32), strength, known, settings)
    count, labels, stats, _centers = cv2.connectedComponentsWithStats(bits)
    large = [part for part in range(1, count) if stats[part, cv2.CC_STAT_AREA] > settings.part * bits.size]
    found = [_of_part((labels == part).astype(np.uint8), told, settings) for part in large]
    return tuple(outline for outlines in found for outline in outlines)


def _told(silhouette: Map, strength: Map, known: Sequence[Outline], settings: SubjectOutlineSettings) -> Map:
    """How strong the line is that tells an outline at each place; 0 where none may be drawn [H, W]."""
    near = cv2.dilate(strength.astype(np.float32), np.ones((2 * settings.reach + 1,) * 2, np.uint8))
    high = cv2.dilate(silhouette, np.ones((5, 5), np.uint8))
    taken = np.zeros(strength.shape, np.uint8)
    for outline in known:
        cv2.polylines(taken, [np.round(outline.row).astype(np.int32)], False, 1, 2 * settings.apart + 1)
    free = (near > settings.least) & (high > settings.told) & (taken == 0)
    return np.where(free, near, 0).astype(np.float32)


def _of_part(bits: npt.NDArray[np.uint8], told: Map, settings: SubjectOutlineSettings) -> list[Outline]:
    row = _calmed(contour_of(bits), settings.calm)
    at = np.clip(np.rint(row).astype(int), 0, (bits.shape[1] - 1, bits.shape[0] - 1))
    seen, room = told[at[:, 1], at[:, 0]], settings.border
    inside = ((row > room) & (row < np.array(bits.shape[::-1]) - 1 - room)).all(1)
    kept = gaps_closed((seen > 0) & inside, settings.gap) & inside
    found = []
    for run in runs_of(kept) if kept.any() else ():
        if len(run) < settings.shortest:
            continue
        ends = np.linspace(0, len(run) - 1, max(1, round(len(run) / settings.longest)) + 1).round().astype(int)
        for first, last in itertools.pairwise(ends):
            place = run[first : last + 1]  # neighbors share a point
            found.append(Outline(row[place], np.clip(1.5 * seen[place], 0, 1).astype(float), subject=True))
    return found


def _calmed(row: Row, sigma: float) -> Row:
    """A closed row of points [M, 2], smoothed."""
    room = min(len(row), int(4 * sigma))
    around = np.pad(row, ((room, room), (0, 0)), mode="wrap")
    return cv2.GaussianBlur(around, (0, 0), sigmaX=1e-3, sigmaY=sigma).reshape(around.shape)[room : room + len(row)]
