"""A texture in which an encoder sees the same features together as in a style image (Gatys et al. 2015)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from backend import weights
from backend.core.errors import BadRequest
from backend.core.image import Image, Mask
from backend.core.work import Work
from backend.encoders import Encoder
from backend.encoders.squeezenet import MODULES, SqueezeNet
from backend.encoders.vgg import LAYERS, DistilledVgg19, Vgg19
from backend.guidance.gram import ColorMatch, GramMatch
from backend.guidance.variation import total_variation
from backend.model_pool import ModelPool
from backend.parameterize.pixels import Pixels, colored_noise, drawn_on, resized, shifted
from backend.recipes.texture_choices import ADAM, LBFGS, NOISE, PATCHES, TextureChoices, TextureResult, TextureStep

KINDS: dict[str, Callable[..., Encoder]] = {"vgg19": Vgg19, "vgg19_distilled": DistilledVgg19, "squeezenet": SqueezeNet}
FEATURE_LAYERS: dict[str, tuple[str, ...]] = {"vgg19": LAYERS, "vgg19_distilled": LAYERS, "squeezenet": tuple(MODULES)}
DEFAULT_LAYERS = {**FEATURE_LAYERS, "squeezenet": ("fire2", "fire3", "fire4", "fire5", "fire7", "fire9")}
COLOR = 5.0  # what colors weigh beside the Gram matrices
MARGIN = 16  # px by which a picture may be shifted before an encoder sees it, so that its strides leave no pattern
RATES = {NOISE: (0.1, 0.01), PATCHES: (0.03, 0.003)}
"""Of Adam at the first and the last step of a size, in deviations of the exemplar's colors."""
LEAST_SEEN = 64  # px of the shorter side of the coarsest picture that an encoder sees


def texture_encoder(choices: TextureChoices, pool: ModelPool) -> Encoder:
    """The encoder with the chosen layers; BadRequest lists those there are, Missing names what brings its weights."""
    known = FEATURE_LAYERS[choices.guidance]
    wanted = choices.layers or DEFAULT_LAYERS[choices.guidance]
    if unknown := [layer for layer in wanted if layer not in known]:
        raise BadRequest(
            "{guidance} has no layer '{layer}'; choose from: {known}.",
            guidance=choices.guidance,
            layer=unknown[0],
            known=", ".join(known),
        )
    return KINDS[choices.guidance](weights.load(choices.guidance, pool.places), pool.device, wanted, torch.float32)


def matched(exemplar: Image, start: Image | None, choices: TextureChoices, encoder: Encoder) -> Work[TextureResult]:
    """A texture of an exemplar [1, 3, h, w] by an encoder's Gram matrices; start: [1, 3, H, W], or None: noise, coarse to fine.

    A start is only changed where something is drawn on it: on bare ground Gram matrices would emboss what lies beside it.
    """
    generator = torch.Generator().manual_seed(choices.seed)
    sizes, shares = _sizes(exemplar, choices) if start is None else [(_size(exemplar), choices.size)], (0.5, 0.3, 0.2)
    picture = colored_noise(exemplar, sizes[0][1], generator) if start is None else start
    done, losses = 0, {}
    for number, (small, size) in enumerate(sizes):
        last = number == len(sizes) - 1
        count = choices.steps - done if last else round(choices.steps * shares[number + 3 - len(sizes)])
        free = None if start is None else drawn_on(start, choices.tiled)
        part = _Matching(resized(exemplar, small), resized(picture, size), free, choices, encoder, generator)
        for losses in part.steps(count):
            done += 1
            due = choices.snapshot_every and done % choices.snapshot_every == 0
            shot = resized(part.picture(), choices.size) if due else None
            share = done / max(choices.steps, 1)
            yield TextureStep("matching the style", share, None, losses, part.picture().cpu(), number=done, snapshot=shot)
        picture = part.picture()
    return TextureResult(picture, encoder.name, done, losses)


def _size(image: Image) -> tuple[int, int]:
    return image.shape[-2], image.shape[-1]


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
        self,
        exemplar: Image,
        start: Image,
        free: Mask | None,
        choices: TextureChoices,
        encoder: Encoder,
        generator: torch.Generator,
    ) -> None:
        self._pixels, self._choices, self._generator = Pixels(start, exemplar, free), choices, generator
        self._rates = RATES[choices.start]
        self._style, self._color = GramMatch(exemplar, encoder), ColorMatch(exemplar)

    def picture(self) -> Image:
        """As it stands [1, 3, h, w]."""
        return self._pixels.image().detach()

    def steps(self, count: int) -> Iterator[dict[str, float]]:
        """Takes `count` steps; the unweighted losses of each."""
        optimizer = self._optimizer()
        for number in range(count):
            losses: dict[str, float] = {}
            if self._choices.optimizer == ADAM:
                optimizer.param_groups[0]["lr"] = self._rates[0] + (self._rates[1] - self._rates[0]) * number / count

            def closure(losses: dict[str, float] = losses) -> float:
                optimizer.zero_grad()
                total = self._loss(losses)
                total.backward()
                return float(total.detach())

            optimizer.step(closure)
            yield dict(losses)

    def _optimizer(self) -> torch.optim.Optimizer:
        if self._choices.optimizer == ADAM:
            return torch.optim.Adam(self._pixels.parameters, lr=self._rates[0])
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
        if self._choices.optimizer == LBFGS:
            return MARGIN // 2, MARGIN // 2
        down, right = torch.randint(0, MARGIN, (2,), generator=self._generator).tolist()
        return down, right
