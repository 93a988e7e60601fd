"""A thin frame of one color around a photograph, as scans and old pictures have: nothing that a sketch should show."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from backend.core.image import Image

Strip = npt.NDArray[np.float32]  # [depth, length, 3], from the border inward

MOST_DEPTH = 0.025  # of the longer side
ALIKE = 0.1  # sRGB by which a frame's color varies
FRAMED, INSIDE = 0.95, 0.5  # share of a row in the frame's color: at least in it, at most behind it
SOFT = 2  # px over which it passes into the picture
SAMPLES = 1024  # pixels of a row that are looked at


def without_frame(image: Image) -> Image:
    """The image [1, 3, H, W] itself; or, where a frame runs along a side, one whose colors inside go on to the border."""
    height, width = image.shape[-2:]
    most = round(MOST_DEPTH * max(height, width)) + SOFT
    if min(height, width) < 4 * most:
        return image
    rows = image[0].permute(1, 2, 0).cpu().numpy()
    columns = rows.transpose(1, 0, 2)
    top, bottom, left, right = (_depth(strip[: most + SOFT]) for strip in (rows, rows[::-1], columns, columns[::-1]))
    if not (top or bottom or left or right):
        return image
    inner = image[..., top : height - bottom, left : width - right].cpu().numpy()
    whole = np.pad(inner, ((0, 0), (0, 0), (top, bottom), (left, right)), mode="edge")
    return image.new_tensor(whole)


def _depth(strip: Strip) -> int:
    """How many px of a strip along a side are frame; 0 for none."""
    seen = strip[:, :: max(1, strip.shape[1] // SAMPLES)]
    color = np.median(seen[0], axis=0)
    share = (np.abs(seen - color).max(2) < ALIKE).mean(1)
    framed = int(np.argmin(np.append(share, 0.0) >= FRAMED))
    behind = framed + SOFT
    return behind if framed and behind < len(share) and share[behind] <= INSIDE else 0
