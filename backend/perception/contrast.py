"""Pale pictures given the contrast that everything else is measured by."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.core.image import Image

LOOKED_SIDE = 512  # px of the longer side that the range of colors is taken of, at most
PALE = 50.0  # range of lightness, or of a and b in CIE Lab, below which a picture is pale; of photographs it was 58 or more
MOST_GAIN = 4.0
LEAST, GRAINY = 1.0, 7.0  # such a range, or so many deviations of the grain, is no picture
CLEAN = 4.0  # ΔL that the grain of a pale picture may become

Map = npt.NDArray[np.float32]  # [H, W, 3]


def full_contrast(image: Image) -> Image:
    """A pale image [1, 3, H, W] with its colors spread about their middle; any other one as it is."""
    height, width = image.shape[-2:]
    step = math.ceil(max(height, width) / LOOKED_SIDE)
    rgb = np.ascontiguousarray(image[0, :, ::step, ::step].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)
    dark, light = np.percentile(lab[..., 0].ravel(), (1, 99))
    if light - dark >= PALE:  # of most pictures nothing else need be asked
        return image
    low, high = np.percentile(lab.reshape(-1, 3), (1, 99), axis=0)
    widest = float((high - low).max())
    grain = _grain(lab[..., 0])
    gain = min(PALE / max(widest, 1e-3), MOST_GAIN, CLEAN / max(grain, 1e-3))
    if gain <= 1 or widest < max(LEAST, GRAINY * grain):
        return image
    middle = torch.from_numpy(np.percentile(rgb.reshape(-1, 3), (1, 99), axis=0).mean(0)).to(image).reshape(1, 3, 1, 1)
    return ((image - middle) * gain + 0.5).clamp(0, 1)


def _grain(lightness: Map) -> float:
    """The standard deviation of the noise of a picture (Immerkær 1996, with a median)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(lightness, -1, kernel))
    return float(np.median(rough)) / (0.6745 * math.sqrt(36))
