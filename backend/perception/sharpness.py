"""Where a picture is sharp: a subject mostly is, and what is far behind it mostly is not."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]  # [H, W], or [H, W, 3]

FINE = 1.2  # px, σ of what is fine
NEARBY = 0.02  # of the longer side, σ of the place that is sharp or not
RIM = 0.05  # of the width, along the border: the half of it that is less sharp is not sharp at all
LEAST = 0.03  # of which the sharpest place must stand out, or nothing does


def sharpness(rgb: Map, size: tuple[int, int]) -> Map:
    """How much sharper each place of an sRGB picture [H, W, 3] is than its border, 0 … 1 [h, w]; size: height, width."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    fine = cv2.resize(np.abs(gray - cv2.GaussianBlur(gray, (0, 0), FINE)), size[::-1], interpolation=cv2.INTER_AREA)
    sharp = cv2.GaussianBlur(np.sqrt(fine), (0, 0), NEARBY * max(size))
    rim = max(2, round(RIM * size[1]))
    border = np.concatenate([part.ravel() for part in (sharp[:rim], sharp[-rim:], sharp[:, :rim], sharp[:, -rim:])])
    above = sharp - np.median(border)
    return np.clip(above / max(float(np.percentile(above, 99)), LEAST), 0, 1).astype(np.float32)
