"""Strokes for the rasterizers' tests."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from backend.core.bezier import sample
from backend.core.strokes import Strokes

SIZE = (50, 61)  # height, width, px
PAPER = torch.tensor([1.0, 0.9, 0.8])
PARTS = ("points", "widths", "colors", "opacities")


def as_dtype(strokes: Strokes, dtype: torch.dtype) -> Strokes:
    return replace(strokes, **{part: getattr(strokes, part).detach().to(dtype) for part in PARTS})


def gentle_curve(generator: torch.Generator, segments: int, length: float, turns: float) -> Tensor:
    """A smooth poly-Bézier [3s+1, 2] of segments of `length` px that turns by at most `turns` radians at a control point."""
    x, y, heading = *(torch.rand(2, generator=generator) * 45 + 4).tolist(), torch.rand(1, generator=generator).item() * 6.3
    points = [(x, y)]
    for _ in range(segments):
        for turn in (0.0, *((torch.rand(2, generator=generator) - 0.5) * 2 * turns).tolist()):
            heading += turn
            x, y = points[-1]
            points.append((x + math.cos(heading) * length / 3, y + math.sin(heading) * length / 3))
    return torch.tensor(points, dtype=torch.float64)


def gentle_scene(knots: int = 1, seed: int = 0, width: tuple[float, float] = (1.0, 3.0), turns: float = 0.2) -> Strokes:
    """Six colored, half transparent strokes of one to four segments, float64."""
    generator = torch.Generator().manual_seed(seed)
    strokes = Strokes.build([gentle_curve(generator, segments, 18.0, turns) for segments in (1, 3, 2, 1, 4, 2)], 1.0)
    count = len(strokes)
    low, high = width
    return replace(
        strokes,
        widths=low + (high - low) * torch.rand(count, knots, generator=generator, dtype=torch.float64),
        colors=torch.rand(count, 3, generator=generator, dtype=torch.float64),
        opacities=0.3 + 0.7 * torch.rand(count, generator=generator, dtype=torch.float64),
    )


def draw_and_pull(
    rasterizer: Callable[..., Tensor], strokes: Strokes, cotangent: Tensor, softness: float, size: tuple[int, int] = SIZE
) -> tuple[Tensor, list[Tensor]]:
    """The picture, and the gradients of its product with the cotangent to points, widths, colors and opacities."""
    leaves = [getattr(strokes, part).clone().requires_grad_() for part in PARTS]
    image = rasterizer(replace(strokes, **dict(zip(PARTS, leaves, strict=True))), size, PAPER, softness)
    return image.detach(), list(torch.autograd.grad((image * cotangent.to(image)).sum(), leaves))


def relative(a: Tensor, b: Tensor) -> float:
    """The length of a − b, in lengths of b."""
    return float((a.double() - b.double()).norm() / b.double().norm().clamp_min(1e-12))


def supersampled(strokes: Strokes, size: tuple[int, int], paper: Tensor, times: int = 8, pieces: int = 24) -> Tensor:
    """The exact picture [3, H, W]: `times` × `times` points per pixel against finely sampled strokes, source-over."""
    height, width = size
    step = (torch.arange(times, dtype=torch.float64) + 0.5) / times - 0.5
    within = torch.cartesian_prod(step, step)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    centers = torch.stack([x, y], -1).double().reshape(-1, 2) + 0.5
    picture = paper.double().expand(height * width, 3).clone()
    for i in range(len(strokes)):
        one = strokes.select(slice(i, i + 1))
        joints = sample(one.points.double(), one.segments, pieces * int(one.segments[0]) + 1)[0][0]
        radius = float(one.widths[0, 0]) / 2
        away = _distance(centers, joints)
        covered = (away < radius).double()
        edge = (away - radius).abs() < 0.75
        points = (centers[edge][:, None] + within).reshape(-1, 2)
        covered[edge] = (_distance(points, joints) <= radius).double().reshape(-1, times * times).mean(1)
        alpha = float(one.opacities[0]) * covered[:, None]
        picture = picture * (1 - alpha) + one.colors[0].double() * alpha
    return picture.T.reshape(3, height, width)


def _distance(points: Tensor, joints: Tensor) -> Tensor:
    start, along = joints[:-1], joints.diff(dim=0)
    offset = points[:, None] - start
    part = ((offset * along).sum(-1) / along.square().sum(-1).clamp_min(1e-20)).clamp(0, 1)
    return (offset - part[..., None] * along).norm(dim=-1).amin(1)
