"""A drawing as a PNG picture, through a rasterizer."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from PIL import Image as PillowImage
from torch import Tensor

from backend.core.drawing import Drawing, Layer
from backend.core.image import Framing
from backend.core.strokes import Strokes

Draw = Callable[[Strokes, tuple[int, int], Tensor], Tensor]  # a Rasterizer


def drawing_png(drawing: Drawing, draw: Draw, device: torch.device, long_side: int) -> bytes:
    """The drawing on its paper as the bytes of a PNG whose longer side has `long_side` px."""
    framing = Framing.whole(drawing.size, long_side)
    paper = torch.tensor(drawing.paper, device=device)
    with torch.no_grad():
        strokes = _stacked([_reframed(layer, framing) for layer in drawing.layers if len(layer.strokes)])
        if strokes is None:
            image = paper.view(1, 3, 1, 1).expand(1, 3, *framing.canvas)
        else:
            image = draw(strokes.to(device), framing.canvas, paper)
    pixels = (image[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _reframed(layer: Layer, framing: Framing) -> Strokes:
    """A layer's strokes on another canvas of the same source."""
    strokes = layer.strokes.to("cpu")
    points = framing.to_canvas(layer.framing.to_source(strokes.points))
    widths = strokes.widths * (framing.scale / layer.framing.scale)
    return Strokes(points, strokes.segments, strokes.closed, widths, strokes.colors, strokes.opacities)


def _stacked(layers: Sequence[Strokes]) -> Strokes | None:
    """The strokes of several layers as one, the bottom layer first."""
    if not layers:
        return None
    longest = max(strokes.points.shape[1] for strokes in layers)
    knots = max(strokes.widths.shape[1] for strokes in layers)
    return Strokes(
        points=torch.cat([_padded(strokes.points, longest) for strokes in layers]),
        segments=torch.cat([strokes.segments for strokes in layers]),
        closed=torch.cat([strokes.closed for strokes in layers]),
        widths=torch.cat([_resampled(strokes.widths, knots) for strokes in layers]),
        colors=torch.cat([strokes.colors for strokes in layers]),
        opacities=torch.cat([strokes.opacities for strokes in layers]),
    )


def _padded(points: Tensor, count: int) -> Tensor:
    return torch.cat([points, points[:, -1:].expand(-1, count - points.shape[1], -1)], 1)


def _resampled(widths: Tensor, knots: int) -> Tensor:
    if widths.shape[1] in (1, knots):
        return widths.expand(-1, knots)
    return F.interpolate(widths[:, None], knots, mode="linear", align_corners=True)[:, 0]
