"""How dark a picture is where, as an illustrator sees it before hatching."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.core.image import Image, Mask

Map = npt.NDArray[np.float32]  # [H, W]


@dataclass(frozen=True)
class ToneSettings:
    """Lightness as in CIE Lab, 0 … 100; lengths in px of a canvas whose longer side is about 900 px."""

    reach: int = 7  # radius over which tone is smoothed …
    edge: float = 9.0  # … but not across edges of about this lightness
    rounds: int = 2
    whites: float = 90.0  # percentile of the subject's lightness that is paper …
    least_white: float = 66.0  # … unless it is darker than this
    blacks: float = 4.0  # percentile that is the darkest ink …
    most_black: float = 34.0  # … unless it is lighter than this
    local: float = 0.35  # share of the darkness that is told from the surroundings, so that dark things keep their form
    surround: float = 60.0  # σ of these surroundings
    most: float = 0.42  # mean darkness: darker subjects are lightened as by a gamma curve, so that ink leaves paper free
    most_gamma: float = 2.2
    color: float = 0.0  # how far vivid color counts as tone, for styles that fill with color
    vivid: float = 60.0  # chroma that counts as full


def tone_map(image: Image, mask: Mask, settings: ToneSettings = ToneSettings()) -> Map:
    """Darkness [H, W] of an image's subject: 0 = paper … 1 = the darkest ink; 0 outside the mask.

    Lightness, smoothed but for its edges (guided filter, He et al. 2013), between the subject's own whites and blacks.
    """
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    inside = mask[0, 0].cpu().numpy() > 0.5
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)
    lightness = lab[..., 0]
    if not inside.any():
        return np.zeros_like(lightness)
    for _ in range(settings.rounds):
        lightness = _guided(lightness, settings.reach, settings.edge)
    white = max(float(np.percentile(lightness[inside], settings.whites)), settings.least_white)
    black = min(float(np.percentile(lightness[inside], settings.blacks)), settings.most_black)
    darkness = np.clip((white - lightness) / (white - black), 0, 1)
    darkness = _lightened(darkness, float(darkness[inside].mean()), settings)
    if settings.color:
        chroma = cv2.GaussianBlur(np.hypot(lab[..., 1], lab[..., 2]), (0, 0), settings.reach / 2)
        darkness = np.maximum(darkness, settings.color * np.clip(chroma / settings.vivid, 0, 1))
    around = _mean_around(darkness, inside, settings.surround)
    relief = np.clip(0.5 + 1.2 * (darkness - around), 0, 1)
    share = settings.local * darkness
    return np.where(inside, (1 - share) * darkness + share * relief, 0).astype(np.float32)


def _lightened(darkness: Map, mean: float, settings: ToneSettings) -> Map:
    """The darkness raised to a power that brings its mean to about the most there may be."""
    if mean <= settings.most:
        return darkness
    gamma = min(math.log(settings.most) / math.log(min(mean, 0.98)), settings.most_gamma)
    return np.power(darkness, gamma)


def _guided(lightness: Map, reach: int, edge: float) -> Map:
    size = (2 * reach + 1, 2 * reach + 1)
    mean = cv2.boxFilter(lightness, -1, size, borderType=cv2.BORDER_REFLECT)
    variance = cv2.boxFilter(lightness * lightness, -1, size, borderType=cv2.BORDER_REFLECT) - mean * mean
    slope = variance / (variance + edge * edge)
    offset = mean * (1 - slope)
    return cv2.boxFilter(slope, -1, size) * lightness + cv2.boxFilter(offset, -1, size)


def _mean_around(values: Map, inside: npt.NDArray[np.bool_], sigma: float) -> Map:
    """The mean of the values inside around each place, found on a small copy."""
    height, width = values.shape
    small = (max(1, width // 8), max(1, height // 8))
    weight = cv2.resize(inside.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    total = cv2.resize(values * inside, small, interpolation=cv2.INTER_AREA)
    mean = cv2.GaussianBlur(total, (0, 0), sigma / 8) / (cv2.GaussianBlur(weight, (0, 0), sigma / 8) + 1e-3)
    return cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR)
