"""Restyle: a photograph that looks like an exemplar and keeps its own shapes.

`restyle` chooses the way. Without any network: smoothed between its edges, in the exemplar's colors, put together of the
exemplar's patches along its lines, with its contours drawn in the exemplar's ink. With one: see diffusion_transfer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt
import torch

from backend.core.errors import BadRequest, Missing
from backend.core.image import Framing, Image
from backend.core.notes import Note, wording
from backend.core.work import Progress, Work
from backend.diffusion.edge_guided import INVERSIONS, EdgeGuided
from backend.model_pool import ModelPool
from backend.perception.color_transport import lab_of, matched, rgb_of, transported, with_contrast_of
from backend.perception.edges import edge_agreement, edge_map
from backend.perception.flow import Flow, along_flow, flow_of
from backend.perception.patch_transfer import TransferSettings, transfer
from backend.recipes.diffusion_parts import AUTO
from backend.recipes.diffusion_transfer import DiffusionStyle, Redrawing, canny, prepared, redrawn
from backend.recipes.sparing import newly_lacked, sparing

SMALLER = wording("The result has {wide} × {high} px; the photograph has {width} × {height}.")

MOST_SIDE = 1024  # px, the longer side of a result
PREVIEW_SIDE = 320  # px, the longer side of the pictures on the way
LEAST_SIDE = 48  # px of photograph and exemplar
LIGHT_ON_DARK = 2.0  # so many times farther from the ground must the lightest color be than the darkest to be the ink
CLASSICAL, DIFFUSION = "classical", "diffusion"
METHODS = (AUTO, CLASSICAL, DIFFUSION)
CLASSICAL_STRENGTH = 1.0
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
    cut: float = 1 / 40  # largest patch beside the exemplar's longer side: larger ones show its things, not its hand
    tones: float = 0.8  # how far lightness takes the exemplar's distribution
    shapes: tuple[tuple[float, float], ...] = ((0.6, 6), (0.8, 6), (1.0, 6), (1.0, 9))
    # share of the photograph's own shapes laid over the patches, and from which part of a patch on something is a shape
    kept: float = 0.66  # F-score of its edges that ends the search for the least of them
    shape: float = 1 / 170  # blur before those edges are looked for
    near: float = 1 / 125  # edges this near to each other are the same
    contrasts: tuple[float, float] = (0.7, 2.0)  # times, by which fine and coarse contrasts may come to the exemplar's
    line: float = 1 / 400  # width of contours
    faintest: float = 0.9  # L by which a contour is darker than what is around it
    strongest: float = 7.0  # L at which it is drawn in full ink
    edges: float = 1 / 400  # blur before edges are looked for


@dataclass(frozen=True)
class StyleSource:
    """The style that a photograph shall take on."""

    image: Image  # [1, 3, h, w], the exemplar
    name: str  # for the user: the pack's, or the file's
    learned: bytes | None = None  # content of the style pack's learned style (style_members.LEARNED), if it has one


@dataclass(frozen=True)
class RestyleChoices:
    """What the user chose; None leaves the choice to the method."""

    strength: float | None = None  # 0 = the photograph … 1; classical 1, diffusion .4
    method: str = AUTO  # one of METHODS
    seed: int = 0
    # the rest is for diffusion alone
    prompt: str = ""  # tells in words what is seen, beside the style
    negative: str = ""
    steps: int | None = None  # of a whole schedule, of which strength · steps are taken; 50
    cfg_scale: float | None = None  # 10
    inversion: str = EdgeGuided.inversion  # a name in diffusion.edge_guided.INVERSIONS
    checkpoint: str = AUTO  # a folder, a short name, or OWNER/NAME on the hub

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise BadRequest(
                "There is no method '{method}'; choose one of: {methods}.", method=self.method, methods=", ".join(METHODS)
            )
        if self.inversion not in INVERSIONS:
            raise BadRequest(
                "There is no inversion '{inversion}'; choose one of: {inversions}.",
                inversion=self.inversion,
                inversions=", ".join(INVERSIONS),
            )
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise BadRequest("The strength is a number from 0 to 1, not {strength}.", strength=self.strength)

    @property
    def for_diffusion(self) -> bool:
        """Whether there is anything that the classical method does not look at."""
        return self != RestyleChoices(self.strength, self.method, self.seed)

    @property
    def edge_guided(self) -> EdgeGuided:
        """The settings of the diffusion method; the strength must not be 0. BadRequest."""
        usual = EdgeGuided()
        return EdgeGuided(
            strength=usual.strength if self.strength is None else self.strength,
            steps=usual.steps if self.steps is None else self.steps,
            cfg_scale=usual.cfg_scale if self.cfg_scale is None else self.cfg_scale,
            seed=self.seed,
            inversion=self.inversion,
        )


@dataclass(frozen=True)
class RestyleResult:
    """A restyled photograph."""

    image: Image  # [1, 3, H, W]
    edges: Image  # [1, 1, H, W], the photograph's edges dark on white
    notes: tuple[str, ...] = ()
    method: str = CLASSICAL  # that was used
    strength: float = CLASSICAL_STRENGTH
    steps: int = 0  # of a diffusion network
    device: str = "cpu"  # that did it


def restyle(photograph: Image, style: StyleSource, choices: RestyleChoices, pool: ModelPool) -> Work[RestyleResult]:
    """A photograph [1, 3, H, W] in a style, by the method that was chosen.

    `auto` takes the diffusion method where packages, a checkpoint and a way to tell it the style are here, and otherwise
    the classical one, with a note that says why. Progress of the diffusion method carries small pictures.
    Where memory runs out it is begun anew with less, in the end by the processor, with a note.
    Raises BadRequest, Missing (with the command that brings what is not here), BadPack, OutOfMemory.
    """
    result, used = yield from sparing(partial(_restyled, photograph, style, choices), pool)
    device = str(used.device) if result.method == DIFFUSION else "cpu"
    return replace(result, notes=(*result.notes, *newly_lacked(used, pool)), device=device)


def _restyled(photograph: Image, style: StyleSource, choices: RestyleChoices, pool: ModelPool) -> Work[RestyleResult]:
    redrawing, why = _prepared(style, choices, pool)
    if redrawing is not None:
        return (yield from _redrawn(photograph, redrawing, choices, pool))
    strength = CLASSICAL_STRENGTH if choices.strength is None else choices.strength
    result = yield from style_transfer(photograph, style.image, strength, choices.seed)
    notes = [*result.notes, *([why] if why else [])]
    if choices.for_diffusion:
        notes.append(Note("The prompt and the other options of the diffusion method changed nothing."))
    return replace(result, notes=tuple(notes))


def _prepared(style: StyleSource, choices: RestyleChoices, pool: ModelPool) -> tuple[Redrawing | None, str]:
    """What the diffusion method needs, or None and why it is not taken."""
    if choices.method == CLASSICAL:
        return None, ""
    told = DiffusionStyle(style.name, style.image, style.learned, choices.prompt, choices.negative)
    try:
        return prepared(told, choices.checkpoint, pool), ""
    except Missing as error:
        if choices.method == DIFFUSION or choices.checkpoint != AUTO:
            raise
        return None, Note("Restyled without a diffusion network. {why}", why=error)


def _redrawn(photograph: Image, redrawing: Redrawing, choices: RestyleChoices, pool: ModelPool) -> Work[RestyleResult]:
    strength = EdgeGuided.strength if choices.strength is None else choices.strength
    _check(photograph, redrawing.style.image, strength)
    fitted, notes = _fitted(photograph)
    if strength == 0:
        return RestyleResult(fitted, canny(fitted), notes, DIFFUSION, 0.0)
    found, edges, told = yield from redrawn(fitted, redrawing, choices.edge_guided, pool)
    return RestyleResult(found.image, edges, (*notes, *told), DIFFUSION, strength, found.steps)


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
        return RestyleResult(photograph, _drawn(edges), notes, strength=strength)
    styled = yield from _styled(picture, lab_of(_pixels(_exemplar(style, side))), seed, settings)
    mixed = pixels + strength * (styled - pixels)
    return RestyleResult(_tensor(mixed), _drawn(edges), notes, strength=strength)


def _check(photograph: Image, style: Image, strength: float) -> None:
    for name, picture in ((wording("photograph"), photograph), (wording("style image"), style)):
        height, width = picture.shape[-2:]
        if min(height, width) < LEAST_SIDE:
            raise BadRequest(
                "The {name} has {width} × {height} px; choose one of at least {least} px a side.",
                name=name,
                width=width,
                height=height,
                least=LEAST_SIDE,
            )
    if not 0 <= strength <= 1:
        raise BadRequest("The strength is a number from 0 to 1, not {strength}.", strength=strength)


def _fitted(photograph: Image) -> tuple[Image, tuple[str, ...]]:
    """The photograph at the size of the result, and what to tell of that."""
    height, width = photograph.shape[-2:]
    if max(height, width) <= MOST_SIDE:
        return photograph, ()
    framing = Framing.whole((height, width), MOST_SIDE)
    wide, high = framing.canvas[1], framing.canvas[0]
    note = Note(SMALLER, wide=wide, high=high, width=width, height=height)
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
    patch = round(min(side * settings.patch, max(exemplar.shape[:2]) * settings.cut))
    patch = max(10, min(patch, min(exemplar.shape[:2]) // 3))
    blurred = cv2.GaussianBlur(exemplar, (0, 0), patch / 4)
    target = transported(smooth, blurred)
    target[..., 0] = matched(target[..., 0], blurred[..., 0], settings.tones)
    laid = target
    turned = flow_of(picture[..., 0], patch / 4)
    for done, laid in transfer(target, turned, exemplar, TransferSettings(patch=patch), np.random.default_rng(seed)):
        yield Progress("laying patches of the exemplar", 0.08 + 0.9 * done, picture=_preview(laid, target))
    yield Progress("drawing the contours", 0.98)
    for share, part in settings.shapes:
        shaped = laid + share * (target - cv2.GaussianBlur(laid, (0, 0), patch / part))
        drawn = _contoured(shaped, smooth[..., 0], exemplar, side, settings)
        drawn[..., 0] = with_contrast_of(drawn[..., 0], exemplar[..., 0], *settings.contrasts)
        found = rgb_of(drawn)
        if _kept(picture, lab_of(found), settings) >= settings.kept:
            break
    return found


def _kept(picture: Map, found: Map, settings: RestyleSettings) -> float:
    """How far the shapes of two Lab pictures agree: the F-score of their edges as seen without fine texture."""
    side = max(picture.shape[:2])
    edges = [edge_map(seen[..., 0], side * settings.shape) for seen in (picture, found)]
    return edge_agreement(edges[0], edges[1], side * settings.near)


def _preview(laid: Map, target: Map) -> Image:
    """A small picture of the patches laid so far, Lab in; where there are none yet, of what they are to show."""
    laid = np.where(laid.any(2, keepdims=True), laid, target)
    height, width = laid.shape[:2]
    scale = min(1.0, PREVIEW_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return _tensor(rgb_of(cv2.resize(laid, size, interpolation=cv2.INTER_AREA)))


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
