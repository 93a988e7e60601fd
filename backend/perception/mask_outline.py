"""How well the outline of a mask agrees with the picture it lies on."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.perception.line_field import line_field

Map = npt.NDArray[np.float32]  # [H, W] or [H, W, 3] in Lab
Bits = npt.NDArray[np.uint8]  # [H, W], 1 = keep

CLEAR_LINE = 0.25  # strength in the line field
MOST_ROOM = 8  # px that a mask may leave around its subject, of a picture about 320 px long
TOLD = (10.0, 22.0)  # ΔE across an outline from which on it is told at all, told clearly

MOST_VAGUE = 0.45  # of a part's outline: .26 at most of good ones, .53 and more of grass or a vignette
LEAST_VAGUE = 0.005  # of the picture: smaller parts stay


def outline_told(bits: Bits, lab: Map) -> Map:
    """How clearly the colors differ across the mask's outline near each place, 0 … 1, smooth along it."""
    outline = _outline(bits)
    told = np.where(outline, np.clip((_across(bits, lab, 4) - TOLD[0]) / (TOLD[1] - TOLD[0]), 0, 1), 0).astype(np.float32)
    near = cv2.GaussianBlur(outline.astype(np.float32), (0, 0), 4)
    return cv2.GaussianBlur(told, (0, 0), 4) / (near + 1e-3)


def without_vague(bits: Bits, lab: Map) -> Bits:
    """The mask without its large parts whose colors hardly differ from their surroundings: grass in the dark, a vignette."""
    count, labels, stats, _centers = cv2.connectedComponentsWithStats(bits, connectivity=8)
    part = cv2.dilate(labels.astype(np.float32), np.ones((3, 3), np.uint8)).astype(int)  # that a pixel of the outline is of
    outline = _outline(bits)
    vague = outline & (_across(bits, lab, 4) < TOLD[0])
    along, untold = (np.bincount(part[here], minlength=count) for here in (outline, vague))
    dropped = (untold > MOST_VAGUE * along) & (stats[:, cv2.CC_STAT_AREA] > LEAST_VAGUE * bits.size)
    return bits * ~dropped[labels]


def clarity_of(bits: Bits, lab: Map) -> float:
    """How clearly the mask's outline shows in the picture, 0 … 1."""
    return _outline_support(bits, lab) * min(1.0, 0.5 + _outline_contrast(bits, lab) / 20)


def lost_edges(bits: Bits, lab: Map) -> float:
    """Share of the strong edges about the picture's middle that lie outside the mask, 0 … 1: a hat, a dark coat."""
    magnitude = _edges(lab)
    return _outside(np.where(magnitude > np.quantile(magnitude, 0.85), magnitude, 0), bits, (0.25, 0.3))


def lost_lines(bits: Bits, rgb: Map) -> float:
    """Share of the clear lines of a picture [H, W, 3] about its middle that lie outside the mask, 0 … 1: a roof, a wall."""
    strength = line_field(torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1)[None]).strength
    return _outside(np.where(strength > CLEAR_LINE, strength, 0), bits, (0.3, 0.35))


def _outside(strong: Map, bits: Bits, reach: tuple[float, float]) -> float:
    """Share of what is strong about the middle that lies outside the mask; reach: of the middle, shares of width and height."""
    height, width = bits.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    middle = np.exp(-(((x / width - 0.5) / reach[0]) ** 2 + ((y / height - 0.5) / reach[1]) ** 2))
    outside = cv2.dilate(bits, np.ones((9, 9), np.uint8)) == 0
    return float((strong * middle)[outside].sum() / max(float((strong * middle).sum()), 1e-9))


def fit_of(bits: Bits, lab: Map) -> float:
    """Strength of the edges along the mask's outline beside the strongest within MOST_ROOM of it, at half of the outline."""
    magnitude, outline = _edges(lab), _outline(bits)
    here = cv2.dilate(magnitude, np.ones((3, 3), np.uint8))[outline]
    near = cv2.dilate(magnitude, np.ones((2 * MOST_ROOM + 1,) * 2, np.uint8))[outline]
    return float(np.median(here / np.maximum(near, 1e-6))) if here.size else 0.0


def _edges(lab: Map) -> Map:
    """Strength of the color edges."""
    blurred = cv2.GaussianBlur(lab, (0, 0), 1.5)
    gx, gy = cv2.Sobel(blurred, cv2.CV_32F, 1, 0), cv2.Sobel(blurred, cv2.CV_32F, 0, 1)
    return np.sqrt((gx**2 + gy**2).sum(2)).astype(np.float32)


def _outline(bits: Bits) -> npt.NDArray[np.bool_]:
    """Pixels along the mask's outline, without the picture's border."""
    outline = cv2.morphologyEx(bits, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    outline[:4], outline[-4:], outline[:, :4], outline[:, -4:] = False, False, False, False
    return outline


def _outline_contrast(bits: Bits, lab: Map) -> float:
    """Difference of the mean colors (ΔE) on both sides of the mask's outline, at its weaker parts (lower quartile)."""
    difference = _across(bits, lab, 6)[_outline(bits)]
    return float(np.quantile(difference, 0.25)) if difference.size else 0.0


def _across(bits: Bits, lab: Map, sigma: float) -> Map:
    """Difference of the mean colors (ΔE) inside and outside of the mask about each place."""

    def mean_of(side: Map) -> Map:
        share = cv2.GaussianBlur(side, (0, 0), sigma)[..., None]
        return cv2.GaussianBlur(lab * side[..., None], (0, 0), sigma) / (share + 1e-3)

    inner = bits.astype(np.float32)
    return np.linalg.norm(mean_of(inner) - mean_of(1 - inner), axis=2).astype(np.float32)


def _outline_support(bits: Bits, lab: Map) -> float:
    """Share of the mask's outline that runs along an edge of the picture stronger than most, 0 … 1."""
    magnitude = cv2.dilate(_edges(lab), np.ones((3, 3), np.uint8))
    outline = _outline(bits)
    return float(np.mean(magnitude[outline] > np.quantile(magnitude, 0.75))) if outline.any() else 0.0
