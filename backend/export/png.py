"""A drawing as a PNG picture, through a rasterizer."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image as PillowImage
from torch import Tensor

from backend.core.drawing import Drawing, Layer
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.export.texture import textured

Pixels = npt.NDArray[np.uint8]  # [H, W, 3] sRGB
Draw = Callable[[Strokes, tuple[int, int], Tensor], Tensor]  # a Rasterizer


def drawing_png(drawing: Drawing, draw: Draw, device: torch.device, long_side: int) -> bytes:
    """The drawing on its paper as the bytes of a PNG whose longer side has `long_side` px."""
    return png_bytes(drawing_pixels(drawing, draw, device, long_side))


def png_bytes(pixels: Pixels) -> bytes:
    """A picture as a PNG."""
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def drawing_pixels(drawing: Drawing, draw: Draw, device: torch.device, long_side: int) -> Pixels:
    """The drawing on its paper; the picture's longer side has `long_side` px."""
    framing = Framing.whole(drawing.size, long_side)
    paper = torch.tensor(drawing.paper, device=device)
    with torch.no_grad():
        parts = [_reframed(layer, framing) for layer in drawing.layers if len(layer.strokes)]
        if parts:
            image = textured(draw(Strokes.joined(parts).to(device), framing.canvas, paper), drawing.texture, framing, paper)
        else:
            image = paper.view(1, 3, 1, 1).expand(1, 3, *framing.canvas)
    pixels: Pixels = (image[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return pixels


def _reframed(layer: Layer, framing: Framing) -> Strokes:
    """A layer's strokes on another canvas of the same source."""
    strokes = layer.strokes.to("cpu")
    points = framing.to_canvas(layer.framing.to_source(strokes.points))
    widths = strokes.widths * (framing.scale / layer.framing.scale)
    return Strokes(points, strokes.segments, strokes.closed, widths, strokes.colors, strokes.opacities)
