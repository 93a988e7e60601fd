"""Floor 2: strokes to pixels, differentiably."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.raster.cuda import cuda_engine, has_card
from backend.raster.culled import rasterize_culled
from backend.raster.diffvg import has_diffvg, rasterize_diffvg
from backend.raster.native import BUILD_COMMAND, native_engine
from backend.raster.reference import rasterize_reference


class Rasterizer(Protocol):
    """Draws strokes on paper, with round caps and joins; a closed stroke ends where it began.

    size: height and width of the canvas, px. paper: sRGB [3]. softness: 0 draws what an editor shows; above, the edge filter
    is a tent that reaches so many px farther than a pixel's corners. Differentiable in points, widths, colors, opacities.
    """

    def __call__(self, strokes: Strokes, size: tuple[int, int], paper: Tensor, softness: float = 0.0) -> Image: ...


LACKED = {
    "native": f"run `{BUILD_COMMAND}`",
    "diffvg": "install pydiffvg from diffvg's sources in the Python of `stylesketch doctor`",
    "cuda": "it needs an NVIDIA card that the torch of `stylesketch doctor` can use",
}
"""What to do where an engine is not here."""


def rasterizers() -> dict[str, Rasterizer]:
    """Every engine that works here, by name, best first; those at the end draw only where they are asked for."""
    found: dict[str, Rasterizer] = {}
    engine = native_engine()
    if engine:
        found["native"] = engine
    found["culled"] = rasterize_culled
    found["reference"] = rasterize_reference
    if has_diffvg():
        found["diffvg"] = rasterize_diffvg
    if has_card():
        found["cuda"] = cuda_engine()  # has never met a card, so nobody gets it unasked
    return found


__all__ = ["LACKED", "Rasterizer", "rasterize_culled", "rasterize_reference", "rasterizers"]
