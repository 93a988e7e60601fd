"""Edges of a picture, and how far two pictures agree in them."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
FAINT = 0.02  # slopes that never begin an edge, a share of the steepest: a drawing has few others


def edge_map(lightness: Map, deviation: float = 1.0, share: float = 0.1) -> Mask:
    """The edges [H, W] of a layer by Canny's method, after a Gaussian of `deviation` px.

    share: of the pixels with the steepest slopes, from which edges start; they go on where slopes are .4 as steep.
    """
    smooth = cv2.GaussianBlur(lightness.astype(np.float32), (0, 0), deviation)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    steep = np.hypot(across, down)
    high = max(float(np.quantile(steep, 1 - share)), FAINT * float(steep.max()))
    if high <= 1e-3:
        return np.zeros(lightness.shape, bool)
    unit = 30_000 / float(steep.max())  # Canny takes 16-bit slopes
    across, down = ((layer * unit).round().astype(np.int16) for layer in (across, down))
    found: Mask = cv2.Canny(across, down, 0.4 * high * unit, high * unit, L2gradient=True) > 0
    return found


def edge_agreement(first: Mask, second: Mask, tolerance: float) -> float:
    """The F-score of two edge maps, 0 … 1: edges count as met within `tolerance` px."""
    if not first.any() or not second.any():
        return 0.0
    recall, precision = _met(first, second, tolerance), _met(second, first, tolerance)
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _met(edges: Mask, others: Mask, tolerance: float) -> float:
    distance = cv2.distanceTransform((~others).astype(np.uint8), cv2.DIST_L2, 5)
    return float((distance[edges] <= tolerance).mean())
