"""Style texture: a picture of any size in which a style image's texture goes on, by patches or by an encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backend import weights
from backend.core.errors import BadRequest
from backend.core.image import Image
from backend.core.work import Progress, Work
from backend.encoders import Encoder
from backend.encoders.squeezenet import MODULES, SqueezeNet
from backend.encoders.vgg import LAYERS, DistilledVgg19, Vgg19
from backend.guidance.gram import ColorMatch, GramMatch
from backend.guidance.variation import total_variation
from backend.model_pool import ModelPool
from backend.parameterize.pixels import Pixels, calm_border, colored_noise, resized, shifted
from backend.perception.material import LINES, PAPER, material_square
from backend.perception.quilting import QuiltSettings, quilt
from backend.recipes.sparing import newly_lacked, sparing

QUILTING = "classical"
ENCODERS: dict[str, Callable[..., Encoder]] = {"vgg19": Vgg19, "vgg19_distilled": DistilledVgg19, "squeezenet": SqueezeNet}
FEATURE_LAYERS: dict[str, tuple[str, ...]] = {"vgg19": LAYERS, "vgg19_distilled": LAYERS, "squeezenet": tuple(MODULES)}
DEFAULT_LAYERS = {**FEATURE_LAYERS, "squeezenet": ("fire2", "fire3", "fire4", "fire5", "fire7", "fire9")}
GUIDANCES = (QUILTING, *ENCODERS)
COLOR = 5.0  # what colors weigh beside the Gram matrices
MARGIN = 16  # px by which a picture may be shifted before an encoder sees it, so that its strides leave no pattern
RATES = (0.1, 0.01)  # of Adam at the first and the last step of a size, in deviations of the exemplar's colors
LEAST_SIDE, MOST_SIDE, MOST_PIXELS = 32, 4096, 8_400_000  # px of a texture
MOST_ENCODED = 1_600_000  # px of a texture by an encoder, whose features take some kB for each
WHOLE = "all"
AREAS = (WHOLE, LINES, PAPER)
LEAST_MATERIAL = 96  # px a side of the part of the style image that shows its material
LEAST_EXEMPLAR = 32  # px a side of the style image's region
LEAST_SEEN = 64  # px of the shorter side of the coarsest picture that an encoder sees


@dataclass(frozen=True)
class TextureChoices:
    """What the user chose."""

    size: tuple[int, int] = (512, 512)  # height, width, px
    tiled: bool = False  # opposite borders fit
    region: tuple[int, int, int, int] | None = None  # x, y, width, height in the style image, px; None: by the area
    area: str = WHOLE  # or a square where it is drawn most evenly (lines), or where it is bare (paper)
    guidance: str = QUILTING
    seed: int = 0
    patch: int | None = None  # px, of quilting; None: an eighth of the exemplar's longer side
    layers: tuple[str, ...] | None = None  # feature layers; None: the encoder's DEFAULT_LAYERS
    iterations: int = 200  # in all, over three sizes
    optimizer: str = "adam"  # or lbfgs
    style_loss_weight: float = 1e7
    variation_loss_weight: float = 1e5
    snapshot_every: int = 0  # iterations between two snapshots; 0: none

    def __post_init__(self) -> None:
        if self.area not in AREAS:
            raise BadRequest(f"There is no area '{self.area}' of a style image; choose one of: {', '.join(AREAS)}.")
        height, width = self.size
        if not (min(self.size) >= LEAST_SIDE and max(self.size) <= MOST_SIDE and height * width <= MOST_PIXELS):
            raise BadRequest(
                f"A texture has sides from {LEAST_SIDE} to {MOST_SIDE} px and at most {MOST_PIXELS // 10**5 / 10} million "
                f"pixels, not {width} × {height}."
            )
        if self.guidance != QUILTING and height * width > MOST_ENCODED:
            raise BadRequest(
                f"An encoder makes textures of at most {MOST_ENCODED // 10**5 / 10} million pixels; make it smaller and repeat "
                "it with --tile, or take --guidance classical."
            )


@dataclass(frozen=True)
class TextureStep(Progress):
    """Progress of an encoder's texture, with the picture where it is time for a snapshot."""

    number: int = 0  # iterations done
    snapshot: Image | None = None


@dataclass(frozen=True)
class TextureResult:
    """A texture, and how it was made."""

    image: Image  # [1, 3, H, W]
    guidance: str
    steps: int = 0
    losses: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    device: str = "cpu"  # that made it


def style_texture(style: Image, choices: TextureChoices, pool: ModelPool) -> Work[TextureResult]:
    """A texture of a style image [1, 3, h, w]; BadRequest for a region or layers that are not there, Missing for weights.

    Where memory runs out it is begun anew with less, in the end by the processor, with a note. Raises OutOfMemory.
    """
    result, used = yield from sparing(partial(_texture, style, choices), pool)
    device = "cpu" if result.guidance == QUILTING else str(used.device)
    return replace(result, notes=(*result.notes, *newly_lacked(used, pool)), device=device)


def _texture(style: Image, choices: TextureChoices, pool: ModelPool) -> Work[TextureResult]:
    yield Progress("looking at the style image", 0.0)
    exemplar, notes = exemplar_of(style, choices)
    if choices.guidance == QUILTING:
        result = yield from _quilted(exemplar, choices)
    elif choices.guidance in ENCODERS:
        result = yield from _matched(exemplar.to(pool.device), choices, texture_encoder(choices, pool))
    else:
        raise BadRequest(
            f"There is no guidance named '{choices.guidance}' for textures; choose one of: {', '.join(GUIDANCES)}."
        )
    image = calm_border(result.image) if choices.tiled else result.image
    return TextureResult(image, result.guidance, result.steps, result.losses, (*notes, *result.notes))


def exemplar_of(style: Image, choices: TextureChoices) -> tuple[Image, tuple[str, ...]]:
    """The chosen region of a style image, scaled down to the texture's longer side where it is larger, and what to tell.

    A narrow one stays so large that its shorter side has LEAST_EXEMPLAR px.
    """
    height, width = style.shape[-2:]
    x, y, w, h = choices.region or _area(style, choices.area)
    if x < 0 or y < 0 or x + w > width or y + h > height:
        raise BadRequest(f"The region {x},{y},{w},{h} is not inside the style image, which has {width} × {height} px.")
    if min(w, h) < LEAST_EXEMPLAR:
        raise BadRequest(f"The region of the style image has {w} × {h} px; choose at least {LEAST_EXEMPLAR} px a side.")
    part = style[..., y : y + h, x : x + w]
    scale = max(max(choices.size) / max(w, h), LEAST_EXEMPLAR / min(w, h))
    if scale >= 1:
        return part, ()
    size = (round(h * scale), round(w * scale))
    note = f"The style image was scaled to {size[1]} × {size[0]} px; choose a part of it to have its lines larger."
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
        raise BadRequest(f"A patch has at most {most} px here, half of the shortest side there is, not {choices.patch}.")
    return choices.patch


def texture_encoder(choices: TextureChoices, pool: ModelPool) -> Encoder:
    """The encoder with the chosen layers; BadRequest lists those there are, Missing names what brings its weights."""
    known = FEATURE_LAYERS[choices.guidance]
    wanted = choices.layers or DEFAULT_LAYERS[choices.guidance]
    if unknown := [layer for layer in wanted if layer not in known]:
        raise BadRequest(f"{choices.guidance} has no layer '{unknown[0]}'; choose from: {', '.join(known)}.")
    return ENCODERS[choices.guidance](weights.load(choices.guidance, pool.places), pool.device, wanted, torch.float32)


def _matched(exemplar: Image, choices: TextureChoices, encoder: Encoder) -> Work[TextureResult]:
    """By an encoder's Gram matrices, coarse to fine."""
    generator = torch.Generator().manual_seed(choices.seed)
    sizes, shares = _sizes(exemplar, choices), (0.5, 0.3, 0.2)
    picture = colored_noise(exemplar, sizes[0][1], generator)
    done, losses = 0, {}
    for number, (small, size) in enumerate(sizes):
        last = number == len(sizes) - 1
        count = choices.iterations - done if last else round(choices.iterations * shares[number + 3 - len(sizes)])
        part = _Matching(resized(exemplar, small), resized(picture, size), choices, encoder, generator)
        for losses in part.steps(count):
            done += 1
            due = choices.snapshot_every and done % choices.snapshot_every == 0
            shot = resized(part.picture(), choices.size) if due else None
            share = done / max(choices.iterations, 1)
            yield TextureStep("matching the style", share, None, losses, part.picture().cpu(), number=done, snapshot=shot)
        picture = part.picture()
    return TextureResult(picture, encoder.name, done, losses)


def _sizes(exemplar: Image, choices: TextureChoices) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Sizes (height, width) of exemplar and picture, coarse to fine: a quarter, a half, the whole."""
    found = []
    for scale in (4, 2, 1):
        small, size = (
            (max(1, s[0] // scale), max(1, s[1] // scale)) for s in ((exemplar.shape[-2], exemplar.shape[-1]), choices.size)
        )
        if min(*small, *size) >= LEAST_SEEN or scale == 1:
            found.append((small, size))
    return found


class _Matching:
    """The optimization of a picture of one size."""

    def __init__(
        self, exemplar: Image, start: Image, choices: TextureChoices, encoder: Encoder, generator: torch.Generator
    ) -> None:
        self._pixels, self._choices, self._generator = Pixels(start, exemplar), choices, generator
        self._style, self._color = GramMatch(exemplar, encoder), ColorMatch(exemplar)

    def picture(self) -> Image:
        """As it stands [1, 3, h, w]."""
        return self._pixels.image().detach()

    def steps(self, count: int) -> Iterator[dict[str, float]]:
        """Takes `count` steps; the unweighted losses of each."""
        optimizer = self._optimizer()
        for number in range(count):
            losses: dict[str, float] = {}
            if self._choices.optimizer == "adam":
                optimizer.param_groups[0]["lr"] = RATES[0] + (RATES[1] - RATES[0]) * number / count

            def closure(losses: dict[str, float] = losses) -> float:
                optimizer.zero_grad()
                total = self._loss(losses)
                total.backward()
                return float(total.detach())

            optimizer.step(closure)
            yield dict(losses)

    def _optimizer(self) -> torch.optim.Optimizer:
        if self._choices.optimizer == "adam":
            return torch.optim.Adam(self._pixels.parameters, lr=RATES[0])
        return torch.optim.LBFGS(self._pixels.parameters, lr=1.0, max_iter=1, history_size=20)

    def _loss(self, losses: dict[str, float]) -> Tensor:
        image = self._pixels.image()
        down, right = self._shift()
        style = self._style(shifted(image, MARGIN, down, right, self._choices.tiled)) + COLOR * self._color(image)
        variation = total_variation(image, self._choices.tiled)
        losses.update(style=float(style.detach()), variation=float(variation.detach()))
        choices = self._choices
        return (choices.style_loss_weight * style + choices.variation_loss_weight * variation) / 1e7

    def _shift(self) -> tuple[int, int]:
        """Where the encoder looks from; the same for each step of L-BFGS, which takes the loss for a fixed one."""
        if self._choices.optimizer == "lbfgs":
            return MARGIN // 2, MARGIN // 2
        down, right = torch.randint(0, MARGIN, (2,), generator=self._generator).tolist()
        return down, right
