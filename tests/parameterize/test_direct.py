import pytest
import torch

from backend.core.strokes import Strokes
from backend.parameterize.direct import DirectSettings, DirectStrokes, FreeStrokes

RING = torch.tensor([[20, 40], [20, 10], [60, 10], [60, 40], [60, 70], [20, 70], [20, 40]], dtype=torch.float64)
WAVE = torch.tensor([[0, 0], [5, 5], [10, 5], [15, 0], [20, -5], [25, -5], [30, 0]], dtype=torch.float64)
LINE = torch.tensor([[0, 9], [3, 9], [6, 9], [9, 9]], dtype=torch.float64)


def start():
    return Strokes.build([RING, WAVE, LINE], 2.0, closed=[True, False, False])


def moved(seed=0, size=2.0, reach=3.0):
    """Strokes after a random move of every parameter."""
    direct = DirectStrokes(start(), DirectSettings(reach))
    for parameter in direct.parameters:
        parameter.data = size * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed)).to(parameter)
    return direct.strokes().with_points(direct.strokes().points.detach())


def test_strokes_begin_where_they_start():
    strokes = DirectStrokes(start()).strokes()
    assert torch.equal(strokes.points, start().points)
    assert torch.equal(strokes.widths, start().widths)


@pytest.mark.parametrize("reach", [0.5, 3.0])
def test_no_coordinate_goes_farther_than_the_reach(reach):
    away = moved(size=1000.0, reach=reach).points - start().points
    assert float(away.abs().max()) <= reach + 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_closed_strokes_stay_closed(seed):
    curve = moved(seed).curve(0)
    assert torch.equal(curve[0], curve[-1])
    assert not torch.equal(curve, RING)


def test_smooth_joints_stay_smooth():
    strokes = moved()
    for curve, joints in ((strokes.curve(0), (0, 3)), (strokes.curve(1), (3,))):
        for joint in joints:
            before = curve[joint] - curve[joint - 1 if joint else -2]
            after = curve[joint + 1] - curve[joint]
            assert float(before[0] * after[1] - before[1] * after[0]) == pytest.approx(0, abs=1e-9)
            assert float(before @ after) > 0


def test_padding_stays_at_the_last_point():
    strokes = moved()
    assert torch.equal(strokes.points[2, 4:], strokes.points[2, 3:4].expand(3, 2))


def test_the_start_is_not_changed_and_every_used_parameter_has_a_gradient():
    first = start()
    direct = DirectStrokes(first)
    direct.strokes().points.square().sum().backward()
    assert torch.equal(first.points, start().points)
    [gradient] = [parameter.grad for parameter in direct.parameters]
    assert bool(gradient[1, [3, 6]].abs().gt(0).any(-1).all())
    assert bool(torch.isfinite(gradient).all())


def test_no_point_goes_farther_than_the_reach():
    direct = DirectStrokes(start(), DirectSettings(3.0))
    for parameter in direct.parameters:
        parameter.data += 1000
    assert float((direct.strokes().points - start().points).detach().norm(dim=-1).max()) <= 3.0 + 1e-5


def test_a_stroke_seen_from_close_by_has_less_reach():
    direct = DirectStrokes(start(), DirectSettings(3.0), torch.tensor([1.0, 4.0, 1.5]))
    for parameter in direct.parameters:
        parameter.data += 1000
    away = (direct.strokes().points - start().points).detach().norm(dim=-1).amax(1)
    torch.testing.assert_close(away, torch.tensor([3.0, 0.75, 2.0], dtype=torch.float64))


def test_free_strokes_that_were_handed_out_stay_as_they_were():
    free = FreeStrokes(start())
    with torch.no_grad():
        before = free.strokes().points
        kept = before.clone()
        free.parameters[0] += 1
    assert torch.equal(before, kept) and not before.requires_grad
    assert torch.equal(free.strokes().points, kept + 1)


def test_held_strokes_stay_where_they_are():
    start = Strokes.build([torch.rand(4, 2), torch.rand(7, 2), torch.rand(4, 2)], 1.0)
    moved = DirectStrokes(start, held=2)
    with torch.no_grad():
        moved.shift += 1
    points = moved.strokes().points
    assert torch.equal(points[1:], start.points[1:])
    assert not torch.equal(points[:1], start.points[:1])
    points.sum().backward()
    assert moved.shift.grad is not None
    assert not moved.shift.grad[1:].any()
    assert moved.shift.grad[:1].any()
