"""Where the lines of a picture run, and filters along them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Flow:
    """The direction of lines, by doubled angles: opposite directions are one."""

    double_cos: Map  # [H, W], cos 2φ · coherence, φ along the lines, x right, y down
    double_sin: Map  # [H, W]

    @property
    def tangents(self) -> tuple[Map, Map]:
        """Unit vectors along the lines, x and y [H, W]."""
        angle = 0.5 * np.arctan2(self.double_sin, self.double_cos)
        return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def flow_of(lightness: Map, deviation: float) -> Flow:
    """The flow of a layer [H, W]: the structure tensor, averaged over a Gaussian of `deviation` px."""
    across, down = (cv2.Scharr(lightness, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    xx, yy, xy = (cv2.GaussianBlur(p, (0, 0), deviation) for p in (across * across, down * down, across * down))
    total = xx + yy
    faint = 1e-3 * float(total.max()) + 1e-12
    return Flow((yy - xx) / (total + faint), -2 * xy / (total + faint))


def along_flow(picture: Map, flow: Flow, length: int, rounds: int = 1) -> Map:
    """A picture [H, W, 3] averaged along its lines, `length` px to either side (line integral convolution)."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    tx, ty = flow.tangents
    for _ in range(rounds):
        total = picture.copy()
        for way in (1.0, -1.0):
            x, y, dx, dy = columns, rows, way * tx, way * ty
            for _ in range(length):
                x, y = x + dx, y + dy
                total += cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                ax, ay = (cv2.remap(t, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE) for t in (tx, ty))
                turn = np.where(ax * dx + ay * dy < 0, -1, 1).astype(np.float32)
                dx, dy = turn * ax, turn * ay
        picture = (total / (2 * length + 1)).astype(np.float32)
    return picture
