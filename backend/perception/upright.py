"""Faces of tilted heads, as if their heads were upright."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from backend.perception.faces import Face

Pixels = npt.NDArray[np.float32]  # [H, W, 3]
Row = npt.NDArray[np.float64]  # [M, 2] x, y in px

AROUND = 2.0  # of a face's side about its middle, that is turned with it


@dataclass(frozen=True)
class UprightFace:
    """A face, and the pixels in which it is upright."""

    pixels: Pixels
    face: Face
    back: npt.NDArray[np.float64] | None = None  # [2, 3] from those to the picture's px; None: they are the picture's own

    @classmethod
    def of(cls, pixels: Pixels, face: Face) -> UprightFace:
        """A face of a picture; beyond the picture its border goes on."""
        if not face.tilt:
            return cls(pixels, face)
        reach = round(AROUND * face.side)
        onto = cv2.getRotationMatrix2D(face.center, face.tilt, 1.0)
        onto[:, 2] += reach - np.array(face.center)
        turned = cv2.warpAffine(pixels, onto, (2 * reach, 2 * reach), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        upright = replace(face, left=reach - face.side / 2, top=reach - face.side / 2, tilt=0.0)
        return cls(turned, upright, cv2.invertAffineTransform(onto))

    def placed(self, points: Row) -> Row:
        """Points of its pixels in the picture."""
        return points if self.back is None else points @ self.back[:, :2].T + self.back[:, 2]
