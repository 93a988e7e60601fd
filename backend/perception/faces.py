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

SEARCH_SIDE = 480  # px, the longer side of the picture that is searched
LEAST_SIDE = 32  # px of it; smaller faces have no features to draw
AGREEING = 4  # hits of the detector, side by side, that make a face
LEAST_CONTRAST = 0.02  # standard deviation of a face's luma
DARKER = 0.38  # by how many such deviations the eyes are darker than the cheeks and the bridge of the nose
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
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    if min(size) <= LEAST_SIDE:
        return []
    hits = Cascade(lbp_frontal_face_cascade_filename()).detect_multi_scale(
        img=(small * 255).astype(np.uint8),
        scale_factor=1.15,
        step_ratio=1,
        min_size=(LEAST_SIDE, LEAST_SIDE),
        max_size=(min(size), min(size)),
        min_neighbor_number=AGREEING,
    )
    faces = [Face(hit["c"] / scale, hit["r"] / scale, hit["width"] / scale) for hit in hits if _has_eyes(small, hit)]
    return _apart(sorted(faces, key=lambda face: (-face.side, face.left, face.top)))


def _apart(faces: list[Face]) -> list[Face]:
    """The faces, less those whose center lies in one before them."""
    kept: list[Face] = []
    for face in faces:
        (x, y) = face.center
        if not any(abs(x - k.center[0]) < k.side / 2 and abs(y - k.center[1]) < k.side / 2 for k in kept):
            kept.append(face)
    return kept


def _has_eyes(rgb: npt.NDArray[np.float32], hit: dict[str, int]) -> bool:
    """Whether a hit is darker where eyes are than around them, as faces of all colors are."""
    part = rgb[hit["r"] : hit["r"] + hit["height"], hit["c"] : hit["c"] + hit["width"]].mean(2)
    luma = cv2.resize(part, (48, 48), interpolation=cv2.INTER_AREA)
    eyes = _mean(luma, EYE_ROWS, EYES)
    darker = min(_mean(luma, EYE_ROWS, BRIDGE), _mean(luma, CHEEK_ROWS, CHEEKS)) - eyes
    contrast = float(luma.std())
    return contrast > LEAST_CONTRAST and darker > DARKER * contrast


def _mean(luma: npt.NDArray[np.float32], rows: tuple[int, int], columns: Sequence[tuple[int, int]]) -> float:
    return float(np.mean([luma[rows[0] : rows[1], left:right].mean() for left, right in columns]))
