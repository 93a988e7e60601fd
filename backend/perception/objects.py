"""The objects of a foreground mask, each with a mask of its own."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from backend.core.image import Mask

SIDE = 512  # px on the longer side, where objects are told apart
MOST = 4  # objects of their own; what is left is drawn together
APART = 0.03  # of the longer side; what is nearer to each other than this is one object
SPECK = 0.004  # of the mask's area; smaller objects are none


def separate_objects(mask: Mask) -> list[Mask]:
    """The connected objects of a mask [1, 1, H, W], largest first, as masks of its size that add up to it, but for specks."""
    height, width = mask.shape[-2:]
    bits = (mask[0, 0].cpu().numpy() > 0.5).astype(np.uint8)
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = (cv2.resize(bits.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    reach = 2 * max(1, round(APART * max(size) / 2)) + 1
    joined = cv2.dilate(small, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    labels = cv2.resize(labels.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST).astype(np.int32) * bits
    areas = np.bincount(labels.ravel(), minlength=count)[1:]
    found = [i for i in np.argsort(-areas, kind="stable") if areas[i] > max(SPECK * bits.sum(), 1)]
    groups = [[i] for i in found[:MOST]] + ([found[MOST:]] if len(found) > MOST else [])
    masks = [np.isin(labels, [i + 1 for i in group]).astype(np.float32) for group in groups]
    return [torch.from_numpy(part)[None, None].to(mask.device) for part in masks]
