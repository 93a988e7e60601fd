"""Edges of a picture, and how far two pictures agree in them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def edge_map(lightness: Map, deviation: float = 1.0, share: float = 0.1) -> Mask:
    """The edges [H, W] of a layer by Canny's method, after a Gaussian of `deviation` px.

    share: of the pixels with the steepest slopes, from which edges start; they go on where slopes are .4 as steep.
    """
    smooth = cv2.GaussianBlur(lightness.astype(np.float32), (0, 0), deviation)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    steep = np.hypot(across, down)
    high = float(np.quantile(steep, 1 - share))
    if high <= 1e-6:
        return np.zeros(lightness.shape, bool)
    unit = 10_000 / high
    across, down = ((layer * unit).clip(-32767, 32767).astype(np.int16) for layer in (across, down))
    return cv2.Canny(across, down, 4_000, 10_000, L2gradient=True) > 0


def edge_agreement(first: Mask, second: Mask, tolerance: float) -> float:
    """The F-score of two edge maps, 0 … 1: edges count as met within `tolerance` px."""
    if not first.any() or not second.any():
        return 0.0
    recall, precision = _met(first, second, tolerance), _met(second, first, tolerance)
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _met(edges: Mask, others: Mask, tolerance: float) -> float:
    distance = cv2.distanceTransform((~others).astype(np.uint8), cv2.DIST_L2, 5)
    return float((distance[edges] <= tolerance).mean())
