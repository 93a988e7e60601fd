"""Style texture: a picture of any size in which a style image's texture goes on, by patches or by an encoder."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from backend.core.errors import BadRequest
from backend.core.image import Image
from backend.core.notes import Note, wording
from backend.core.work import Progress, Work, mapped
from backend.model_pool import ModelPool
from backend.parameterize.pixels import calm_border, resized
from backend.perception.material import LINES, material_square
from backend.perception.quilting import QuiltSettings, quilt
from backend.recipes.drawn_texture import drawn_texture
from backend.recipes.matched_texture import matched, texture_encoder
from backend.recipes.sparing import newly_lacked, sparing
from backend.recipes.texture_choices import (
    AUTO,
    DRAWN,
    ENCODERS,
    GUIDANCES,
    PATCHES,
    QUILTING,
    WHOLE,
    Drawer,
    TextureChoices,
    TextureResult,
)

LEAST_MATERIAL = 96  # px a side of the part of the style image that shows its material
LEAST_EXEMPLAR = 32  # px a side of the style image's region
LAYING = 0.2  # share of the work that patches take before an encoder
SCALED = wording("The style image was scaled to {width} × {height} px; choose a part of it to have its lines larger.")


def style_texture(style: Image, choices: TextureChoices, pool: ModelPool, drawer: Drawer | None = None) -> Work[TextureResult]:
    """A texture of a style image [1, 3, h, w], or by the pack that carries it, the drawer.

    Raises BadRequest for a region or layers that are not there, Missing for weights.

    Where memory runs out it is begun anew with less, in the end by the processor, with a note. Raises OutOfMemory.
    """
    result, used = yield from sparing(partial(_texture, style, choices, drawer), pool)
    device = str(used.device) if result.guidance in ENCODERS else "cpu"
    return replace(result, notes=(*result.notes, *newly_lacked(used, pool)), device=device)


def _texture(style: Image, choices: TextureChoices, drawer: Drawer | None, pool: ModelPool) -> Work[TextureResult]:
    yield Progress("looking at the style image", 0.0)
    guidance = _guidance(choices, drawer)
    if guidance == DRAWN:
        result = yield from _drawn(style, choices, drawer, pool)
        return replace(result, image=calm_border(result.image)) if choices.tiled else result
    exemplar, notes = exemplar_of(style, choices)
    if guidance == QUILTING:
        result = yield from _quilted(exemplar, choices)
    elif guidance in ENCODERS:
        result = yield from _encoded(exemplar, choices, pool)
    else:
        raise BadRequest(
            "There is no guidance named '{guidance}' for textures; choose one of: {guidances}.",
            guidance=guidance,
            guidances=", ".join((AUTO, *GUIDANCES)),
        )
    image = calm_border(result.image) if choices.tiled else result.image
    return TextureResult(image, result.guidance, result.steps, result.losses, (*notes, *result.notes))


def _guidance(choices: TextureChoices, drawer: Drawer | None) -> str:
    """What makes the texture."""
    if choices.guidance != AUTO:
        return choices.guidance
    draws = drawer is not None and drawer.usual and choices.area != WHOLE and choices.region is None and choices.patch is None
    return DRAWN if draws else QUILTING


def _drawn(style: Image, choices: TextureChoices, drawer: Drawer | None, pool: ModelPool) -> Work[TextureResult]:
    """By a pack's own pen."""
    if drawer is None:
        raise BadRequest("Only a style pack draws a texture itself: name one, or take --guidance classical.")
    if choices.region is not None:
        raise BadRequest("A pack that draws a texture itself looks at no region: leave it out, or take --guidance classical.")
    x, y, width, height = _area(style, LINES)
    ink = style[0, :, y : y + height, x : x + width].mean((1, 2)).tolist()
    return (yield from drawn_texture(drawer.pack, (ink[0], ink[1], ink[2]), choices, pool))


def exemplar_of(style: Image, choices: TextureChoices) -> tuple[Image, tuple[str, ...]]:
    """The chosen region of a style image, scaled down to the texture's longer side where it is larger, and what to tell.

    A narrow one stays so large that its shorter side has LEAST_EXEMPLAR px.
    """
    height, width = style.shape[-2:]
    x, y, w, h = choices.region or _area(style, choices.area)
    if x < 0 or y < 0 or x + w > width or y + h > height:
        raise BadRequest(
            "The region {x},{y},{width},{height} is not inside the style image, which has {whole_width} × {whole_height} px.",
            x=x,
            y=y,
            width=w,
            height=h,
            whole_width=width,
            whole_height=height,
        )
    if min(w, h) < LEAST_EXEMPLAR:
        raise BadRequest(
            "The region of the style image has {width} × {height} px; choose at least {least} px a side.",
            width=w,
            height=h,
            least=LEAST_EXEMPLAR,
        )
    part = style[..., y : y + h, x : x + w]
    scale = max(max(choices.size) / max(w, h), LEAST_EXEMPLAR / min(w, h))
    if scale >= 1:
        return part, ()
    size = (round(h * scale), round(w * scale))
    note = Note(SCALED, width=size[1], height=size[0])
    return resized(part, size).clamp(0, 1), (note,)


def _area(style: Image, area: str) -> tuple[int, int, int, int]:
    """x, y, width and height of an area."""
    if area == WHOLE:
        return 0, 0, style.shape[-1], style.shape[-2]
    return material_square(_pixels(style), area, LEAST_MATERIAL)


def _quilted(exemplar: Image, choices: TextureChoices) -> Work[TextureResult]:
    """By patches: structures stay whole, no network is needed."""
    settings = QuiltSettings(patch=_patch(exemplar, choices))
    chance = np.random.default_rng(choices.seed)
    pixels = _pixels(exemplar)
    picture = pixels
    for done, picture in quilt(pixels, choices.size, choices.tiled, settings, chance):
        yield Progress("joining patches", 0.02 + 0.98 * done, picture=_image(picture))
    return TextureResult(_image(picture), QUILTING)


def _encoded(exemplar: Image, choices: TextureChoices, pool: ModelPool) -> Work[TextureResult]:
    """By an encoder, from patches or from noise."""
    encoder, start, begun = texture_encoder(choices, pool), None, 0.0
    if choices.start == PATCHES:
        patched = yield from mapped(_quilted(exemplar, choices), lambda progress: progress.within(0.0, LAYING))
        start, begun = patched.image.to(pool.device), LAYING
    work = matched(exemplar.to(pool.device), start, choices, encoder)
    return (yield from mapped(work, lambda progress: progress.within(begun, 1.0)))


def _pixels(image: Image) -> npt.NDArray[np.float32]:
    """An image as pixels [H, W, 3]."""
    return np.ascontiguousarray(image[0].permute(1, 2, 0).cpu().numpy())


def _image(pixels: npt.NDArray[np.float32]) -> Image:
    """Pixels [H, W, 3] as an image of their own."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].contiguous()


def _patch(exemplar: Image, choices: TextureChoices) -> int:
    """The side of patches, px; BadRequest where one was chosen that is too large."""
    shorter = min(*exemplar.shape[-2:], *choices.size)
    most = shorter // 2
    if choices.patch is None:
        return max(16, min(round(max(exemplar.shape[-2:]) / 8), most))
    if choices.patch > most:
        raise BadRequest(
            "A patch has at most {most} px here, half of the shortest side there is, not {patch}.",
            most=most,
            patch=choices.patch,
        )
    return choices.patch
