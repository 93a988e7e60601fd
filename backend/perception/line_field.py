"""Where the lines of a picture are, how strong, and which way they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch.nn.functional as F

from backend.core.image import Image, Mask
from backend.perception.contrast import full_contrast
from backend.perception.wide_blur import widely_blurred

Map = npt.NDArray[np.float32]  # [H, W]
Tensors = tuple[Map, Map, Map]  # xx, xy, yy

STRIPE = 32  # rows
ROUNDING = 1e-5  # strength that blurs leave of nothing
SHADE = 14.0  # lightness below which differences count for more: dark forms before dark grounds are told apart by little
BROADLY_SEEN = 0.6  # strength of a broad line that supports the finer ones there fully


@dataclass(frozen=True)
class ScaleSettings:
    """One scale of looking; px of a canvas whose longer side is about 900 px."""

    smoothing_rounds: int = 2  # bilateral passes that calm fur, grass and noise before anything is measured
    scales: tuple[float, ...] = (1.2, 2.2, 4.0)  # Gaussian σ of the gradients, fine to coarse
    inhibition: float = 0.8  # how much a busy surround weakens an edge (surround suppression, Grigorescu et al. 2003)
    surround: float = 9.0  # σ of that surround
    line_scales: tuple[float, ...] = (1.3,)  # σ of the detectors of bars: lines with two edges, drawn as one stroke
    bar_shadow: float = 1.0  # how much a bar weakens the edges beside it
    flow: float = 3.0  # σ over which directions are averaged
    most_lift: float = 2.2  # how far lines inside a silhouette may be raised
    silhouette: float = 35.0  # ΔE that the outline of a certain mask counts as


@dataclass(frozen=True)
class LineFieldSettings:
    """Contours seen coarsely, details seen finely, in one field."""

    coarse: ScaleSettings = ScaleSettings()
    fine: ScaleSettings = ScaleSettings(smoothing_rounds=1, scales=(1.0, 1.8), inhibition=0.7, line_scales=(1.0,), flow=2.0)
    fine_weight: float = 0.9  # of a fine line beside a coarse one
    broad: ScaleSettings = ScaleSettings(scales=(1.25, 2.0, 3.5), inhibition=0.9, flow=2.0)  # px of a picture half as large
    alone: float = 0.4  # what is left of a line that is not seen broadly too: texture, mostly


@dataclass(frozen=True)
class LineField:
    """Lines of a picture [H, W], at its own size."""

    strength: Map  # 0 … 1; ridges of it are lines
    tangent_x: Map  # unit vector along the line; its sign has no meaning
    tangent_y: Map
    fine: Map  # 1 where the line is only seen finely, else 0


def line_field(
    image: Image,
    settings: LineFieldSettings = LineFieldSettings(),
    silhouette: Mask | None = None,
    inside: Mask | None = None,
) -> LineField:
    """The line field of an image [1, 3, H, W]: edges that persist over scales, and thin dark lines, less texture.

    silhouette: a mask [1, 1, H, W], its height the certainty, whose outline is a line even where the colors do not tell it.
    inside: a mask [1, 1, H, W] of the lines that matter; their own strongest count as 1, whatever is around them.
    """
    image = full_contrast(image)
    outline = None if silhouette is None else silhouette[0, 0].cpu().numpy().astype(np.float32)
    calmed = min(settings.coarse.smoothing_rounds, settings.fine.smoothing_rounds)
    with ThreadPoolExecutor(1) as thread:  # OpenCV and numpy leave the interpreter free
        support = None if inside is not None else thread.submit(_broad_support, image, settings, outline)
        lab = _calm(_lab(image), calmed)  # as both see it
        finely = thread.submit(_one_scale, lab, calmed, settings.fine, outline)
        strength, x, y, _coherence = _one_scale(lab, calmed, settings.coarse, outline)
        fine_strength, fine_x, fine_y, coherence = finely.result()
    fine_strength = settings.fine_weight * fine_strength
    if support is not None:
        strength, fine_strength = strength * support.result(), fine_strength * support.result()
    strength, fine_strength = _measured_inside(strength, fine_strength, inside, settings.coarse.most_lift)
    fine = fine_strength > strength
    exact = fine | (coherence > 0.9)
    return LineField(
        np.maximum(strength, fine_strength), np.where(exact, fine_x, x), np.where(exact, fine_y, y), fine.astype(np.float32)
    )


def _broad_support(image: Image, settings: LineFieldSettings, outline: Map | None) -> Map:
    """How far a line at each place belongs to the large forms [H, W], `alone` … 1."""
    height, width = image.shape[-2:]
    half = (max(1, height // 2), max(1, width // 2))
    small = None if outline is None else cv2.resize(outline, half[::-1], interpolation=cv2.INTER_AREA)
    lab = _lab(F.interpolate(image, half, mode="bilinear", antialias=True))
    broad, *_ = _one_scale(lab, 0, settings.broad, small)
    near = cv2.resize(cv2.dilate(broad, np.ones((5, 5), np.uint8)), (width, height), interpolation=cv2.INTER_LINEAR)
    return (settings.alone + (1 - settings.alone) * np.clip(near / BROADLY_SEEN, 0, 1)).astype(np.float32)


def _measured_inside(strength: Map, fine: Map, inside: Mask | None, most_lift: float) -> tuple[Map, Map]:
    if inside is None:
        return strength, fine
    here = inside[0, 0].cpu().numpy() > 0
    lively = np.maximum(strength, fine)[here]
    lively = lively[lively > 0.02]
    lift = min(most_lift, 1 / max(float(np.percentile(lively, 97)), 1e-6)) if lively.size else 1.0
    return np.clip(lift * strength, 0, 1), np.clip(lift * fine, 0, 1)


def _one_scale(lab: Map, calmed: int, settings: ScaleSettings, outline: Map | None) -> tuple[Map, Map, Map, Map]:
    """Strength 0 … 1, tangent x and y, and how much the neighborhood agrees on it, 0 … 1; of a lab calmed so often already."""
    lab = _calm(lab, settings.smoothing_rounds - calmed)
    if outline is not None:
        lab = np.dstack([lab, settings.silhouette * outline])
    edges, tensor = _persistent_edges(lab, settings)
    edges = _instead_of_edges(edges, lab[..., 0], settings)
    strength = _inhibited(edges, settings)
    if outline is not None:
        strength = _inside_lifted(strength, outline > 0, settings)
    strength = strength / _top(strength)
    return np.where(strength > ROUNDING, np.minimum(strength, 1), 0).astype(np.float32), *_directions(tensor, settings.flow)


def _lab(image: Image) -> Map:
    """CIE Lab [H, W, 3] (L from 0, shadows spread), or of a gray picture L alone [H, W, 1]."""
    rgb = np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), dtype=np.float32)
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)
    if (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 0] == rgb[..., 2]).all():
        lab = np.ascontiguousarray(lab[..., :1])  # half the work
    lab[..., 0] += SHADE * (1 - np.exp(-lab[..., 0] / SHADE))  # twice the contrast in black, no more than before in light
    return lab


def _calm(lab: Map, rounds: int) -> Map:
    """A lab [H, W, C] with texture smoothed away and edges kept."""
    for _ in range(rounds):
        lab = cv2.bilateralFilter(lab, d=9, sigmaColor=14.0, sigmaSpace=3.5).reshape(lab.shape)
    return lab


def _persistent_edges(lab: Map, settings: ScaleSettings) -> tuple[Map, Tensors]:
    """Edge strength [H, W] in Lab units, and the structure tensor (xx, xy, yy) of the finest two scales.

    The strength is the geometric mean over the scales, each widened to the reach of its blur: what vanishes in the
    blur (texture) fades, what stays (contours) keeps the sharp position of the finest scale.
    """
    planes, logs = cv2.split(lab), np.zeros(lab.shape[:2], np.float32)
    tensor = np.zeros_like(logs), np.zeros_like(logs), np.zeros_like(logs)
    for level, sigma in enumerate(settings.scales):
        slopes, magnitude = [_slopes(plane, sigma) for plane in planes], np.empty_like(logs)
        for rows in _stripes(logs):
            here = _structure([(gx[rows], gy[rows]) for gx, gy in slopes])
            magnitude[rows] = sigma * np.sqrt(_larger_eigenvalue(*here))
            if level < 2:
                for whole, part in zip(tensor, here, strict=True):
                    whole[rows] += part
        if level:
            magnitude = cv2.dilate(magnitude, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)), iterations=round(sigma))
        logs += np.log(magnitude + 1e-2)
    return np.clip(np.exp(logs / len(settings.scales)) - 0.05, 0, None), tensor


def _stripes(values: Map) -> Iterator[slice]:
    """Rows of a map, so few at a time that what is computed of them stays in the processor's cache: a third faster."""
    return (slice(top, top + STRIPE) for top in range(0, len(values), STRIPE))


def _slopes(plane: Map, sigma: float) -> tuple[Map, Map]:
    """The gradient of a channel, x and y."""
    blurred = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    gx = cv2.Sobel(blurred, cv2.CV_32F, 1, 0, ksize=3, scale=0.125, borderType=cv2.BORDER_REPLICATE)
    gy = cv2.Sobel(blurred, cv2.CV_32F, 0, 1, ksize=3, scale=0.125, borderType=cv2.BORDER_REPLICATE)
    return gx, gy


def _structure(slopes: Sequence[tuple[Map, Map]]) -> Tensors:
    """The products of the gradients, over the channels one after the other: three times as fast as all at once."""
    gx, gy = slopes[0]
    total = gx * gx, gx * gy, gy * gy
    for gx, gy in slopes[1:]:
        for whole, part in zip(total, (gx * gx, gx * gy, gy * gy), strict=True):
            whole += part
    return total


def _larger_eigenvalue(xx: Map, xy: Map, yy: Map) -> Map:
    return (xx + yy + np.sqrt((xx - yy) ** 2 + 4 * xy**2)) / 2


def _instead_of_edges(edges: Map, lightness: Map, settings: ScaleSettings) -> Map:
    """The edges, but where two of them bound a bar, the bar's middle line instead."""
    lines, shadow = np.zeros_like(edges), np.zeros_like(edges)
    for sigma in settings.line_scales:
        bars = _bars(lightness, sigma)
        lines = np.maximum(lines, bars)
        reach = 2 * round(1.3 * sigma) + 1
        shadow = np.maximum(shadow, cv2.dilate(bars, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))))
    return np.maximum(np.clip(edges - settings.bar_shadow * shadow, 0, None), lines)


def _bars(lightness: Map, sigma: float) -> Map:
    """How much darker (or lighter: half) bars about 2σ wide are than both their sides, in Lab units."""
    blurred = cv2.GaussianBlur(lightness, (0, 0), 0.6 * sigma, borderType=cv2.BORDER_REPLICATE)
    xx = cv2.Sobel(blurred, cv2.CV_32F, 2, 0, ksize=3, scale=0.25)
    yy = cv2.Sobel(blurred, cv2.CV_32F, 0, 2, ksize=3, scale=0.25)
    xy = cv2.Sobel(blurred, cv2.CV_32F, 1, 1, ksize=3, scale=0.25)
    straight, across_x, across_y = np.empty_like(xx), np.empty_like(xx), np.empty_like(xx)
    for rows in _stripes(xx):
        straight[rows], angle = _bar_shape(xx[rows], xy[rows], yy[rows])
        across_x[rows], across_y[rows] = 1.8 * sigma * np.cos(angle), 1.8 * sigma * np.sin(angle)
    y, x = np.arange(blurred.shape[0], dtype=np.float32)[:, None], np.arange(blurred.shape[1], dtype=np.float32)[None]
    one = cv2.remap(blurred, x + across_x, y + across_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    other = cv2.remap(blurred, x - across_x, y - across_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    for rows in _stripes(xx):
        here, low, high = blurred[rows], np.minimum(one[rows], other[rows]), np.maximum(one[rows], other[rows])
        straight[rows] *= np.clip(np.maximum(low - here, 0.5 * (here - high)), 0, None)
    return straight


def _bar_shape(xx: Map, xy: Map, yy: Map) -> tuple[Map, Map]:
    """By second derivatives: how much like a bar it is, 0 for a dot … 1, and the angle across it."""
    half, spread = np.abs(xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    straight = np.clip(1 - 2 * np.abs(half - spread) / (half + spread + 1e-6), 0, 1)
    sign = np.where(xx + yy < 0, np.float32(-1), np.float32(1))
    return straight, 0.5 * np.arctan2(2 * xy * sign, (xx - yy) * sign)


def _inhibited(strength: Map, settings: ScaleSettings) -> Map:
    """Strength less what the surround has anyway: a lone contour keeps all, a hair among hairs little."""
    near = cv2.GaussianBlur(strength, (0, 0), settings.surround / 3)
    wide, wider = widely_blurred(strength, settings.surround), widely_blurred(strength, settings.surround * 2)
    surround = np.clip(np.minimum(wide, wider) * 2 - near * 0.5, 0, None)
    return np.clip(strength - settings.inhibition * surround, 0, None)


def _inside_lifted(strength: Map, mask: npt.NDArray[np.bool_], settings: ScaleSettings) -> Map:
    """Strength with the lines inside the subject raised towards those of its silhouette, which outshine them."""
    inside = cv2.erode(mask.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
    if inside.sum() < 400:
        return strength
    lift = _top(strength) / max(_top(strength[inside]), 1e-6)
    return strength * np.where(inside, np.clip(lift, 1, settings.most_lift), 1).astype(np.float32)


def _top(strength: Map) -> float:
    """The strength that clear lines reach."""
    lively = strength[strength > 0.5]
    return max(float(np.percentile(lively, 97)), 1.0) if lively.size else 1.0


def _directions(tensor: Tensors, sigma: float) -> tuple[Map, Map, Map]:
    xx, xy, yy = (cv2.GaussianBlur(part, (0, 0), sigma) for part in tensor)
    spread = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    return np.cos(angle), np.sin(angle), (spread / (xx + yy + 1e-6)).astype(np.float32)
