"""How alike drawings and their photograph are, to choose the best of several attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.drawing import Drawing
from backend.core.image import Framing, Image, Mask
from backend.encoders.clip import POOLED
from backend.encoders.encoder import Encoder, Features
from backend.export.png import drawing_pixels
from backend.guidance.text import likeness_to_text
from backend.model_pool import ModelPool
from backend.perception.line_field import line_field

Map = npt.NDArray[np.float32]  # [H, W]

SIDE = 224  # px, the longer side of what an encoder compares
LINES_SIDE = 448  # px, the longer side of what lines are compared on
NEAR = (0.006, 0.02)  # distances within which a line counts as drawn, share of the longer side
FAINT = 0.15  # strength of a line below which no stroke needs to lie on it
INKED = 0.25  # how far from the paper a pixel is ink

SCORER = "clip_vit_b32"  # whose likenesses are told with drawings of texts

LAYERS: dict[str, dict[str, float]] = {
    "clip_vit_b32": {POOLED: 1.0},
    "clip_rn101": {POOLED: 1.0},
    "squeezenet": {"fire3": 1.0, "fire5": 1.0, "fire9": 1.0},
}
"""The encoders that may judge, the best first, and what of them counts."""


class Judge(Protocol):
    """Scores drawings of one photograph, 1 = alike; the higher, the better."""

    @property
    def name(self) -> str: ...

    def __call__(self, drawings: Sequence[Drawing]) -> list[float]: ...


class EncoderJudge:
    """Mean cosine of what an encoder sees in the photograph's subject on white and in the drawings, all in one batch."""

    def __init__(self, encoder: Encoder, weights: Mapping[str, float], image: Image, mask: Mask, pool: ModelPool) -> None:
        """image, mask: the source picture [1, 3, H, W] and its subject [1, 1, H, W]."""
        self.name, self._encoder, self._weights, self._pool = encoder.name, encoder, weights, pool
        with torch.no_grad():
            self._target = encoder(_squared(_small(image * mask + (1 - mask), SIDE)).to(pool.device))

    @torch.no_grad()
    def embeddings(self, drawings: Sequence[Drawing]) -> Features:
        """What the encoder sees of drawings, every layer [n, C, h, w]."""
        pictures = [drawing_pixels(drawing, self._pool.rasterizer, self._pool.device, SIDE) for drawing in drawings]
        images = torch.cat([_squared(torch.from_numpy(p.astype(np.float32) / 255).permute(2, 0, 1)[None]) for p in pictures])
        return self._encoder(images.to(self._pool.device))

    def __call__(self, drawings: Sequence[Drawing]) -> list[float]:
        seen, total = self.embeddings(drawings), torch.zeros(len(drawings), dtype=torch.float64)
        for layer, weight in self._weights.items():
            alike = F.cosine_similarity(seen[layer], self._target[layer].expand_as(seen[layer]), dim=1)
            total += weight * alike.mean((1, 2)).double().cpu()
        return [float(score) for score in total / sum(self._weights.values())]


class TextJudge:
    """How near drawings are to a text, as CLIP ViT-B/32 sees them: cosines of embeddings."""

    name = SCORER

    def __init__(self, text: str, pool: ModelPool) -> None:
        blank = torch.ones(1, 3, SIDE, SIDE)
        self._eye = EncoderJudge(pool.encoder(SCORER), LAYERS[SCORER], blank, blank[:, :1], pool)
        self._text = pool.reader(SCORER)([text])

    def __call__(self, drawings: Sequence[Drawing]) -> list[float]:
        return [float(score) for score in likeness_to_text(self._eye.embeddings(drawings)[POOLED], self._text)]


class LineJudge:
    """How much of the lines' weight is drawn, and how much of the ink lies on lines: their harmonic mean, over two scales."""

    name = "lines"

    def __init__(self, image: Image, mask: Mask, pool: ModelPool) -> None:
        """image, mask: the source picture [1, 3, H, W] and its subject [1, 1, H, W]."""
        small = _small(image * mask + (1 - mask), LINES_SIDE)
        self._strength, self._pool = line_field(small).strength, pool

    def __call__(self, drawings: Sequence[Drawing]) -> list[float]:
        return [self._score(drawing) for drawing in drawings]

    def _score(self, drawing: Drawing) -> float:
        pixels = drawing_pixels(drawing, self._pool.rasterizer, self._pool.device, LINES_SIDE)
        paper = np.round(255 * np.array(drawing.paper))
        ink = np.abs(pixels.astype(np.float32) - paper).max(2) > 255 * INKED
        lines = self._strength > FAINT
        if not ink.any() or not lines.any():
            return 0.0
        to_ink, to_lines = (_distance(bits) for bits in (ink, lines))
        return float(np.mean([self._agreement(ink, to_ink, to_lines, near * LINES_SIDE) for near in NEAR]))

    def _agreement(self, ink: npt.NDArray[np.bool_], to_ink: Map, to_lines: Map, near: float) -> float:
        weight = np.where(self._strength > FAINT, self._strength, 0)
        recall = float((weight * (to_ink <= near)).sum() / weight.sum())
        precision = float((to_lines[ink] <= near).mean())
        return 2 * recall * precision / max(recall + precision, 1e-9)


def judge_of(image: Image, mask: Mask, pool: ModelPool) -> Judge:
    """The best judge that is here."""
    for name, weights in LAYERS.items():
        if pool.has_encoder(name):
            return EncoderJudge(pool.encoder(name), weights, image, mask, pool)
    return LineJudge(image, mask, pool)


def text_score(drawing: Drawing, text: str, pool: ModelPool) -> dict[str, float]:
    """How near a drawing is to a text, as CLIP ViT-B/32 sees it; nothing without it and its vocabulary.

    This is the seed's own measure: the cosine of embeddings, which is about .2 to .35 even for photographs.
    """
    if not pool.has_reader(SCORER):
        return {}
    return {f"{SCORER} text": round(TextJudge(text, pool)([drawing])[0], 4)}


def image_score(drawing: Drawing, picture: Image, pool: ModelPool) -> dict[str, float]:
    """How near a drawing is to the picture it was drawn after, as a whole, as CLIP ViT-B/32 sees both; nothing without it."""
    if not pool.has_encoder(SCORER):
        return {}
    judge = EncoderJudge(pool.encoder(SCORER), LAYERS[SCORER], picture, torch.ones_like(picture[:, :1]), pool)
    return {f"{SCORER} image": round(judge([drawing])[0], 4)}


def _small(image: Image, side: int) -> Tensor:
    size = Framing.whole((image.shape[-2], image.shape[-1]), side).canvas
    return F.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def _squared(image: Image) -> Image:
    """The picture in the middle of a white square."""
    height, width = image.shape[-2:]
    across, down = max(height - width, 0), max(width - height, 0)
    return F.pad(image, (across // 2, across - across // 2, down // 2, down - down // 2), value=1.0)


def _distance(bits: npt.NDArray[np.bool_]) -> Map:
    found: Map = cv2.distanceTransform((~bits).astype(np.uint8), cv2.DIST_L2, 5)
    return found
