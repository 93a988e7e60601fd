"""Restyling by a diffusion network: photograph, edge map and style image are told to it, and it redraws (S2PreST)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from backend.core.errors import BadPack
from backend.core.image import Image, luminance
from backend.core.notes import Note, wording
from backend.core.work import Work, mapped
from backend.diffusion.checkpoint import Networks
from backend.diffusion.conditions import PLACEHOLDER, Condition, encode_text, encode_with_word, text_condition, token_ids
from backend.diffusion.edge_guided import EdgeGuided, Redrawn, Shares, edge_guided
from backend.diffusion.style_embedding import LearnedStyle, read_style
from backend.model_pool import ModelPool
from backend.perception.edges import edge_map
from backend.recipes.diffusion_parts import (
    Wanted,
    adapter_eyes,
    adapter_files,
    eyes_of,
    has_eyes,
    need_style,
    sparingly,
    wanted_checkpoint,
)

UNTRAINED = wording("The style '{style}' was not trained, so its picture gave colors and the prompt all else.")
WITHOUT_EYES = Note(
    "CLIP ViT-L/14 is not here (`stylesketch models pull clip_vit_l14`), so the style's word alone was told, "
    "without the photograph's."
)

PREFERRED = ("sd15",)
EDGE_BLUR = 1 / 400  # of the longer side, before edges are looked for
IN_STYLE = "in the style of " + PLACEHOLDER + " , {prompt}"  # the word first, since the ends of long texts are cut; and alone


@dataclass(frozen=True)
class DiffusionStyle:
    """A style as a diffusion network is told it."""

    name: str
    image: Image  # [1, 3, h, w]
    learned: bytes | None = None  # a style pack's learned style
    prompt: str = ""
    negative: str = ""


@dataclass(frozen=True)
class Redrawing:
    """What is needed for the work, all of it here."""

    wanted: Wanted
    style: DiffusionStyle
    learned: LearnedStyle | None
    encoder: Path | None = None  # folder of the adapter's image encoder


def prepared(style: DiffusionStyle, checkpoint: str, pool: ModelPool) -> Redrawing:
    """What redrawing in a style needs; Missing says what is not here and how to get it, BadPack."""
    wanted = wanted_checkpoint(checkpoint, PREFERRED, pool)
    if style.learned is not None:
        return Redrawing(wanted, style, read_style(style.learned))
    files = adapter_files(pool)
    if files is not None:
        return Redrawing(replace(wanted, adapter=files[0]), style, None, files[1])
    if not style.prompt.strip():
        raise need_style(style.name)
    return Redrawing(wanted, style, None)


def redrawn(
    photograph: Image, redrawing: Redrawing, settings: EdgeGuided, pool: ModelPool
) -> Work[tuple[Redrawn, Image, tuple[str, ...]]]:
    """The photograph [1, 3, H, W] redrawn, its edges [1, 1, H, W] dark on white, and what to tell.

    Raises BadPack for a style that was trained for another kind of checkpoint, BadRequest, OutOfMemory.
    """
    edges = canny(photograph)
    work = sparingly(redrawing.wanted, partial(_redrawn, photograph, edges, redrawing, settings, pool))
    image, notes = yield from work
    return image, edges, notes


def canny(photograph: Image) -> Image:
    """The edges [1, 1, H, W] of a picture, dark on white."""
    lightness = 100 * luminance(photograph)[0, 0].cpu().numpy().astype(np.float32)
    found = edge_map(lightness, max(photograph.shape[-2:]) * EDGE_BLUR)
    return 1 - torch.from_numpy(found).float()[None, None]


def _redrawn(
    photograph: Image, edges: Image, redrawing: Redrawing, settings: EdgeGuided, pool: ModelPool, networks: Networks
) -> Work[tuple[Redrawn, tuple[str, ...]]]:
    told = _Told(photograph, edges.expand(-1, 3, -1, -1), redrawing, settings.features, networks, pool)
    condition, notes = told.condition()
    work = edge_guided(photograph, edges, redrawing.style.image, condition, networks, settings)
    result = yield from mapped(work, lambda progress: progress.within(0.05, 1.0))
    return result, (*notes, *networks.memory.notes)


@dataclass(frozen=True)
class _Told:
    """How a style becomes a condition."""

    photograph: Image
    edges: Image
    redrawing: Redrawing
    features: Shares
    networks: Networks
    pool: ModelPool

    def condition(self) -> tuple[Condition, tuple[str, ...]]:
        """The condition, and what to tell."""
        if self.redrawing.learned is not None:
            return self._learned(self.redrawing.learned)
        if self.redrawing.encoder is not None:
            return self._adapted(self.redrawing.encoder), ()
        style = self.redrawing.style
        told = Note(UNTRAINED, style=style.name)
        return text_condition(self.networks, style.prompt, style.negative), (told,)

    def _learned(self, learned: LearnedStyle) -> tuple[Condition, tuple[str, ...]]:
        """Texts whose placeholder is the word of the photograph, of its edges, and of the exemplars, mixed."""
        if learned.width != self.networks.width:
            raise BadPack(
                "The style '{name}' was trained for {checkpoint}, whose words have another size than those of "
                "{networks}. Train it again, or choose that checkpoint.",
                name=self.redrawing.style.name,
                checkpoint=learned.title or "another checkpoint",
                networks=self.networks.name,
            )
        notes = []
        if learned.checkpoint != self.networks.fingerprint:
            notes.append(_trained_for(learned, self.networks))
        words = [learned.exemplar] * 3
        if has_eyes(self.networks, self.pool):
            see = eyes_of(self.networks, self.pool)
            words[:2] = [self._word(learned, see(picture)) for picture in (self.photograph, self.edges)]
        else:
            notes.append(WITHOUT_EYES)
        text = (
            IN_STYLE.format(prompt=self.redrawing.style.prompt.strip()) if self.redrawing.style.prompt.strip() else PLACEHOLDER
        )
        with torch.no_grad():
            states = [encode_with_word(self.networks, text, word[0].to(self.networks.device)) for word in words]
        if token_ids(self.networks, text)[1]:
            notes.append(Note("The prompt is too long for this checkpoint, so its end was left out."))
        avoided = encode_text(self.networks, self.redrawing.style.negative)
        return Condition(self.features.of(*states), avoided), tuple(notes)

    def _word(self, learned: LearnedStyle, embedded: Tensor) -> Tensor:
        if embedded.shape[-1] != learned.word.outward.in_features:
            raise BadPack(
                "The style '{name}' was trained with another image encoder than {networks} has. Train it again.",
                name=self.redrawing.style.name,
                networks=self.networks.name,
            )
        word: Tensor = learned.word(embedded.cpu().float())
        return word

    def _adapted(self, encoder: Path) -> Condition:
        """The prompt, if any, and the pictures' embeddings, mixed."""
        style = self.redrawing.style
        see = adapter_eyes(encoder, self.networks)
        mixed = self.features.of(*(see(picture) for picture in (self.photograph, self.edges, style.image)))
        text = text_condition(self.networks, style.prompt, style.negative)
        return replace(text, pictures=torch.stack([torch.zeros_like(mixed), mixed]))


def _trained_for(learned: LearnedStyle, networks: Networks) -> Note:
    """What to tell of a style that another checkpoint learned."""
    if learned.title:
        return Note("The style was trained for {other}, not for {this}.", other=learned.title, this=networks.name)
    return Note("The style was trained for another checkpoint, not for {this}.", this=networks.name)
