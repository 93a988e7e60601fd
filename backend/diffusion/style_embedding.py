"""A style as a word: attention over the exemplar's CLIP embedding gives a placeholder's embedding (InST, Zhang et al. 2023)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backend.core import safetensors
from backend.core.errors import BadPack

HEADS, HEAD = 8, 64
DROPOUT = 0.05
FORMAT = "1"


class StyleWord(nn.Module):
    """From CLIP's embedding of a picture [B, E] to the embedding of a word [B, C].

    Attention to itself, attention to what came in, dropout, one linear layer, as in InST. A picture is a single token
    there, so attention has one place to look at.
    Differs from InST: its network saw nearly black pictures, since they were rounded to whole numbers before CLIP.
    """

    def __init__(self, embedding: int, width: int) -> None:
        super().__init__()
        self.itself = _Attention(embedding)
        self.source = _Attention(embedding)
        self.outward = nn.Linear(embedding, width)

    def forward(self, embedded: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """generator: draws what is dropped in training; without it nothing is."""
        tokens = embedded[:, None]
        seen = self.source(_dropped(self.itself(tokens, tokens), generator), tokens)
        word: Tensor = self.outward(_dropped(seen, generator))[:, 0]
        return word


class _Attention(nn.Module):
    """Of queries to a source, in HEADS heads."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, HEADS * HEAD, bias=False) for _ in range(3))
        self.outward = nn.Linear(HEADS * HEAD, width)

    def forward(self, queries: Tensor, source: Tensor) -> Tensor:
        q, k, v = (_heads(x) for x in (self.query(queries), self.key(source), self.value(source)))
        found: Tensor = self.outward(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return found


@dataclass(frozen=True)
class LearnedStyle:
    """What a style pack carries of a training."""

    word: StyleWord
    exemplar: Tensor  # [1, C], the word of the exemplars, mean
    checkpoint: str  # fingerprint of the checkpoint it was trained for
    title: str  # that checkpoint's name
    steps: int

    @property
    def width(self) -> int:
        """Channels of the word."""
        return int(self.exemplar.shape[-1])


def write_style(style: LearnedStyle) -> bytes:
    """The file of a learned style."""
    told = {"format": FORMAT, "checkpoint": style.checkpoint, "title": style.title, "steps": str(style.steps)}
    tensors = {f"word.{name}": value for name, value in style.word.state_dict().items()} | {"exemplar": style.exemplar}
    return safetensors.write({name: value.detach().float().cpu().numpy() for name, value in tensors.items()}, told)


def read_style(content: bytes) -> LearnedStyle:
    """The learned style in a file; BadPack where it is none."""
    try:
        tensors, told = safetensors.read(content)
        if told.get("format") != FORMAT:
            raise ValueError(f"its format is {told.get('format')}, not {FORMAT}")
        weights = {name: torch.from_numpy(values.copy()) for name, values in tensors.items()}
        exemplar = weights.pop("exemplar")
        width, embedding = weights["word.outward.weight"].shape
        if weights["word.itself.query.weight"].shape != (HEADS * HEAD, embedding):  # before a large one is made
            raise ValueError("its tensors do not fit each other")
        word = StyleWord(embedding, width)
        word.load_state_dict({name.removeprefix("word."): value for name, value in weights.items()})
        if not all(bool(value.isfinite().all()) for value in (*weights.values(), exemplar)) or exemplar.shape != (1, width):
            raise ValueError("its numbers are wrong")
        return LearnedStyle(
            word.eval().requires_grad_(False), exemplar, told["checkpoint"], told.get("title", ""), int(told["steps"])
        )
    except (ValueError, KeyError, RuntimeError, AttributeError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(":.")
        raise BadPack(
            "The learned style of this style pack is damaged ({reason}). Train the style again.", reason=reason
        ) from None


def _heads(x: Tensor) -> Tensor:
    return x.unflatten(-1, (HEADS, HEAD)).transpose(1, 2)


def _dropped(x: Tensor, generator: torch.Generator | None) -> Tensor:
    if generator is None:
        return x
    kept = torch.rand(x.shape, generator=generator).ge(DROPOUT).to(x.device, x.dtype)
    return x * kept / (1 - DROPOUT)
