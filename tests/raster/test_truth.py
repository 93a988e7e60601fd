"""Pictures and gradients against supersampled truth, as `stylesketch bench raster` prints them at full size."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from backend.raster.exact import exact_picture
from tests.raster.scenes import as_dtype, gentle_scene

SIZE, WHITE = (50, 61), torch.ones(3)


def lines(radius, count=6):
    strokes = as_dtype(gentle_scene(seed=8).select(slice(0, count)), torch.float32)
    one = torch.ones_like(strokes.opacities)
    return replace(strokes, widths=torch.full_like(strokes.widths, 2 * radius), colors=0 * strokes.colors, opacities=one)


@pytest.mark.parametrize("radius", [0.25, 0.5, 1.5])
def test_picture_is_exact(native, radius):
    error = native(lines(radius), SIZE, WHITE) - exact_picture(lines(radius), SIZE, WHITE)
    assert error.square().mean() < 1e-4  # 40 dB


@pytest.mark.parametrize(("radius", "bound"), [(1.5, 0.12), (0.5, 0.17)])
def test_gradient_is_that_of_the_exact_picture(native, radius, bound):
    strokes, step = lines(radius, 2), 0.2
    weights = F.interpolate(torch.randn(1, 3, 9, 11, generator=torch.Generator().manual_seed(3)), SIZE, mode="bicubic")
    points = strokes.points.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((native(strokes.with_points(points), SIZE, WHITE) * weights).sum(), points)
    expected = torch.zeros_like(gradient)
    for i in range(len(strokes)):
        for k in range(3 * int(strokes.segments[i]) + 1):
            for axis in range(2):
                ends = []
                for sign in (1, -1):
                    moved = strokes.points.clone()
                    moved[i, k, axis] += sign * step
                    both = replace(strokes, points=moved)
                    ends.append((exact_picture(both, SIZE, WHITE, 16, 24).float() * weights).sum())
                expected[i, k, axis] = (ends[0] - ends[1]) / (2 * step)
    assert (gradient - expected).norm() < bound * expected.norm()
