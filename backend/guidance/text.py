"""Nearness of a drawing to a text, in the space that CLIP has for both."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from backend.encoders.clip import POOLED
from backend.encoders.encoder import Encoder
from backend.guidance.pairs import Pairs
from backend.guidance.view import View


class TextMatch:
    """1 − cosine of the drawing's pooled embedding and the text's, mean over the views (CLIPDraw, Frans et al. 2021).

    Differs from CLIPDraw: the clean drawing is among the views.
    """

    def __init__(self, pairs: Pairs, encoder: Encoder, text: Tensor) -> None:
        """text: [1, D], as the same CLIP's reading part embeds it."""
        self._pairs, self._encoder, self._text = pairs, encoder, text

    def __call__(self, view: View) -> Tensor:
        drawn, _photograph = self._pairs.features(view, self._encoder)
        return 1 - likeness_to_text(drawn[POOLED], self._text).mean()


class KeepInside:
    """Mean square of how far control points lie outside the canvas, px²."""

    def __init__(self, size: tuple[int, int]) -> None:
        """size: height and width, px."""
        self._size = size

    def __call__(self, view: View) -> Tensor:
        points = view.strokes.points
        limit = points.new_tensor([self._size[1], self._size[0]])
        return (F.relu(-points) + F.relu(points - limit)).square().sum(-1).mean()


def likeness_to_text(pooled: Tensor, text: Tensor) -> Tensor:
    """Cosines [B] of pooled embeddings [B, D, 1, 1] and a text's [1, D]."""
    return F.cosine_similarity(pooled.flatten(1), text.to(pooled), dim=1)
