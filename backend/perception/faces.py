"""Faces seen from the front: the part of a picture that people look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade

from backend.core.image import Image

Pixels = npt.NDArray[np.float32]  # [H, W, 3], and [H, W] of luma

SEARCH_SIDE = 480  # px, the longer side of the picture that is searched
LEAST_SIDE = 32  # px of it; smaller faces have no features to draw
AGREEING = 3  # hits of the detector, side by side, that make a candidate
LOOKS = (56, 68, 80, 96)  # px, sizes at which a face is seen again, straight and mirrored …
MISSES = 1  # … and how often of these times it may be missed
AROUND = 0.45  # of its side, that is seen with it
LEAST_CONTRAST = 0.02  # standard deviation of a face's luma
DARKER = 0.25  # by how many such deviations the eyes are darker than the cheeks and the bridge of the nose
EYES, BRIDGE, CHEEKS = ((8, 18), (30, 40)), ((21, 27),), ((8, 16), (32, 40))  # columns of a face 48 px wide …
EYE_ROWS, CHEEK_ROWS = (12, 20), (24, 32)  # … and rows


@dataclass(frozen=True)
class Face:
    """A square from the brows to the chin, px of the picture that was searched."""

    left: float
    top: float
    side: float

    @property
    def center(self) -> tuple[float, float]:
        """x, y."""
        return self.left + self.side / 2, self.top + self.side / 2


def find_faces(image: Image) -> list[Face]:
    """The faces in an image [1, 3, H, W], largest first, by a cascade of local binary patterns (Liao et al. 2007).

    Finds upright faces seen from the front, of at least a fifteenth of the picture's longer side.
    """
    height, width = image.shape[-2:]
    scale = min(1.0, SEARCH_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    if min(size) <= LEAST_SIDE:
        return []
    cascade = Cascade(lbp_frontal_face_cascade_filename())
    hits = _hits(cascade, cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), 1.15, (LEAST_SIDE, min(size)))
    candidates = [Face(hit.left / scale, hit.top / scale, hit.side / scale) for hit in hits]
    seen = [face for face in (_seen_again(cascade, rgb, candidate) for candidate in candidates) if face]
    faces = [face for face in seen if _has_eyes(rgb, face)]
    return _apart(sorted(faces, key=lambda face: (-face.side, face.left, face.top)))


def _hits(cascade: Cascade, rgb: Pixels, step: float, sides: tuple[int, int]) -> list[Face]:
    """What the cascade takes for faces of sides from the least to the largest, px."""
    found = cascade.detect_multi_scale(
        img=(rgb * 255).astype(np.uint8),
        scale_factor=step,
        step_ratio=1,
        min_size=(sides[0], sides[0]),
        max_size=(sides[1], sides[1]),
        min_neighbor_number=AGREEING,
    )
    return [Face(hit["c"], hit["r"], hit["width"]) for hit in found]


def _seen_again(cascade: Cascade, rgb: Pixels, face: Face) -> Face | None:
    """The face where most looks from other distances and in a mirror see it, or None where too many see none."""
    room = AROUND * face.side
    left, top = max(0, int(face.left - room)), max(0, int(face.top - room))
    part = rgb[top : int(face.top + face.side + room), left : int(face.left + face.side + room)]
    seen = []
    for look in LOOKS:
        scale = look / face.side
        size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        sides = round(0.7 * look), min(round(1.4 * look), *size)
        for mirrored in (False, True):
            hits = _hits(cascade, np.ascontiguousarray(small[:, ::-1]) if mirrored else small, 1.1, sides)
            for hit in hits[:1]:
                start = size[0] - hit.left - hit.side if mirrored else hit.left
                seen.append((left + start / scale, top + hit.top / scale, hit.side / scale))
    if len(seen) < 2 * len(LOOKS) - MISSES:
        return None
    return Face(*(float(value) for value in np.median(seen, axis=0)))


def _apart(faces: list[Face]) -> list[Face]:
    """The faces, less those whose center lies in one before them."""
    kept: list[Face] = []
    for face in faces:
        (x, y) = face.center
        if not any(abs(x - k.center[0]) < k.side / 2 and abs(y - k.center[1]) < k.side / 2 for k in kept):
            kept.append(face)
    return kept


def _has_eyes(rgb: Pixels, face: Face) -> bool:
    """Whether a face is darker where eyes are than around them, as faces of all colors are."""
    top, left, side = max(0, round(face.top)), max(0, round(face.left)), round(face.side)
    part = rgb[top : top + side, left : left + side].mean(2)
    luma = cv2.resize(part, (48, 48), interpolation=cv2.INTER_AREA)
    eyes = _mean(luma, EYE_ROWS, EYES)
    darker = min(_mean(luma, EYE_ROWS, BRIDGE), _mean(luma, CHEEK_ROWS, CHEEKS)) - eyes
    contrast = float(luma.std())
    return contrast > LEAST_CONTRAST and darker > DARKER * contrast


def _mean(luma: Pixels, rows: tuple[int, int], columns: Sequence[tuple[int, int]]) -> float:
    return float(np.mean([luma[rows[0] : rows[1], left:right].mean() for left, right in columns]))
