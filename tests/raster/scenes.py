"""Strokes for the rasterizers' tests."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

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
