"""Where the hair of a subject ends that was cut out whole: curls and long hair reach farther than any usual head."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from backend.core.image import Image, Mask
from backend.perception.face_rays import beside, length
from backend.perception.faces import Face
from backend.perception.grab_cut import to_lab
from backend.perception.heads import HeadOutline
from backend.perception.mask_outline import outline_told
from backend.perception.outline_runs import contour_of, gaps_closed, runs_of

Map = npt.NDArray[np.float32]
Row = npt.NDArray[np.float64]  # [M, 2] x, y

SIDE, WINDOW = 48, 4.4  # px of a face where the mask about it is looked at, and faces that are seen then
ABOVE, BELOW, ASIDE = 1.7, 0.45, 1.4  # of a face's side from its middle: farther away it is no hair, mostly
UNTOLD = 0.3  # how clearly the colors have to differ across the mask's outline, 0 … 1
BESIDE = 0.13  # of a face's side: so near to a known outline it is that line already
RIM = 1.5  # px of the window along the picture's border, where a mask ends for no other reason
GAP = 0.35  # of a face's side, over which an outline goes on
STRETCH, ACROSS = 5, 0.5  # px on both sides of a point that tell its direction, and least sine between that and the way to it
SHORTEST = 0.9  # of a face's side


def hair_masses(image: Image, mask: Mask, faces: Sequence[Face], heads: Sequence[HeadOutline] = ()) -> list[HeadOutline]:
    """The parts of a mask's outline [1, 1, H, W] about the heads of people in an image [1, 3, H, W] whose faces are known.

    heads: outlines that are known already; what runs beside them is left out.
    """
    people = [face for face in faces if face.person]
    if not people or float(mask.min()) > 0.5:
        return []
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    bits = np.ascontiguousarray(mask[0, 0].cpu().numpy(), dtype=np.float32)
    found: list[HeadOutline] = []
    for face in people:
        found += _about(rgb, bits, face, (*heads, *found))
    return found


def _about(rgb: Map, mask: Map, face: Face, heads: Sequence[HeadOutline]) -> list[HeadOutline]:
    scale, size = SIDE / face.side, round(WINDOW * SIDE)
    lab, bits = to_lab(_seen(rgb, face)), (_seen(mask, face) > 0.5).astype(np.uint8)
    if not bits.any():
        return []
    contour = contour_of(bits)
    at = np.rint(contour).astype(int).clip(0, size - 1)
    clear = outline_told(bits, lab)[at[:, 1], at[:, 0]].astype(np.float64)
    away = (contour - size / 2) / SIDE
    points, rim = np.array(face.center) + face.side * away, RIM * max(1.0, 1 / scale)
    kept = (away[:, 1] > -ABOVE) & (away[:, 1] < BELOW) & (np.abs(away[:, 0]) < ASIDE)
    kept &= np.all((points > rim) & (points < np.array(mask.shape[::-1]) - 1 - rim), axis=1)
    kept &= _turned(away) > ACROSS
    kept &= ~beside(points, heads, BESIDE * face.side)
    runs = runs_of(kept & gaps_closed(clear > UNTOLD, round(GAP * SIDE)))
    lines = [HeadOutline(points[run], clear[run]) for run in runs]
    return [line for line in lines if length(line.points) > SHORTEST * face.side]


def _turned(away: Row) -> npt.NDArray[np.float64]:
    """How far a closed outline runs across the way from the origin at each point, 0 … 1: hair goes around a head."""
    along = np.roll(away, -STRETCH, 0) - np.roll(away, STRETCH, 0)
    size = np.maximum(np.linalg.norm(along, axis=1) * np.linalg.norm(away, axis=1), 1e-9)
    return np.asarray(np.abs(along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0]) / size)


def _seen(values: Map, face: Face) -> Map:
    """A face, in the middle of a window, and what is around it in a picture or a mask; beyond it its border goes on."""
    scale, size = SIDE / face.side, round(WINDOW * SIDE)
    left, top = (max(0, int(value - 0.55 * WINDOW * face.side)) for value in face.center)
    right, bottom = (int(value + 0.55 * WINDOW * face.side) + 1 for value in face.center)
    near = np.ascontiguousarray(values[top:bottom, left:right])
    soft = near if scale > 0.5 else cv2.GaussianBlur(near, (0, 0), 0.35 / scale)
    shift = size / 2 - scale * (np.array(face.center) - (left, top))
    onto = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    seen = cv2.warpAffine(soft, onto, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(seen, 0, 1)
