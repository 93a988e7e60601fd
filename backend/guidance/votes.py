"""Which of several lines would make a drawing most like its photograph, asked of an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Mask
from backend.encoders.encoder import Encoder
from backend.guidance.glance import Glance

Row = npt.NDArray[np.float64]  # [M, 2] canvas px
Ink = npt.NDArray[np.float32]  # [h, w] 1 = ink


class FeatureVotes:
    """A drawing that grows line by line, and what every next line would add to its likeness.

    Likeness: channel-wise cosine of features, summed over the layers, its mean over places weighted by where it matters.
    """

    def __init__(self, encoder: Encoder, glance: Glance, interest: Mask | None = None, emphasis: float = 2.0) -> None:
        """interest: [1, 1, H, W] of the canvas, 0 … 1, a place of 1 counts 1 + `emphasis` times."""
        self._encoder, self._glance = encoder, glance
        with torch.no_grad():
            self._target = {layer: F.normalize(values, dim=1) for layer, values in encoder(glance.image).items()}
        shown = torch.zeros(1, 1, *glance.size) if interest is None else glance.shown(interest)
        self._weights = {layer: _weights(shown.to(values), values, emphasis) for layer, values in self._target.items()}
        self._paper: Ink = np.ones(glance.size, np.float32)
        self._likeness: float | None = None  # of the drawing as it stands

    def gains(self, rows: Sequence[Row]) -> npt.NDArray[np.float64]:
        """How much likeness each of these lines would add [n]."""
        pictures = [self._paper * (1 - self._ink(row)) for row in rows]
        if self._likeness is None:
            self._likeness = float(self._likenesses([self._paper])[0])
        return self._likenesses(pictures) - self._likeness

    def draw(self, row: Row) -> None:
        """This line is part of the drawing now."""
        self._paper = self._paper * (1 - self._ink(row))
        self._likeness = None

    def _ink(self, row: Row) -> Ink:
        """A line one and a half px wide."""
        place = (row + 0.5) * self._glance.scale + (self._glance.inward(torch.zeros(2)).numpy() - 0.5)
        points = np.round(place * 16).astype(np.int32)
        drawn = [np.zeros(self._glance.size, np.uint8) for _ in range(2)]
        for width, canvas in enumerate(drawn, 1):
            cv2.polylines(canvas, [points], False, 255, width, cv2.LINE_AA, shift=4)
        return ((drawn[0].astype(np.float32) + drawn[1]) / 510).astype(np.float32)

    @torch.no_grad()
    def _likenesses(self, pictures: Sequence[Ink]) -> npt.NDArray[np.float64]:
        images = torch.from_numpy(np.stack(pictures))[:, None].to(self._glance.image.device)
        total: Tensor = torch.zeros(len(pictures))
        for layer, values in self._encoder(images).items():
            alike = (F.normalize(values, dim=1) * self._target[layer]).sum(1, keepdim=True)
            total = total + (alike * self._weights[layer]).sum((1, 2, 3)).cpu()
        return total.double().numpy()


def _weights(interest: Tensor, values: Tensor, emphasis: float) -> Tensor:
    """Weights [1, 1, h, w] of a layer's places, their sum 1."""
    weights = 1 + emphasis * F.interpolate(interest, values.shape[-2:], mode="area")
    return weights / weights.sum()
