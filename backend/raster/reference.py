"""The readable rasterizer: every stroke against every pixel. The truth in tests; any device, float64-capable."""

from __future__ import annotations

import torch
from torch import Tensor

from backend.core.bezier import bernstein, segment_points
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.raster.coverage import stroke_coverage

SAMPLES = 64  # per segment, before refinement


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
    count = int(strokes.segments[i])
    cubics = segment_points(strokes.points[i : i + 1])[0, :count]
    with torch.no_grad():
        t = torch.linspace(0, 1, SAMPLES + 1, dtype=centers.dtype, device=centers.device)
        samples = torch.einsum("tk,skd->std", bernstein(t), cubics).reshape(-1, 2)
        u = (torch.arange(count, device=t.device)[:, None] + t[None]).reshape(-1) / count
        radii = width_at(strokes.widths[i : i + 1].expand(len(u), -1), u) / 2
        nearest = (torch.cdist(centers, samples) - radii).argmin(1)
        which, at = nearest // (SAMPLES + 1), t[nearest % (SAMPLES + 1)]
        at = newton(cubics[which], at, centers, 1 / SAMPLES)
    offset = centers - (bernstein(at)[..., None] * cubics[which]).sum(1)
    distance = (offset.square().sum(-1) + 1e-12).sqrt()
    width = width_at(strokes.widths[i : i + 1].expand(len(at), -1), (which + at) / count)
    return stroke_coverage(distance, offset.detach() / distance.detach()[:, None], width, softness)


def width_at(widths: Tensor, u: Tensor) -> Tensor:
    """Widths [P] at parameters u [P] in [0, 1] from knots [P, K]."""
    knots = widths.shape[1]
    if knots == 1:
        return widths[:, 0]
    place = u * (knots - 1)
    left = place.floor().long().clamp(0, knots - 2)
    part = place - left
    low, high = widths.gather(1, left[:, None])[:, 0], widths.gather(1, left[:, None] + 1)[:, 0]
    return low * (1 - part) + high * part


def newton(cubics: Tensor, t: Tensor, target: Tensor, reach: float) -> Tensor:
    """Parameters [P] one Newton step (at most `reach`) nearer to the points of cubics [P, 4, 2] closest to targets [P, 2]."""
    d1 = 3 * (cubics[:, 1:] - cubics[:, :-1])
    d2 = 2 * (d1[:, 1:] - d1[:, :-1])
    s = 1 - t
    offset = (bernstein(t)[..., None] * cubics).sum(1) - target
    v = (torch.stack([s * s, 2 * s * t, t * t], -1)[..., None] * d1).sum(1)
    a = (torch.stack([s, t], -1)[..., None] * d2).sum(1)
    slope = (v * v).sum(-1) + (offset * a).sum(-1)
    step = torch.where(slope > 1e-9, (offset * v).sum(-1) / slope.clamp_min(1e-9), torch.zeros_like(t))
    return (t - step.clamp(-reach, reach)).clamp(0, 1)
