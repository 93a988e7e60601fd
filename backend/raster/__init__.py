"""Floor 2: strokes to pixels, differentiably."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.raster.culled import rasterize_culled
from backend.raster.reference import rasterize_reference


class Rasterizer(Protocol):
    """Draws strokes on paper.

    size: height and width of the canvas, px. paper: sRGB [3]. softness: half width of the edge filter beyond the exact
    pixel box, px; 0 draws what an editor shows. Differentiable in points, widths, colors and opacities.
    """

    def __call__(self, strokes: Strokes, size: tuple[int, int], paper: Tensor, softness: float = 0.0) -> Image: ...


RASTERIZERS: dict[str, Rasterizer] = {"reference": rasterize_reference, "culled": rasterize_culled}

__all__ = ["RASTERIZERS", "Rasterizer", "rasterize_culled", "rasterize_reference"]
