"""The truth that the rasterizers are measured by: pictures by brute supersampling. Slow, not differentiable."""

from __future__ import annotations

import torch
from torch import Tensor

from backend.core.bezier import sample
from backend.core.image import Image
from backend.core.strokes import Strokes

CHUNK = 1 << 22  # distances at a time
FARTHEST_EDGE = 0.75  # px between a pixel's center and an edge that may cross it, rounded up


def exact_picture(strokes: Strokes, size: tuple[int, int], paper: Tensor, times: int = 16, pieces: int = 32) -> Image:
    """What `times` × `times` points per pixel see of strokes of constant width, each straightened to `pieces` per segment."""
    height, width = size
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    centers = torch.stack([x, y], -1).double().reshape(-1, 2) + 0.5
    step = (torch.arange(times, dtype=torch.float64) + 0.5) / times - 0.5
    within = torch.cartesian_prod(step, step)
    picture = paper.double().expand(height * width, 3).clone()
    for i in range(len(strokes)):
        one = strokes.select(slice(i, i + 1))
        joints = sample(one.points.double(), one.segments, pieces * int(one.segments[0]) + 1)[0][0]
        radius = float(one.widths[0, 0]) / 2
        near = ((centers > joints.amin(0) - radius - 1) & (centers < joints.amax(0) + radius + 1)).all(1).nonzero()[:, 0]
        away = _distances(centers[near], joints)
        covered = (away < radius).double()
        edge = (away - radius).abs() < FARTHEST_EDGE
        points = (centers[near[edge]][:, None] + within).reshape(-1, 2)
        covered[edge] = (_distances(points, joints) <= radius).double().reshape(-1, times * times).mean(1)
        alpha = float(one.opacities[0]) * covered[:, None]
        picture[near] = picture[near] * (1 - alpha) + one.colors[0].double() * alpha
    return picture.T.reshape(1, 3, height, width)


def _distances(points: Tensor, joints: Tensor) -> Tensor:
    """Distances [P] of points [P, 2] from a row of joints [M, 2]."""
    parts = points.split(max(1, CHUNK // len(joints)))
    return torch.cat([_nearest(part, joints) for part in parts]) if len(points) else points.new_zeros(0)


def _nearest(points: Tensor, joints: Tensor) -> Tensor:
    start, along = joints[:-1], joints.diff(dim=0)
    x, y = points[:, :1] - start[:, 0], points[:, 1:] - start[:, 1]
    square = along.square().sum(-1).clamp_min(1e-20)
    part = ((x * along[:, 0] + y * along[:, 1]) / square).clamp(0, 1)
    return ((x - part * along[:, 0]).square() + (y - part * along[:, 1]).square()).amin(1).sqrt()
