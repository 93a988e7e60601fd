"""The outlines of heads whose faces were found: hair, ears and cheeks, which a drawing of a person cannot do without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.core.image import Image
from backend.perception.faces import Face
from backend.perception.grab_cut import cut, resized, tidy, to_lab
from backend.perception.mask_outline import outline_told
from backend.perception.outline_runs import contour_of, gaps_closed, runs_of
from backend.perception.upright import UprightFace

Map = npt.NDArray[np.float32]

SIDE = 64  # px of a face where its head is cut out
WINDOW = 2.6  # faces that are seen then
ABOVE = 0.16  # of a face's side, by which a head's middle lies above that of its face
POSSIBLE, PROBABLE, SURE = (0.95, 1.1), (0.62, 0.85), (0.36, 0.46)  # half axes of ellipses about a face, of its side
WITHIN = 0.95  # of the possible ellipse: what reaches its rim is not told by the picture
CHEEKS = 0.78  # of a face's side beside its middle: what reaches farther is mostly behind the head
ROUNDS = 4  # of GrabCut
LEAST_SOLID = 0.9  # of a head's convex hull: less is no head
NECK = 0.5  # of a face's side below its middle, where a head's outline ends
UNTOLD, LONGEST_UNTOLD, SHORTEST = 0.15, 0.4, 0.7  # stretches that the colors do not tell, and the least of an outline, faces


@dataclass(frozen=True)
class HeadOutline:
    """Part of a head's outline, from neck to neck over the hair if the colors tell all of it."""

    points: npt.NDArray[np.float64]  # [M, 2] x, y in px of the picture
    told: npt.NDArray[np.float64]  # [M] 0 … 1, how clearly the colors differ across it


def head_outlines(image: Image, faces: Sequence[Face]) -> list[HeadOutline]:
    """The outlines of the heads of people in an image [1, 3, H, W] whose faces are known.

    Each head is cut out by GrabCut (Rother et al. 2004) around its face.
    """
    people = [face for face in faces if face.person]
    if not people:
        return []
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    return [outline for face in people for outline in _outlines(rgb, face)]


def _outlines(rgb: Map, face: Face) -> list[HeadOutline]:
    side = round(WINDOW * SIDE)
    scale, middle = SIDE / face.side, side / 2
    seen = UprightFace.of(rgb, face)
    x, y = seen.face.center
    corner = np.array([x, y - ABOVE * face.side]) - middle / scale  # of the window, px
    part = _window(seen.pixels, corner, scale, side)
    bits = _head(part)
    if _solidity(bits[: round(middle + (ABOVE + NECK) * SIDE)]) < LEAST_SOLID:
        return []
    told, contour = outline_told(bits, to_lab(part)), contour_of(bits)
    at = np.rint(contour).astype(int).clip(0, side - 1)
    clear = told[at[:, 1], at[:, 0]] * _head_like((contour - middle) / SIDE)
    shown = gaps_closed(clear > UNTOLD, round(LONGEST_UNTOLD * SIDE))
    source = seen.placed(contour / scale + corner)
    inside = ((source > 1) & (source < np.array(rgb.shape[1::-1]) - 2)).all(1)
    above = (contour[:, 1] - middle) / SIDE < ABOVE + NECK
    runs = runs_of(shown & inside & above)
    return [HeadOutline(source[run], clear[run].astype(float)) for run in runs if len(run) > SHORTEST * SIDE]


def _solidity(bits: npt.NDArray[np.uint8]) -> float:
    """Share of a mask in its convex hull, 0 … 1 and a little more."""
    hull = cv2.convexHull(np.argwhere(bits)[:, ::-1].astype(np.int32))
    return float(bits.sum()) / max(cv2.contourArea(hull), 1.0)


def _head_like(places: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Where places [M, 2], faces from the middle of a head, may be of its outline rather than of what is behind it."""
    x, y = np.abs(places[:, 0]), places[:, 1]
    return (np.hypot(x / POSSIBLE[0], y / POSSIBLE[1]) < WITHIN) & (x < CHEEKS)


def _window(rgb: Map, corner: npt.NDArray[np.float64], scale: float, side: int) -> Map:
    """The part of a picture [side, side, 3] from a corner on, x and y, enlarged; beyond the picture its border goes on."""
    size = round(side / scale)
    left, top = (int(value) for value in np.floor(corner))
    height, width = rgb.shape[:2]
    x, y = np.arange(left, left + size).clip(0, width - 1), np.arange(top, top + size).clip(0, height - 1)
    return resized(np.ascontiguousarray(rgb[y][:, x]), side)


def _head(part: Map) -> npt.NDArray[np.uint8]:
    """The mask of the head in the middle of a window."""
    side, middle = len(part), len(part) // 2
    labels = np.full((side, side), cv2.GC_BGD, np.uint8)
    regions = (
        (POSSIBLE, cv2.GC_PR_BGD, middle),
        (PROBABLE, cv2.GC_PR_FGD, middle),
        (SURE, cv2.GC_FGD, middle + 0.6 * ABOVE * SIDE),
    )
    for axes, value, y in regions:
        cv2.ellipse(labels, (middle, round(y)), (round(axes[0] * SIDE), round(axes[1] * SIDE)), 0, 0, 360, value, -1)
    return tidy(cut(part, labels, ROUNDS))
