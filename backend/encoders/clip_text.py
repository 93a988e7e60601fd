"""What CLIP makes of a text (Radford et al. 2021): a transformer over tokens, from OpenAI's key layout or the hub's."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from backend.encoders.byte_pairs import Words
from backend.encoders.clip import blocks_from_hub, layer_norm, transformer
from backend.encoders.encoder import Kernels, Weights, arithmetic

HUB = "text_model.embeddings.token_embedding.weight"
MERGES = "merges"  # the key of a vocabulary's tensor


class ClipText:
    """The part of a CLIP that reads; its embeddings are compared with the pooled embedding of what sees."""

    def __init__(
        self, weights: Weights, vocabulary: Weights, device: torch.device, name: str, dtype: torch.dtype | None = None
    ) -> None:
        """weights: of the whole CLIP; vocabulary: its merges. Raises Missing where the weights are another network's."""
        self.name, self._words = name, Words(vocabulary[MERGES])
        self._kernels = kernels = Kernels(text_as_openai(weights), device, dtype or arithmetic(device), name)
        self._tokens, self._place = kernels("token_embedding.weight"), kernels("positional_embedding")
        self._blocks = transformer(kernels, "transformer.resblocks.")
        ahead = torch.full((len(self._place), len(self._place)), float("-inf")).triu(1)
        self._ahead = ahead.to(kernels.device, kernels.dtype)  # [T, T] no token sees those behind it

    def holds(self, text: str) -> bool:
        """Whether all of a text is read; of a longer one only the beginning is."""
        return len(self._words.tokens(text)) <= len(self._place) - 2

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Embeddings [B, D] of texts, float32, not normalized."""
        rows = self._words.rows(texts, len(self._place)).to(self._kernels.device)
        x = self._tokens[rows] + self._place
        for block in self._blocks:
            x, _attention = block(x, self._ahead)
        ends = (rows == self._words.end).int().argmax(1)
        last = layer_norm(x, self._kernels, "ln_final")[torch.arange(len(x)), ends]
        return (last @ self._kernels("text_projection")).float()


def text_as_openai(weights: Weights) -> Weights:
    """The reading part's tensors under OpenAI's keys, whichever layout they come in."""
    if HUB not in weights:
        return weights
    found = {
        "token_embedding.weight": weights[HUB],
        "positional_embedding": weights["text_model.embeddings.position_embedding.weight"],
        "text_projection": weights["text_projection.weight"].T,
    }
    for end in ("weight", "bias"):
        found[f"ln_final.{end}"] = weights[f"text_model.final_layer_norm.{end}"]
    return found | blocks_from_hub(weights, "text_model.encoder.layers.", "transformer.resblocks.")
