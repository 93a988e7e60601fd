"""What a denoising network is told that a picture shows: texts, learned words, pictures."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.core.errors import BadRequest
from backend.diffusion.checkpoint import Networks

PLACEHOLDER = "*"  # the word that a learned embedding stands for


@dataclass(frozen=True)
class Condition:
    """What is told, and what is told to steer away from."""

    told: Tensor  # [1, T, C]
    avoided: Tensor  # [1, T, C]
    pictures: Tensor | None = None  # [2, 1, E]: image embeddings for an adapter, those of what is avoided first


def text_condition(networks: Networks, text: str, negative: str = "") -> Condition:
    """A prompt and a negative prompt."""
    return Condition(encode_text(networks, text), encode_text(networks, negative))


@torch.no_grad()
def encode_text(networks: Networks, text: str) -> Tensor:
    """The text encoder's states [1, T, C] of a text."""
    with networks.using(networks.text_encoder) as encoder:
        states: Tensor = encoder(token_ids(networks, text)[0].to(networks.device))[0]
    return states


def encode_with_word(networks: Networks, text: str, word: Tensor) -> Tensor:
    """The states [1, T, C] of a text in which PLACEHOLDER has the embedding `word` [C]; differentiable in it.

    Raises BadRequest where the tokenizer knows no such word, or the text has none.
    """
    ids, _cut = token_ids(networks, text)
    place = ids.to(networks.device) == placeholder_id(networks)
    if not bool(place.any()):
        raise BadRequest(
            "There is no {word} in the text '{text}', which the style stands for. Add one.", word=PLACEHOLDER, text=text[:80]
        )
    with networks.using(networks.text_encoder) as encoder, _replaced(encoder, place, word):
        states: Tensor = encoder(ids.to(networks.device))[0]
    return states


def token_ids(networks: Networks, text: str) -> tuple[Tensor, bool]:
    """The tokens [1, T] of a text, and whether its end had to be left out."""
    tokenizer = networks.tokenizer
    longest = min(tokenizer.model_max_length, networks.text_encoder.config.max_position_embeddings)
    options = {"padding": "max_length", "max_length": longest, "truncation": True, "return_tensors": "pt"}
    whole = len(tokenizer(text).input_ids)
    return tokenizer(text, **options).input_ids, whole > longest


def placeholder_id(networks: Networks) -> int:
    """The token of PLACEHOLDER; BadRequest for a tokenizer that has none."""
    ids = networks.tokenizer(PLACEHOLDER, add_special_tokens=False).input_ids
    if len(ids) != 1 or ids[0] == networks.tokenizer.unk_token_id:
        raise BadRequest(
            "The tokenizer of {name} has no word '{word}'. Choose another checkpoint.", name=networks.name, word=PLACEHOLDER
        )
    return int(ids[0])


@contextlib.contextmanager
def _replaced(encoder: torch.nn.Module, place: Tensor, word: Tensor) -> Iterator[None]:
    """The encoder with another embedding of the tokens at `place` [1, T]."""

    def put(_module: torch.nn.Module, _inputs: object, embedded: Tensor) -> Tensor:
        return torch.where(place[..., None], word.to(embedded.dtype), embedded)

    hook = encoder.get_input_embeddings().register_forward_hook(put)  # type: ignore[operator]
    try:
        yield
    finally:
        hook.remove()
