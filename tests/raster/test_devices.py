"""Engines that draw what lies on another device: the default on graphics cards (native), and what takes over without it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from backend.core.strokes import Strokes
from backend.guidance.ink import InkMatch
from backend.optimize import Schedule, optimize
from backend.parameterize.direct import DirectStrokes
from backend.raster import rasterize_culled, rasterize_reference
from backend.raster.native import NativeEngine
from tests.raster.elsewhere import ELSEWHERE, Elsewhere, another_device, away
from tests.raster.scenes import PAPER, PARTS, SIZE, as_dtype, draw_and_pull, gentle_scene, relative


@pytest.fixture(params=["native", "culled", "reference"])
def engine(request):
    named = {"culled": rasterize_culled, "reference": rasterize_reference}
    return named.get(request.param) or request.getfixturevalue("native")


@pytest.mark.parametrize("softness", [0.0, 1.0])
def test_strokes_on_another_device(engine, softness):
    strokes = as_dtype(gentle_scene(3), torch.float32)
    cotangent = torch.randn(1, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    expected, gradients = draw_and_pull(engine, strokes, cotangent, softness)
    there = Strokes(*(away(getattr(strokes, name)) for name in Strokes.__dataclass_fields__))
    leaves = {part: getattr(there, part).requires_grad_() for part in PARTS}
    with another_device():
        image = engine(replace(there, **leaves), SIZE, away(PAPER), softness)
        found = torch.autograd.grad((image * away(cotangent)).sum(), list(leaves.values()))
    assert image.device == ELSEWHERE and isinstance(image, Elsewhere)
    assert torch.allclose(image.held, expected, atol=1e-6)
    assert all(
        one.device == ELSEWHERE and relative(one.held, other) < 1e-5 for one, other in zip(found, gradients, strict=True)
    )


def test_error_on_another_device(native: NativeEngine):
    strokes = as_dtype(gentle_scene(3), torch.float32)
    target = torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    points = strokes.points.clone().requires_grad_()
    expected = native.squared_error(strokes.with_points(points), target, SIZE, PAPER)
    (gradient,) = torch.autograd.grad(expected, points)
    there = Strokes(*(away(getattr(strokes, name)) for name in Strokes.__dataclass_fields__))
    moved = there.points.requires_grad_()
    with another_device():
        error = native.squared_error(there.with_points(moved), away(target), SIZE, away(PAPER))
        (found,) = torch.autograd.grad(error, moved)
    assert torch.equal(error.detach().held, expected.detach()) and torch.equal(found.held, gradient)


def test_whole_fit_on_another_device(engine):
    """The loop, its loss and what moves stay there, too."""

    def steps(start, target, paper):
        loss = InkMatch(target, paper)
        return list(optimize(DirectStrokes(start), lambda view: (loss(view), {}), Schedule(4), engine, SIZE, paper))

    start, white = as_dtype(gentle_scene(2, 4), torch.float32), torch.ones(3)
    target = 1 - engine(as_dtype(gentle_scene(2, 3), torch.float32), SIZE, white)[:, :1]
    expected = steps(start, target, white)
    there = Strokes(*(away(getattr(start, name)) for name in Strokes.__dataclass_fields__))
    with another_device():
        found = steps(there, away(target), away(white))
    for one, other in zip(found, expected, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-4)
        assert torch.allclose(one.strokes.points.held, other.strokes.points, atol=1e-3)


def test_mixed_devices_are_noticed():
    """A check of the checker."""
    with pytest.raises(RuntimeError, match="two devices"):
        away(torch.ones(3)) + torch.ones(3)
    assert (away(torch.ones(3)) + torch.tensor(1.0)).held.tolist() == [2, 2, 2]
    assert away(torch.ones(3)).cpu().tolist() == [1, 1, 1]
