import pytest
import torch

from backend.core.strokes import Strokes
from backend.guidance.ink import InkMatch
from backend.guidance.view import Objective
from backend.optimize import Schedule, optimize
from backend.parameterize.direct import DirectStrokes
from backend.raster import rasterize_reference

SIZE = (24, 24)
WHITE = torch.ones(3)


def line(y):
    return Strokes.build([torch.tensor([[4.0, y], [9.0, y], [15.0, y], [20.0, y]])], 2.0)


def steps_towards(y, start, schedule):
    target = 1 - rasterize_reference(line(y), SIZE, WHITE)[:, :1]
    objective = Objective({"ink": InkMatch(target, WHITE)})
    return optimize(DirectStrokes(start), objective, schedule, rasterize_reference, SIZE, WHITE)


def test_the_loss_falls_and_the_stroke_goes_to_its_target():
    steps = list(steps_towards(13.5, line(12.0), Schedule(25)))
    assert steps[-1].loss < 0.2 * steps[0].loss
    assert float((steps[-1].strokes.points - line(13.5).points)[..., 1].abs().max()) < 0.5


def test_every_step_is_numbered_and_told():
    steps = list(steps_towards(13.0, line(12.0), Schedule(3)))
    assert [step.number for step in steps] == [1, 2, 3]
    assert all(set(step.losses) == {"ink"} and step.loss == pytest.approx(step.losses["ink"]) for step in steps)
    assert not any(step.strokes.points.requires_grad for step in steps)


def test_a_stroke_at_its_target_stays_there():
    steps = list(steps_towards(12.0, line(12.0), Schedule(3, softness=(0.01, 0.01))))
    assert float((steps[-1].strokes.points - line(12.0).points).abs().max()) < 1.2


def test_no_steps_are_no_work():
    assert list(steps_towards(13.0, line(12.0), Schedule(0))) == []


def test_it_can_be_stopped_between_steps():
    work = steps_towards(13.0, line(12.0), Schedule(1000))
    next(work)
    work.close()
    assert torch.is_grad_enabled()
    with pytest.raises(StopIteration):
        next(work)


def test_two_runs_are_the_same_to_the_bit():
    first, second = (list(steps_towards(13.0, line(12.0), Schedule(5))) for _ in range(2))
    assert torch.equal(first[-1].strokes.points, second[-1].strokes.points)
    assert [step.loss for step in first] == [step.loss for step in second]


def test_the_grad_mode_of_the_caller_is_its_own_between_steps():
    work = steps_towards(13.0, line(12.0), Schedule(3))
    next(work)
    assert torch.is_grad_enabled()


def test_two_optimizations_may_alternate():
    a, b = steps_towards(13.0, line(12.0), Schedule(3)), steps_towards(13.0, line(12.0), Schedule(3))
    next(a)
    next(b)
    next(a)
