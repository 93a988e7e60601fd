"""What lies around a subject that was cut out: its color, its texture, and where the picture ends."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from backend.core.image import Image, Mask, Sides

TOUCHED = 0.35  # of the subject's extent: where it lies along the picture's border farther than that, it is cut off there
KEPT, PASSING = 4.0, 10.0  # px beyond the outline that stay as they are, over which they pass into …
CALM = 24.0  # … the mean of the backdrop, σ, px
COARSER = 4  # times, as which that mean is computed


def calmed_backdrop(image: Image, mask: Mask) -> Image:
    """An image [1, 3, H, W] whose texture fades away from the mask [1, 1, H, W]: nothing there is drawn, but foliage would
    weaken the outline of what is before it, and outshine all lines."""
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    outside = (mask[0, 0].cpu().numpy() <= 0.5).astype(np.uint8)
    if not outside.any() or outside.all():
        return image
    share = np.clip((cv2.distanceTransform(outside, cv2.DIST_L2, 3) - KEPT) / PASSING, 0, 1).astype(np.float32)[..., None]
    size = (outside.shape[1], outside.shape[0])
    small = (max(1, size[0] // COARSER), max(1, size[1] // COARSER))
    weight = cv2.resize(outside.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    colors = cv2.resize(rgb * outside[..., None], small, interpolation=cv2.INTER_AREA)
    sigma = CALM / COARSER
    mean = cv2.GaussianBlur(colors, (0, 0), sigma) / (cv2.GaussianBlur(weight, (0, 0), sigma)[..., None] + 1e-4)
    calm = np.clip(cv2.resize(mean, size, interpolation=cv2.INTER_LINEAR), 0, 1)
    return torch.from_numpy((1 - share) * rgb + share * calm).permute(2, 0, 1)[None].to(image)


def backdrop_color(image: Image, mask: Mask) -> Image:
    """The middle color [1, 3, 1, 1] of what the mask leaves out; white if that is nothing."""
    left_out = image[0][:, mask[0, 0] <= 0.5]
    color = left_out.median(1).values if left_out.numel() else image.new_ones(image.shape[1])
    return color.view(1, -1, 1, 1)


def touched_sides(mask: Mask) -> Sides:
    """The sides of the picture that a subject [1, 1, H, W] only touches: there its outline is its own."""
    kept = mask[0, 0] > 0.5
    height, width = int(kept.any(1).sum()), int(kept.any(0).sum())

    def touched(side: torch.Tensor, extent: int) -> bool:
        return 0 < int(side.sum()) <= TOUCHED * extent

    return touched(kept[0], width), touched(kept[:, 0], height), touched(kept[-1], width), touched(kept[:, -1], height)
