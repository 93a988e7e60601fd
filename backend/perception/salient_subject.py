"""The subject of a picture as a network sees it."""

from __future__ import annotations

from typing import Protocol

import torch

from backend.core.image import Image, Mask
from backend.perception.foreground import Foreground, fit_foreground

LEAST, MOST = 0.01, 0.97  # share of the picture that a subject may fill
UNSURE = (0.2, 0.8)  # between them a place is neither subject nor surroundings …
MOST_UNSURE = 0.5  # … and the share of them, of the subject's places, with which nothing was told apart


class Cutter(Protocol):
    """A network that tells the subject from its surroundings."""

    @property
    def name(self) -> str: ...

    def __call__(self, image: Image) -> Mask:
        """How surely each place of an image [1, 3, H, W] belongs to the subject [1, 1, H, W], 0 … 1."""
        ...


def cut_by(cutter: Cutter, image: Image) -> Foreground:
    """The foreground of an image [1, 3, H, W], drawn in to the subject's own outline; not trusted where it is no answer."""
    sureness = cutter(image)
    mask = sureness.gt(0.5).float()
    share, between = float(mask.mean()), (sureness > UNSURE[0]) & (sureness < UNSURE[1])
    if not LEAST < share < MOST or float(between.float().mean()) > MOST_UNSURE * share:
        return Foreground(torch.ones_like(mask), False, "The network could not tell the subject from its surroundings.")
    return fit_foreground(image, mask)
