"""The readable rasterizer: every stroke against every pixel. The truth in tests; any device, float64-capable."""

from __future__ import annotations

import torch
from torch import Tensor

from backend.core.bezier import bernstein, segment_points
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.raster.coverage import filter_reach, stroke_coverage
from backend.raster.folds import find_folds, two_arms, union
from backend.raster.nearest import edge_at, newton, width_at

SAMPLES = 128  # per segment, before refinement
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
        folds = find_folds(cubics, strokes.widths[i], filter_reach(softness))[segment]
        t, other = two_arms(cubics[segment], widths, t, segment, count, folds, centers)
    first = edge_at(cubics[segment], widths, t, segment, count, centers, softness)
    alone = stroke_coverage(*first, softness)
    if bool((other < 0).all()):
        return alone
    second = edge_at(cubics[segment], widths, other.clamp_min(0), segment, count, centers, softness)
    return torch.where(other < 0, alone, union(first, second, softness))


def _nearest_sample(cubics: Tensor, widths: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
    """Segment and parameter [P] of the nearest of SAMPLES points per segment, the stroke's ends among them, but no joint."""
    t = ((torch.arange(SAMPLES, dtype=centers.dtype, device=centers.device) + 0.5) / SAMPLES).repeat(len(cubics), 1)
    t[0, 0], t[-1, -1] = 0, 1
    samples = torch.einsum("stk,skd->std", bernstein(t), cubics).reshape(-1, 2)
    u = (torch.arange(len(cubics), device=t.device)[:, None] + t).reshape(-1) / len(cubics)
    radii = width_at(widths.expand(len(u), -1), u) / 2
    nearest = (torch.cdist(centers, samples) - radii).argmin(1)
    return nearest // SAMPLES, t.reshape(-1)[nearest]
