"""Restyle: a photograph that looks like an exemplar and keeps its own shapes, without any network.

Smoothed between its edges, in the exemplar's colors, put together of the exemplar's patches along its lines, with its
contours drawn in the exemplar's ink.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.core.errors import BadRequest
from backend.core.image import Framing, Image
from backend.core.work import Progress, Work
from backend.perception.color_transport import lab_of, matched, rgb_of, transported
from backend.perception.edges import edge_map
from backend.perception.flow import Flow, along_flow, flow_of
from backend.perception.patch_transfer import TransferSettings, transfer

MOST_SIDE = 1024  # px, the longer side of a result
LEAST_SIDE = 48  # px of photograph and exemplar
LIGHT_ON_DARK = 2.0  # so many times farther from the ground must the lightest color be than the darkest to be the ink
EXEMPLAR_SIDE = 1.2  # longer side of the exemplar beside the photograph's, at most

Map = npt.NDArray[np.float32]


@dataclass(frozen=True)
class RestyleSettings:
    """How the chain works. Lengths are shares of the photograph's longer side."""

    smoothing: float = 1 / 170  # reach of the edge-aware smoothing
    contrast: float = 12.0  # L; steeper steps are edges that it keeps
    flow: float = 1 / 200  # over which directions are averaged
    along: float = 1 / 150  # how far colors run along lines
    patch: float = 1 / 28
    tones: float = 0.8  # how far lightness takes the exemplar's distribution
    shapes: float = 0.6  # share of the photograph's own shapes laid over the patches
    line: float = 1 / 400  # width of contours
    faintest: float = 0.9  # L by which a contour is darker than what is around it
    strongest: float = 7.0  # L at which it is drawn in full ink
    edges: float = 1 / 400  # blur before edges are looked for


@dataclass(frozen=True)
class RestyleResult:
    """A restyled photograph."""

    image: Image  # [1, 3, H, W]
    edges: Image  # [1, 1, H, W], the photograph's edges dark on white
    notes: tuple[str, ...] = ()


def style_transfer(
    photograph: Image, style: Image, strength: float, seed: int = 0, settings: RestyleSettings = RestyleSettings()
) -> Work[RestyleResult]:
    """A photograph [1, 3, H, W] in the looks of a style image [1, 3, h, w]; strength: 0 = the photograph … 1 = restyled.

    Raises BadRequest for pictures that are too small.
    """
    _check(photograph, style, strength)
    yield Progress("finding the edges", 0.0)
    photograph, notes = _fitted(photograph)
    pixels = _pixels(photograph)
    side = max(pixels.shape[:2])
    picture = lab_of(pixels)
    edges = edge_map(picture[..., 0], side * settings.edges)
    if strength == 0:
        return RestyleResult(photograph, _drawn(edges), notes)
    styled = yield from _styled(picture, lab_of(_pixels(_exemplar(style, side))), seed, settings)
    mixed = pixels + strength * (styled - pixels)
    return RestyleResult(_tensor(mixed), _drawn(edges), notes)


def _check(photograph: Image, style: Image, strength: float) -> None:
    for name, picture in (("photograph", photograph), ("style image", style)):
        height, width = picture.shape[-2:]
        if min(height, width) < LEAST_SIDE:
            raise BadRequest(f"The {name} has {width} × {height} px; choose one of at least {LEAST_SIDE} px a side.")
    if not 0 <= strength <= 1:
        raise BadRequest(f"The strength is a number from 0 to 1, not {strength}.")


def _fitted(photograph: Image) -> tuple[Image, tuple[str, ...]]:
    """The photograph at the size of the result, and what to tell of that."""
    height, width = photograph.shape[-2:]
    if max(height, width) <= MOST_SIDE:
        return photograph, ()
    framing = Framing.whole((height, width), MOST_SIDE)
    note = f"The result has {framing.canvas[1]} × {framing.canvas[0]} px; the photograph has {width} × {height}."
    return framing.crop(photograph), (note,)


def _exemplar(style: Image, side: int) -> Image:
    """The style image, scaled down where its lines would be too coarse for the photograph."""
    most = round(EXEMPLAR_SIDE * side)
    framing = Framing.whole((style.shape[-2], style.shape[-1]), most)
    too_thin = min(framing.canvas) < LEAST_SIDE
    return style if max(style.shape[-2:]) <= most or too_thin else framing.crop(style)


def _styled(picture: Map, exemplar: Map, seed: int, settings: RestyleSettings) -> Work[Map]:
    """The chain in full strength: Lab in, sRGB out."""
    side = max(picture.shape[:2])
    flow = flow_of(picture[..., 0], max(1.0, side * settings.flow))
    smooth = _smoothed(picture, flow, settings)
    yield Progress("carrying over the colors", 0.05)
    patch = max(10, min(round(side * settings.patch), min(exemplar.shape[:2]) // 3))
    blurred = cv2.GaussianBlur(exemplar, (0, 0), patch / 4)
    target = transported(smooth, blurred)
    target[..., 0] = matched(target[..., 0], blurred[..., 0], settings.tones)
    laid = target
    turned = flow_of(picture[..., 0], patch / 4)
    for done, laid in transfer(target, turned, exemplar, TransferSettings(patch=patch), np.random.default_rng(seed)):  # noqa: B007
        yield Progress("laying patches of the exemplar", 0.08 + 0.9 * done)
    yield Progress("drawing the contours", 0.98)
    shaped = laid + settings.shapes * (target - cv2.GaussianBlur(laid, (0, 0), patch / 4))
    return rgb_of(_contoured(shaped, smooth[..., 0], exemplar, side, settings))


def _smoothed(picture: Map, flow: Flow, settings: RestyleSettings) -> Map:
    """Flat between edges, and even along lines."""
    side = max(picture.shape[:2])
    for _ in range(2):
        picture = cv2.bilateralFilter(picture, 0, settings.contrast, max(1.0, side * settings.smoothing))
    return along_flow(picture, flow, max(2, round(side * settings.along)))


def _contoured(picture: Map, lightness: Map, exemplar: Map, side: int, settings: RestyleSettings) -> Map:
    """Lines where the photograph is darker than around (difference of Gaussians), in the exemplar's ink."""
    width = max(1.0, side * settings.line)
    near, far = (cv2.GaussianBlur(lightness, (0, 0), deviation) for deviation in (width, 1.6 * width))
    ink = ((far - near - settings.faintest) / (settings.strongest - settings.faintest)).clip(0, 1)[..., None]
    mixed: Map = picture * (1 - ink) + _ink(exemplar) * ink
    return mixed


def _ink(exemplar: Map) -> Map:
    """The color [3] of an exemplar's lines: its darkest, or its lightest where lines are light on dark ground."""
    lightness = exemplar[..., 0]
    dark, ground, light = np.percentile(lightness, (2, 50, 98))
    lines = lightness >= light if light - ground > LIGHT_ON_DARK * (ground - dark) else lightness <= dark
    color: Map = exemplar[lines].mean(0)
    return color


def _pixels(image: Image) -> Map:
    return np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy(), np.float32)


def _tensor(pixels: Map) -> Image:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].contiguous()


def _drawn(edges: npt.NDArray[np.bool_]) -> Image:
    return 1 - torch.from_numpy(edges).float()[None, None]
