"""Pictures that are line drawings already, in ink, pencil or print: their lines have a middle instead of two edges."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.core.image import Image, Mask
from backend.perception.ink import Ink, ink_of
from backend.perception.line_field import LineField
from backend.perception.line_probes import probe
from backend.perception.skeleton import thinned

Map = npt.NDArray[np.float32]  # [H, W]
Bits = npt.NDArray[np.uint8]  # [H, W], 1 = ink
Values = npt.NDArray[np.float64]

LOOKED_SIDE = 640  # px of the picture's longer side, on which is decided what it is
INKED_SIDE = 2048  # px of a larger picture's copy on which is seen where its ink is
GROUND_SIDE = 320  # px of a copy on which lines are fine enough to be told from their ground
LEAST_SIDE = 24  # px; a smaller picture is nothing but edges
MOST_INK = 0.25  # share of the paper that a line drawing covers
LEAST_PAPER = 0.9  # share of what is farther than FAR px from all ink, that must be bare …
FAR, BARE = 3, 0.3  # … hardly darker than the paper
LEAST_DARK = 0.45  # median darkness of the ink
CLEAR = 0.84  # clarity of lines; .86 or more in drawings, .77 at most in photographs
PLACES = 1000  # where lines are probed
FINE_WINDOW = 7  # px, radius in which a fine line is darker than its surroundings …
FAINTEST = 0.2  # darkness of the faintest ink
AREA = 1.6  # times the square of its thickness: the area of a spot is smaller; times as wide as a line: no swelling of one
LEAST_SPOT = 7  # px; smaller ones are dots of a pen
LEAST_CONTRAST, NOISE_LEVELS = 0.15, 6.0  # … by so much of the ink's depth, and so many deviations of the bare paper


@dataclass(frozen=True)
class DrawnLineSettings:
    """Lengths in px of a canvas whose longer side is about 900 px."""

    widest: float = 0.05  # of the longer side: what is wider is a patch, drawn by its edge
    spot: float = 2.5  # times as thick as lines usually are: pupils, heads of notes
    reach: float = 1.5  # σ of the ridge along a middle line
    flow: float = 2.0  # σ over which its directions are averaged
    faint: float = 0.5  # strength of the faintest line beside the darkest
    crowd: float = 12.0  # σ over which lines are counted …
    crowded: tuple[float, float] = (0.14, 0.4)  # … share of it under ridges beside a lone line, amid hatching …
    aside: float = 0.5  # … where a line has so much of its strength: contours come first


def is_line_drawing(image: Image) -> bool:
    """Whether an image [1, 3, H, W] is of lines on bare paper, of one ground on both sides of them."""
    if min(image.shape[-2:]) < LEAST_SIDE:
        return False
    full = image[0].permute(1, 2, 0).cpu().numpy()
    scale = min(1.0, LOOKED_SIDE / max(full.shape[:2]))
    size = (max(1, round(full.shape[1] * scale)), max(1, round(full.shape[0] * scale)))
    ink = ink_of(cv2.resize(np.ascontiguousarray(full, np.float32), size, interpolation=cv2.INTER_AREA))
    if ink.is_blank or float(ink.lines.mean()) > MOST_INK or float(np.median(ink.darkness[ink.lines > 0])) < LEAST_DARK:
        return False
    far = cv2.dilate(ink.lines, np.ones((2 * FAR + 1,) * 2, np.uint8)) == 0
    if far.any() and float((ink.darkness[far] < BARE).mean()) < LEAST_PAPER:
        return False
    settings = DrawnLineSettings()
    lines = ink.lines & ~_patches(ink.lines, settings)
    return int(lines.sum()) > 0.5 * int(ink.lines.sum()) and _clarity(ink, lines, settings) > CLEAR


def drawn_lines(image: Image, settings: DrawnLineSettings = DrawnLineSettings()) -> LineField:
    """The line field of a line drawing [1, 3, H, W]: the middles of its lines, and the edges of its patches."""
    ink = ink_of(_on_light_ground(image))
    lines = _whole_lines(ink.darkness, settings)
    patches = _patches(lines, settings)
    middle = thinned(lines & ~patches, math.ceil(settings.widest * max(lines.shape)))
    middle |= patches & ~cv2.erode(patches, np.ones((3, 3), np.uint8), borderValue=1)
    distance = cv2.distanceTransform(1 - middle, cv2.DIST_L2, 5)
    ridge = np.exp(-0.5 * np.minimum(distance / settings.reach, 9) ** 2).astype(np.float32)
    dark = cv2.GaussianBlur(cv2.dilate(ink.darkness, np.ones((3, 3), np.uint8)), (0, 0), settings.flow)
    low, high = settings.crowded
    crowd = np.clip((cv2.GaussianBlur(ridge, (0, 0), settings.crowd) - low) / (high - low), 0, 1)
    strength = ridge * (settings.faint + (1 - settings.faint) * np.clip(dark, 0, 1)) * (1 - (1 - settings.aside) * crowd)
    x, y = _directions(ridge, settings.flow)
    return LineField(np.where(ridge > 0.05, strength, 0).astype(np.float32), x, y, np.zeros_like(strength))


def inked(image: Image) -> Mask:
    """The part [1, 1, H, W] of a line drawing [1, 3, H, W] that holds its ink: 1 in the rectangle about it."""
    shrunk = max(1.0, max(image.shape[-2:]) / INKED_SIDE)
    ink = ink_of(_on_light_ground(image, INKED_SIDE))
    x, y, width, height = cv2.boundingRect(_without_dust(ink.lines))
    mask = torch.zeros_like(image[:, :1])
    rows, columns = (slice(int(shrunk * at), math.ceil(shrunk * (at + size))) for at, size in ((y, height), (x, width)))
    mask[..., rows, columns] = 1.0
    return mask if width and height else torch.ones_like(mask)


def _on_light_ground(image: Image, most: float = math.inf) -> Map:
    """The pixels [H, W, 3] of a drawing at most so long, inverted if its lines are light; that is seen on a small copy, where
    they are fine."""
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    shrunk = max(rgb.shape[:2]) / most
    if shrunk > 1:
        smaller = (max(1, round(rgb.shape[1] / shrunk)), max(1, round(rgb.shape[0] / shrunk)))
        rgb = cv2.resize(rgb, smaller, interpolation=cv2.INTER_AREA)
    scale = min(1.0, GROUND_SIDE / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return 1 - rgb if ink_of(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)).light_on_dark else rgb


def _whole_lines(darkness: Map, settings: DrawnLineSettings) -> Bits:
    """Lines of every width up to the widest: what is darker than halfway between the extremes around, near or far."""
    calm = cv2.GaussianBlur(darkness, (0, 0), 1.0)
    lines = np.zeros(darkness.shape, np.uint8)
    bare = calm[calm <= np.quantile(calm, 0.6)]
    least = max(LEAST_CONTRAST, NOISE_LEVELS * 1.4826 * float(np.median(np.abs(bare - np.median(bare)))))
    for reach in (FINE_WINDOW, round(settings.widest * max(darkness.shape) / 2) + FINE_WINDOW):
        kernel = np.ones((2 * reach + 1,) * 2, np.uint8)
        highest, lowest = cv2.dilate(calm, kernel), cv2.erode(calm, kernel)
        lines |= ((highest - lowest > least) & (calm > (highest + lowest) / 2)).astype(np.uint8)
    return _but_the_faint(_filled(lines, calm), calm)


def _filled(lines: Bits, darkness: Map) -> Bits:
    """Lines, and what they enclose that is as dark as ink: the inside of what is wider than both windows."""
    count, labels = cv2.connectedComponents(1 - lines, connectivity=4)
    sizes = np.bincount(labels.ravel(), minlength=count)
    means = np.bincount(labels.ravel(), weights=darkness.ravel(), minlength=count) / np.maximum(sizes, 1)
    dark = means > BARE
    dark[0] = True
    return dark[labels].astype(np.uint8)


def _but_the_faint(lines: Bits, darkness: Map) -> Bits:
    """Lines without those that are nowhere as dark as any ink: grain of the paper."""
    count, labels = cv2.connectedComponents(lines, connectivity=8)
    darkest = np.zeros(count, np.float32)
    np.maximum.at(darkest, labels.ravel(), darkness.ravel())
    keep = darkest > FAINTEST
    keep[0] = False
    return keep[labels].astype(np.uint8)


def _without_dust(lines: Bits) -> Bits:
    _count, labels, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = extent > 0.01 * max(lines.shape)
    keep[0] = False
    return keep[labels].astype(np.uint8)


def _patches(lines: Bits, settings: DrawnLineSettings) -> Bits:
    """The ink that is no line: large areas, and spots that are compact and much thicker than the lines are."""
    if lines.all():
        return lines  # no paper is there by which a thickness could be measured
    side = max(3, round(settings.widest * max(lines.shape)))
    thickness = 2 * cv2.distanceTransform(lines, cv2.DIST_L2, 5)
    middle = (thickness > 0) & (thickness >= cv2.dilate(thickness, np.ones((3, 3), np.uint8)))
    usual = float(np.median(thickness[middle])) if middle.any() else 0.0
    found = _opened(lines, side, lambda area, thick: (area > AREA * thick**2) | (thick > AREA * side))
    spot = max(LEAST_SPOT, round(settings.spot * usual))
    if spot < side:
        found |= _opened(lines & ~found, spot, lambda area, thick: area < AREA * thick**2)
    return found


def _opened(lines: Bits, side: int, taken: Callable[[Values, Values], npt.NDArray[np.bool_]]) -> Bits:
    """What a disk `side` px wide fits into, of each piece of it only if area (px) and thickness (px) of all are taken."""
    padded = cv2.copyMakeBorder(lines, side, side, side, side, cv2.BORDER_CONSTANT, value=0)
    wide = cv2.morphologyEx(padded, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
    thick = np.zeros(count)
    here = wide > 0
    np.maximum.at(thick, labels[here], 2 * cv2.distanceTransform(wide, cv2.DIST_L2, 5)[here])
    keep = taken(stats[:, cv2.CC_STAT_AREA].astype(float), thick)
    keep[0] = False
    return cv2.dilate(keep[labels].astype(np.uint8), np.ones((3, 3), np.uint8))[side:-side, side:-side] & lines


def _clarity(ink: Ink, lines: Bits, settings: DrawnLineSettings) -> float:
    """How far lines are lines, -1 … 1: that they stand out on both sides, and from one ground."""
    skeleton = thinned(lines, math.ceil(settings.widest * max(lines.shape) / 2))
    rows, columns = np.nonzero(skeleton)
    if not len(rows):
        return -1.0
    step = -(-len(rows) // PLACES)
    points = np.stack([columns, rows], 1)[::step].astype(np.float64)
    thickness = 2 * cv2.distanceTransform(lines, cv2.DIST_L2, 5)[rows[::step], columns[::step]].astype(np.float64)
    slants = probe(ink.darkness, points, thickness).slants
    clear = np.isfinite(slants)
    return float(clear.mean() - np.median(slants[clear])) if clear.any() else -1.0


def _directions(ridge: Map, flow: float) -> tuple[Map, Map]:
    """Unit tangents x, y [H, W]."""
    gx, gy = (cv2.Sobel(ridge, cv2.CV_32F, *order, ksize=3, scale=0.125) for order in ((1, 0), (0, 1)))
    xx, xy, yy = (cv2.GaussianBlur(part, (0, 0), flow) for part in (gx * gx, gx * gy, gy * gy))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    return np.cos(angle), np.sin(angle)
