"""Faces seen from close by: their features are small on the canvas, and what people look at."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backend.core.image import Framing, Image, Mask
from backend.initialize.trace import Closeup, Lines
from backend.perception.faces import Face
from backend.perception.line_field import LineField, LineFieldSettings, line_field

FEATURES = (((-0.2, -0.1), (0.16, 0.1)), ((0.2, -0.1), (0.16, 0.1)), ((0.0, 0.3), (0.22, 0.12)))
"""Middle x, y and half axes of where eyes and mouth are, from the middle of a face, shares of its side."""


@dataclass(frozen=True)
class CloseupSettings:
    """How a face is looked at."""

    side: int = 320  # of the close-up, px
    enlargement: float = 4.0  # of the picture, at most
    around: float = 1.3  # the close-up's side beside the face's
    inner: tuple[float, float] = (
        0.44,
        0.47,
    )  # half axes of the ellipse drawn from it, shares of the face's side
    worth: float = 2.5  # of a line in it beside one elsewhere …
    animal: float = 1.2  # … if it is an animal's: its fur is no more than fur …
    features: float = 2.0  # … and how many times that of a line about the eyes and the mouth


@dataclass(frozen=True)
class FaceCloseup:
    """A face as large as its features need."""

    framing: Framing
    image: Image  # [1, 3, h, w]
    worth: Mask  # [1, 1, h, w], 0 where the region's own lines are drawn

    @classmethod
    def of(cls, face: Face, pixels: Image, mask: Mask, settings: CloseupSettings, least: float) -> FaceCloseup:
        """A face of a source picture [1, 3, H, W] and its mask [1, 1, H, W], enlarged at least `least` times."""
        height, width = pixels.shape[-2:]
        side = settings.around * face.side
        x, y = face.center
        scale = max(least, min(settings.side / side, settings.enlargement))
        canvas = (round(side * scale), round(side * scale))
        framing = Framing((height, width), canvas, (float(round(x - side / 2)), float(round(y - side / 2))), scale)
        middle, large = framing.to_canvas(torch.tensor([x, y])), face.side * scale
        worth = (settings.worth if face.person else settings.animal) * _ellipse(middle, large, canvas, settings.inner)
        for place, axes in FEATURES:
            feature = framing.to_canvas(torch.tensor(face.place(*place)))
            worth = worth * (1 + (settings.features - 1) * _ellipse(feature, large, canvas, axes))
        return cls(framing, framing.crop(pixels), worth * framing.crop(mask, fill=0.0).gt(0.5))

    def on(self, framing: Framing, settings: LineFieldSettings) -> Closeup:
        """Its lines as a close-up of a canvas."""
        lines = lines_of(line_field(self.image, settings, inside=self.worth))
        x, y = framing.to_canvas(torch.tensor(self.framing.origin)).tolist()
        return Closeup(lines, self.worth[0, 0].cpu().numpy(), (x, y), self.framing.scale / framing.scale)


def lines_of(field: LineField) -> Lines:
    """A line field as the initializer takes it."""
    return Lines(field.strength, field.tangent_x, field.tangent_y, field.fine)


def _ellipse(center: Tensor, side: float, size: tuple[int, int], axes: tuple[float, float]) -> Mask:
    """1 within an ellipse around a point x, y, half its axes shares of `side`, else 0 [1, 1, h, w]."""
    y, x = torch.meshgrid(torch.arange(size[0]) + 0.5, torch.arange(size[1]) + 0.5, indexing="ij")
    inside = ((x - center[0]) / (axes[0] * side)) ** 2 + ((y - center[1]) / (axes[1] * side)) ** 2 < 1
    return inside.float()[None, None]
