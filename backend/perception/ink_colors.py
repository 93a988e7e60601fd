"""The few colors of a picture's ink."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]  # [H, W, 3] sRGB in [0, 1]
Lines = npt.NDArray[np.uint8]  # [H, W] 1 = ink
Color = tuple[float, float, float]
Points = npt.NDArray[np.float32]  # [M, 3] CIE Lab

PIXELS = 6000  # of the ink, evenly chosen
MOST = 6
ROUNDS = 20
COLORFUL = 16.0  # chroma, beyond the paper's own tint, of what is a color and no gray
DISTINCT = 14.0  # distance of two colors that are not one
LEAST_SHARE = 0.04  # of the ink
PATCHES = 3  # median filter, px: colors are taken from the middle of lines


def ink_palette(rgb: Map, lines: Lines, paper: Color) -> tuple[Color, ...]:
    """The colors of a picture's ink, the most frequent first; none where it is of one color or only gray.

    k-means in CIE Lab from the farthest points (Gonzalez 1985), without chance.
    """
    core = cv2.erode(lines, np.ones((PATCHES, PATCHES), np.uint8))
    rows, columns = np.nonzero(core if core.sum() > PIXELS // 10 else lines)
    if not len(rows):
        return ()
    chosen = np.linspace(0, len(rows) - 1, min(PIXELS, len(rows))).astype(int)
    points = _lab(rgb[rows[chosen], columns[chosen]])
    centers, shares = _merged(*_clusters(points))
    kept = shares >= LEAST_SHARE
    tint = _lab(np.array([paper], np.float32))[0, 1:]
    colorful = np.hypot(*(centers[kept, 1:] - tint * centers[kept, :1] / 100).T) > COLORFUL
    if not colorful.any() or kept.sum() < 2:
        return ()
    return tuple(_color(center) for center in centers[kept])


def _clusters(points: Points) -> tuple[Points, npt.NDArray[np.float64]]:
    """Centers [K, 3] and their shares of the points [M, 3]."""
    centers = np.median(points, axis=0)[None]
    while len(centers) < MOST:
        distance = _distances(points, centers).min(1)
        far = np.percentile(distance, 99)
        if far < DISTINCT:
            break
        centers = np.concatenate([centers, points[distance >= far].mean(0, keepdims=True)])
    for _ in range(ROUNDS):
        nearest = _distances(points, centers).argmin(1)
        centers = np.stack([points[nearest == i].mean(0) if (nearest == i).any() else centers[i] for i in range(len(centers))])
    counts = np.bincount(_distances(points, centers).argmin(1), minlength=len(centers))
    return centers, counts / len(points)


def _merged(centers: Points, shares: npt.NDArray[np.float64]) -> tuple[Points, npt.NDArray[np.float64]]:
    """Without centers that are one color to the eye; the most frequent first."""
    order = np.argsort(-shares, kind="stable")
    kept: list[int] = []
    total = dict.fromkeys(range(len(centers)), 0.0)
    for i in order:
        near = [j for j in kept if float(np.linalg.norm(centers[i] - centers[j])) < DISTINCT]
        total[near[0] if near else int(i)] += float(shares[i])
        if not near:
            kept.append(int(i))
    return centers[kept], np.array([total[i] for i in kept])


def _distances(points: Points, centers: Points) -> Points:
    return np.linalg.norm(points[:, None] - centers[None], axis=2)


def _lab(colors: npt.NDArray[np.float32]) -> Points:
    return cv2.cvtColor(np.ascontiguousarray(colors, np.float32)[None], cv2.COLOR_RGB2Lab)[0]


def _color(center: Points) -> Color:
    rgb = cv2.cvtColor(center.astype(np.float32)[None, None], cv2.COLOR_Lab2RGB)[0, 0]
    red, green, blue = (min(1.0, max(0.0, float(value))) for value in rgb)
    return red, green, blue
