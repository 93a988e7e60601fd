"""A picture's background completed where an object hides it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.core.image import Image, Mask

Map = npt.NDArray[np.float32]

LEAST_SIDE = 8  # px; the coarsest level
ROUNDS = 30  # of relaxation on each level


def fill(image: Image, hole: Mask) -> Image:
    """The image [1, 3, H, W] with its hole (mask [1, 1, H, W], 1 = to be filled) closed smoothly from its rim.

    No edge arises along the hole's outline or inside it: the filling is a membrane (the Laplace equation, solved from coarse
    to fine) that begins with the colors around it. A picture that is all hole becomes its mean color.
    """
    missing = hole[0, 0].cpu().numpy() > 0.5
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    filled = (
        np.broadcast_to(rgb.mean((0, 1)), rgb.shape).copy() if missing.all() else _membrane(rgb, (~missing).astype(np.float32))
    )
    return torch.from_numpy(filled).permute(2, 0, 1)[None].to(image)


def _membrane(rgb: Map, known: Map) -> Map:
    """`known` [H, W] is 1 where a pixel is given, a share of that where a coarse pixel holds some that are."""
    height, width = rgb.shape[:2]
    if known.all():
        return rgb
    if min(height, width) <= LEAST_SIDE:
        start = np.broadcast_to(np.average(rgb.reshape(-1, 3), axis=0, weights=known.ravel()), rgb.shape)
    else:
        size = ((width + 1) // 2, (height + 1) // 2)
        share = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
        sums = cv2.resize(rgb * known[..., None], size, interpolation=cv2.INTER_AREA)
        coarse = _membrane(sums / np.maximum(share, 1e-6)[..., None], (share > 0).astype(np.float32))
        start = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return _relaxed(np.where(known[..., None] > 0, rgb, start).astype(np.float32), known == 0)


def _relaxed(rgb: Map, missing: npt.NDArray[np.bool_]) -> Map:
    """Each missing pixel becomes the mean of its neighbors, again and again (Jacobi)."""
    rows, columns = np.flatnonzero(missing.any(1)), np.flatnonzero(missing.any(0))
    if not len(rows):
        return rgb
    near = np.s_[max(0, rows[0] - 1) : rows[-1] + 2, max(0, columns[0] - 1) : columns[-1] + 2]
    part, free = rgb[near], missing[near][..., None]
    for _ in range(ROUNDS):
        part = np.where(free, cv2.blur(part, (3, 3), borderType=cv2.BORDER_REPLICATE), part)
    relaxed = rgb.copy()
    relaxed[near] = part
    return relaxed
