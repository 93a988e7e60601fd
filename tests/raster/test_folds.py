"""Cubics that turn back on themselves: both arms count where they meet, in every engine and as the exact picture has it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from backend.core.strokes import Strokes
from backend.raster import rasterize_culled, rasterize_reference
from backend.raster.coverage import HALF_DIAGONAL
from backend.raster.exact import exact_picture
from backend.raster.folds import find_folds
from backend.raster.native import NativeEngine
from tests.raster.scenes import PAPER, PARTS, SIZE, as_dtype, draw_and_pull, relative
from tests.raster.test_engines import cotangent

WHITE = torch.ones(3)
HOOK = torch.tensor([[45.0, 6.0], [31, 22], [10, 52], [33, 24]])  # one fold
CUSP = torch.tensor([[10.0, 10.0], [50, 40], [10, 40], [50, 10]])  # a loop; its ends exchanged make it a cusp
ZIGZAG = torch.tensor([[12.0, 30.0], [62, 44], [-4, 9], [34, 24]])  # two folds
ARC = torch.tensor([[8.0, 8.0], [16, 24], [32, 30], [50, 26]])
LINE = torch.tensor([[8.0, 8.0], [20, 16], [32, 24], [44, 32]])
ENGINES = ["culled", "native", "cuda"]


@pytest.fixture(params=ENGINES)
def engine(request):
    return rasterize_culled if request.param == "culled" else request.getfixturevalue(request.param)


def hooks(radius, knots=1):
    strokes = Strokes.build([HOOK, ZIGZAG], 2 * radius)
    swelling = torch.linspace(0.8, 1.2, knots) if knots > 1 else torch.ones(1)
    return replace(strokes, widths=2 * radius * swelling.expand(2, -1).clone())


def folds_of(curve, radius):
    return [t for t in find_folds(curve[None], torch.tensor([[2.0 * radius]]), HALF_DIAGONAL)[0].tolist() if t < 1]


@pytest.mark.parametrize(("curve", "count"), [(HOOK, 1), (ZIGZAG, 2), (ARC, 0), (LINE, 0), (torch.full((4, 2), 9.0), 0)])
def test_folds_are_found(curve, count):
    found = folds_of(curve, 1.5)
    assert len(found) == count
    assert found == sorted(found)


def test_cusp_folds_however_thin_the_stroke():
    cusp = torch.tensor([[22.0, 10.0], [28, 40], [22, 40], [28, 10]])
    assert folds_of(cusp, 1e-3) == pytest.approx([0.5], abs=2e-3)


def test_turns_that_are_wider_than_the_ink_are_no_folds():
    turn = torch.tensor([[10.0, 10.0], [60, 10], [60, 30], [10, 30]])
    assert not folds_of(turn, 1.0)
    assert len(folds_of(turn, 9.0)) == 1


def test_arms_that_part_no_farther_than_the_ink_are_no_folds():
    short = torch.tensor([[20.0, 20.0], [24, 20], [24, 21.5], [20, 21.5]])
    assert not folds_of(short, 1.5)
    assert len(folds_of(short, 1.2)) == 1


def test_arms_that_open_widely_are_no_folds():
    """There the nearest place tells enough."""
    for height, count in ((30, 1), (90, 0)):
        wedge = torch.tensor([[10.0, 50 - height / 2], [50, 50], [50, 50], [10, 50 + height / 2]])
        assert len(folds_of(wedge, 1.5)) == count


@pytest.mark.parametrize("knots", [1, 2])
@pytest.mark.parametrize("softness", [0.0, 0.4])
@pytest.mark.parametrize("radius", [0.5, 1.5])
def test_engines_see_the_same_arms(engine, radius, softness, knots):
    strokes = hooks(radius, knots)
    picture, gradients = draw_and_pull(rasterize_reference, as_dtype(strokes, torch.float64), cotangent(), softness)
    drawn, found = draw_and_pull(engine, strokes, cotangent(), softness)
    away = (drawn - picture).abs().amax(1)
    # On the very fold, whether a pixel sees a second arm is a matter of rounding.
    assert away.square().mean().sqrt() < 3e-3
    assert (away > 5e-3).sum() <= 2
    for part, expected, got in zip(PARTS, gradients, found, strict=True):
        assert relative(got, expected) < 4e-2, part


@pytest.mark.parametrize("knots", [1, 2])
@pytest.mark.parametrize("part", ["points", "widths"])
@pytest.mark.parametrize("softness", [0.0, 0.3, 2.0])
def test_gradients_of_folds_are_those_of_finite_differences(engine, softness, part, knots):
    strokes = hooks(1.5, knots)
    smooth = F.interpolate(cotangent((6, 7)), SIZE, mode="bicubic").float()
    gradient = draw_and_pull(engine, strokes, smooth, softness)[1][PARTS.index(part)].double()
    generator, step = torch.Generator().manual_seed(2), 5e-3 if softness < 1 else 2e-2
    errors, sizes = [], []
    for _ in range(8):
        direction = torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
        ends = []
        for sign in (1, -1):
            moved = (getattr(strokes, part).double() + sign * step * direction).float()
            image = engine(replace(strokes, **{part: moved}), SIZE, PAPER, softness)
            ends.append((image.double() * smooth.double()).sum())
        slope = float(ends[0] - ends[1]) / (2 * step)
        errors.append(float((gradient * direction).sum()) - slope)
        sizes.append(slope)
    # In some directions a pixel ceases to see the second arm, which is a jump.
    assert torch.tensor(errors).abs().sort().values[:5].norm() < 2e-2 * torch.tensor(sizes).norm()


@pytest.mark.parametrize(("radius", "bound"), [(0.5, 0.17), (1.5, 0.06)])
def test_gradient_of_a_hook_is_that_of_the_exact_picture(native, radius, bound):
    """By the nearest place alone it would be twice as far off."""
    strokes, step = Strokes.build([HOOK], 2 * radius), 0.1
    weights = F.interpolate(torch.randn(1, 3, 9, 11, generator=torch.Generator().manual_seed(3)), SIZE, mode="bicubic")
    points = strokes.points.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((native(strokes.with_points(points), SIZE, WHITE) * weights).sum(), points)
    expected = torch.zeros_like(gradient)
    for index in range(8):
        for sign in (1, -1):
            moved = strokes.points.clone()
            moved.view(-1)[index] += sign * step
            picture = exact_picture(strokes.with_points(moved), SIZE, WHITE, 16, 256).float()
            expected.view(-1)[index] += sign * (picture * weights).sum() / (2 * step)
    assert relative(gradient, expected) < bound


def test_pixels_between_two_arms_hold_the_ink_of_both(engine):
    """Two hairlines on either side of a row of centers."""
    pin = torch.tensor([[8.0, 20.2], [60, 20.2], [60, 20.8], [8, 20.8]])
    both = 1 - engine(Strokes.build([pin], 0.3), SIZE, WHITE)[0, 0, 20, 12:30]
    one = (
        1
        - engine(Strokes.build([LINE * torch.tensor([1.0, 0]) + torch.tensor([0.0, 20.2])], 0.3), SIZE, WHITE)[0, 0, 20, 12:30]
    )
    assert torch.allclose(both, 2 * one, atol=0.02)
    assert torch.allclose(one, torch.full_like(one, 0.3), atol=0.02)


def test_same_bits_for_any_number_of_threads(library):
    strokes = hooks(1.5, 2)
    results = [draw_and_pull(NativeEngine(library, threads), strokes, cotangent(), 0.0) for threads in (1, 2, 4)]
    for picture, gradients in results[1:]:
        assert picture.equal(results[0][0])
        assert all(one.equal(other) for one, other in zip(gradients, results[0][1], strict=True))


@pytest.mark.parametrize("softness", [0.0, 0.4])
def test_squared_error_sees_both_arms(native, softness):
    """Drawn, compared and derived in one go, or one after the other."""
    strokes, target = hooks(1.5), torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(4))
    found = []
    for fused in (True, False):
        points = strokes.points.clone().requires_grad_()
        moved = strokes.with_points(points)
        loss = (
            native.squared_error(moved, target, SIZE, PAPER, softness)
            if fused
            else (native(moved, SIZE, PAPER, softness) - target).square().mean()
        )
        found.append(torch.autograd.grad(loss, points)[0])
    assert relative(*found) < 1e-4
