"""The outline of a mask as a closed row of points, and the stretches of it that are kept."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def contour_of(bits: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """The outer outline [M, 2] of the largest part of a mask, smooth, about 1 px apart."""
    soft = cv2.GaussianBlur(bits.astype(np.float32), (0, 0), 1.5)
    found, _tree = cv2.findContours((soft > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = max(found, key=len)[:, 0].astype(float)
    padded = np.pad(points, ((6, 6), (0, 0)), mode="wrap")
    smooth = np.stack([np.convolve(padded[:, i], np.hanning(9)[1:-1] / np.hanning(9).sum(), "same") for i in (0, 1)], 1)
    return smooth[6:-6]


def gaps_closed(kept: npt.NDArray[np.bool_], gap: int) -> npt.NDArray[np.bool_]:
    """What is kept of a closed outline, and gaps of less than about so many px in it."""
    around = np.pad(kept.astype(np.uint8), 2 * gap, mode="wrap")[None]
    filled = cv2.morphologyEx(around, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    return filled[0, 2 * gap : -2 * gap] > 0


def runs_of(kept: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.intp]]:
    """The places of each stretch that is kept of a closed outline."""
    first = 0 if kept.all() else int(np.flatnonzero(~kept)[0])
    places = (np.arange(len(kept)) + first) % len(kept)
    cuts = np.flatnonzero(np.diff(kept[places].astype(int))) + 1
    return [part for part in np.split(places, cuts) if kept[part[0]]]
