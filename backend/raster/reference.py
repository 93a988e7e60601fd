"""The readable rasterizer: every stroke against every pixel. The truth in tests; any device, float64-capable."""

from __future__ import annotations

import torch
from torch import Tensor

from backend.core.bezier import bernstein, segment_points
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.raster.nearest import coverage_at, newton, width_at

SAMPLES = 64  # per segment, before refinement
REFINEMENTS = 3


def rasterize_reference(strokes: Strokes, size: tuple[int, int], paper: Tensor, softness: float = 0.0) -> Image:
    """Strokes composited source-over in their order on `paper` [3]; see `Rasterizer`."""
    height, width = size
    dtype, device = strokes.points.dtype, strokes.points.device
    y, x = torch.meshgrid(torch.arange(height, device=device), torch.arange(width, device=device), indexing="ij")
    centers = torch.stack([x, y], -1).to(dtype).reshape(-1, 2) + 0.5
    canvas = paper.to(strokes.points).expand(height * width, 3)
    for i in range(len(strokes)):
        alpha = strokes.opacities[i] * _coverage(strokes, i, centers, softness)
        canvas = canvas * (1 - alpha[:, None]) + strokes.colors[i] * alpha[:, None]
    return canvas.T.reshape(1, 3, height, width)


def _coverage(strokes: Strokes, i: int, centers: Tensor, softness: float) -> Tensor:
    """Coverage [P] of stroke `i` at pixel centers [P, 2]."""
    count = strokes.segments[i].expand(len(centers))
    cubics = segment_points(strokes.points[i : i + 1])[0, : int(strokes.segments[i])]
    widths = strokes.widths[i].expand(len(centers), -1)
    with torch.no_grad():
        segment, t = _nearest_sample(cubics, strokes.widths[i], centers)
        for _ in range(REFINEMENTS):
            t = newton(cubics[segment], widths, t, (segment + t) / count, 1 / count, centers, 1 / SAMPLES)
    return coverage_at(cubics[segment], widths, t, segment, count, centers, softness)


def _nearest_sample(cubics: Tensor, widths: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
    """Segment and parameter [P] of the nearest of SAMPLES points per segment, none of them on a joint of two segments."""
    t = (torch.arange(SAMPLES, dtype=centers.dtype, device=centers.device) + 0.5) / SAMPLES
    samples = torch.einsum("tk,skd->std", bernstein(t), cubics).reshape(-1, 2)
    u = (torch.arange(len(cubics), device=t.device)[:, None] + t).reshape(-1) / len(cubics)
    radii = width_at(widths.expand(len(u), -1), u) / 2
    nearest = (torch.cdist(centers, samples) - radii).argmin(1)
    return nearest // SAMPLES, t[nearest % SAMPLES]
