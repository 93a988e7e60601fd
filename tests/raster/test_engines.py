"""Every engine against the readable one, in value and in gradient, and against finite differences."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from backend.core.strokes import Strokes
from backend.raster import rasterize_culled, rasterize_reference
from tests.raster.scenes import PAPER, PARTS, SIZE, as_dtype, draw_and_pull, gentle_scene, relative

LINE = torch.tensor([[5.0, 12.5], [15, 12.5], [25, 20], [35, 20]])


@pytest.fixture(params=["culled", "native", "cuda"])
def engine(request):
    return rasterize_culled if request.param == "culled" else request.getfixturevalue(request.param)


def cotangent(size=SIZE, seed=1):
    return torch.randn(1, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("knots", [1, 2, 5])
@pytest.mark.parametrize("softness", [0.0, 0.4, 2.5])
@pytest.mark.parametrize("seed", range(3))
def test_matches_the_reference(engine, knots, softness, seed):
    strokes = gentle_scene(knots, seed)
    picture, gradients = draw_and_pull(rasterize_reference, strokes, cotangent(), softness)
    drawn, found = draw_and_pull(engine, as_dtype(strokes, torch.float32), cotangent(), softness)
    assert (drawn - picture).abs().max() < 5e-3
    for part, expected, got in zip(PARTS, gradients, found, strict=True):
        # Where a pixel sees two places of a stroke equally near (kinks of the width among them), either is right.
        assert relative(got, expected) < (5e-3 if knots < 3 else 4e-2), part


@pytest.mark.parametrize("knots", [1, 3])
@pytest.mark.parametrize(("softness", "bound"), [(0.0, 2e-2), (0.3, 2e-3), (2.0, 2e-3)])
@pytest.mark.parametrize("part", PARTS)
def test_gradients_are_those_of_finite_differences(engine, knots, softness, bound, part):
    """Directional derivatives of a smooth functional, all strokes moving at once."""
    strokes = as_dtype(gentle_scene(knots, seed=5), torch.float32)
    smooth = torch.nn.functional.interpolate(cotangent((6, 7)), SIZE, mode="bicubic").float()
    gradient = draw_and_pull(engine, strokes, smooth, softness)[1][PARTS.index(part)].double()
    generator, errors, sizes = torch.Generator().manual_seed(2), [], []
    for _ in range(8):
        direction = torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
        step = 5e-3 if softness < 1 else 2e-2  # the softer, the smaller the change that rounding would swallow
        ends = []
        for sign in (1, -1):
            moved = (getattr(strokes, part).double() + sign * step * direction).float()
            image = engine(replace(strokes, **{part: moved}), SIZE, PAPER, softness)
            ends.append((image.double() * smooth.double()).sum())
        slope = (ends[0] - ends[1]) / (2 * step)
        errors.append(float((gradient * direction).sum() - slope))
        sizes.append(float(slope))
    assert torch.tensor(errors).norm() < bound * torch.tensor(sizes).norm()


def test_nothing_to_draw_leaves_the_paper(engine):
    picture = engine(Strokes.build([], 1.0), SIZE, PAPER)
    assert picture.shape == (1, 3, *SIZE)
    assert torch.equal(picture, PAPER.view(1, 3, 1, 1).expand(1, 3, *SIZE))


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (17, 3), (3, 70)])
def test_any_size_of_canvas(engine, size):
    strokes = as_dtype(gentle_scene(), torch.float32)
    assert torch.allclose(engine(strokes, size, PAPER), rasterize_reference(strokes, size, PAPER), atol=5e-3)


@pytest.mark.parametrize(
    "curve",
    [
        torch.full((4, 2), 20.0),
        torch.full((4, 2), 20.5),
        torch.tensor([[20.0, 20], [20, 20], [30, 25], [30, 25]]),
        torch.tensor([[20.0, 20], [20, 20], [20, 20], [30, 25]]),
        torch.tensor([[10.0, 20], [40, 20], [5, 20], [30, 20]]),
        torch.tensor([[10.5, 20.5], [20.5, 20.5], [30.5, 20.5], [40.5, 20.5]]),
        torch.tensor([[20.5, 5.5], [20.5, 15.5], [20.5, 25.5], [20.5, 35.5]]),
    ],
    ids=["dot", "dot on a center", "coincident ends", "three in one", "back and forth", "along a row", "along a column"],
)
@pytest.mark.parametrize("softness", [0.0, 1.0])
def test_degenerate_strokes(engine, curve, softness):
    strokes = Strokes.build([curve], 2.7, (0.2, 0.5, 0.7))
    picture, expected = draw_and_pull(rasterize_reference, as_dtype(strokes, torch.float64), cotangent(), softness)
    drawn, found = draw_and_pull(engine, strokes, cotangent(), softness)
    assert (drawn - picture).abs().max() < 2e-2
    assert all(gradient.isfinite().all() for gradient in found)
    assert relative(found[1], expected[1]) < 2e-2


def test_no_width_no_ink(engine):
    strokes = Strokes.build([LINE, LINE], torch.tensor([0.0, -1.0]))
    picture, gradients = draw_and_pull(engine, strokes, cotangent(), 0.0)
    assert torch.allclose(picture, PAPER.view(1, 3, 1, 1).expand_as(picture))
    assert gradients[1][0] != 0 and gradients[1][1] == 0


def test_strokes_off_the_canvas(engine):
    far = [LINE + torch.tensor(shift) for shift in ((500.0, 0.0), (-300.0, 5.0), (0.0, -90.0), (3e5, 3e5))]
    reaching = torch.tensor([[-900.0, 25.3], [-300, 25.3], [300, 25.3], [900, 25.3]])
    picture, gradients = draw_and_pull(engine, Strokes.build([*far, reaching], 4.0), cotangent(), 0.0)
    expected, pulled = draw_and_pull(rasterize_reference, Strokes.build([reaching], 4.0), cotangent(), 0.0)
    assert (picture - expected).abs().max() < 5e-3
    assert all((gradient[:4] == 0).all() for gradient in gradients)
    assert relative(gradients[1][4:], pulled[1]) < 1e-2


def test_closed_strokes_have_no_seam(engine):
    k = 8 * 0.5523
    ring = [[38.0, 25], [38, 25 + k], [30 + k, 33], [30, 33], [30 - k, 33], [22, 25 + k], [22, 25], [22, 25 - k]]
    ring += [[30 - k, 17], [30, 17], [30 + k, 17], [38, 25 - k], [38, 25]]
    picture = engine(Strokes.build([torch.tensor(ring)], 3.0, closed=[True]), (50, 60), torch.ones(3))
    assert torch.allclose(picture, picture.flip(-1), atol=1e-4)
    assert torch.allclose(picture, picture.flip(-2), atol=1e-4)


@pytest.mark.parametrize("width", [1e-3, 0.05, 0.5])
@pytest.mark.parametrize("softness", [0.3, 4.0])
def test_thin_soft_lines_pull_gently(engine, width, softness):
    """However thin the line, its gradient is no larger than the ink it has to give."""
    _, gradients = draw_and_pull(engine, Strokes.build([LINE], width), torch.ones(1, 3, *SIZE), softness)
    assert gradients[0].abs().max() < 6 * width


def test_thin_hard_lines_pull_boundedly(engine):
    for width in (1e-6, 1e-3, 0.05, 0.5):
        _, gradients = draw_and_pull(engine, Strokes.build([LINE], width), torch.ones(1, 3, *SIZE), 0.0)
        assert gradients[0].abs().max() < 6


@pytest.mark.parametrize("engine", ["native", "cuda"], indirect=True)
def test_strokes_that_are_no_numbers_are_left_out(engine):
    strokes = as_dtype(gentle_scene(2), torch.float32)
    broken = {part: getattr(strokes, part).clone() for part in ("points", "widths", "opacities")}
    broken["points"][0, 1, 0] = float("nan")
    broken["points"][1, 0, 1] = float("inf")
    broken["widths"][2, 1] = float("nan")
    broken["opacities"][3] = float("nan")
    picture, gradients = draw_and_pull(engine, replace(strokes, **broken), cotangent(), 0.0)
    assert torch.equal(picture, engine(strokes.select(slice(4, 6)), SIZE, PAPER))
    assert all(gradient.isfinite().all() and (gradient[:4] == 0).all() for gradient in gradients)


@pytest.mark.parametrize("engine", ["native", "cuda"], indirect=True)
def test_padding_gets_no_gradient(engine):
    strokes = as_dtype(gentle_scene(), torch.float32)
    points = draw_and_pull(engine, strokes, cotangent(), 0.0)[1][0]
    for i in range(len(strokes)):
        assert (points[i, 3 * int(strokes.segments[i]) + 1 :] == 0).all()


@pytest.mark.parametrize("engine", ["native", "cuda"], indirect=True)
def test_graph_may_be_walked_twice_and_pictures_outlive_others(engine):
    strokes = as_dtype(gentle_scene(), torch.float32)
    points = strokes.points.clone().requires_grad_()
    first = engine(strokes.with_points(points), SIZE, PAPER)
    second = engine(strokes.with_points(points + 1), SIZE, PAPER)
    kept = first.detach().clone()
    (twice,) = torch.autograd.grad(second.sum(), points, retain_graph=True)
    (again,) = torch.autograd.grad(second.sum(), points)
    (other,) = torch.autograd.grad(first.square().sum(), points)
    assert torch.equal(twice, again) and not torch.equal(twice, other)
    assert torch.equal(first.detach(), kept)
