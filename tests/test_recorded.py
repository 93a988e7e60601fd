"""The recorded loop, played straight on an imitated card: what a CUDA graph replays is called again."""

from __future__ import annotations

import itertools
import re
from contextlib import nullcontext

import pytest
import torch

from backend.cli import bench_card
from backend.core.strokes import Strokes
from backend.guidance.ink import InkMatch
from backend.guidance.view import Objective
from backend.optimize import Schedule, optimize
from backend.parameterize.direct import DirectStrokes
from backend.raster import rasterize_reference
from backend.raster.cuda.gpu import Gpu
from backend.recorded import WARM_UP, optimize_recorded
from tests.raster.machine import engine_on, machine_or_skip

SIZE = (40, 40)
WHITE = torch.ones(3)


class Straight:
    """Calls again what it was given, as a graph of a card would do it again; steps are recorded from now on."""

    def __init__(self, monkeypatch):
        self.recorded, self._monkeypatch = 0, monkeypatch

    def aside(self):
        return nullcontext()

    def record(self, step):
        self.recorded += 1

        def replay():
            with self._monkeypatch.context() as recording:
                recording.setattr(Gpu, "capturing", True)
                step()

        return replay


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    return machine_or_skip(tmp_path_factory.mktemp("machine"))


@pytest.fixture
def cuda(machine):
    return engine_on(machine)


@pytest.fixture
def straight(monkeypatch):
    return Straight(monkeypatch)


def line(y):
    return Strokes.build([torch.tensor([[6.0, y], [15.0, y], [25.0, y], [34.0, y]])], 2.0)


def ink():
    return InkMatch(1 - rasterize_reference(line(23.5), SIZE, WHITE)[:, :1], WHITE)


def recorded_steps(engine, straight, steps, **settings):
    moved = DirectStrokes(line(22.0))
    return list(optimize_recorded(moved, ink(), Schedule(steps), engine, SIZE, WHITE, recorder=straight, **settings))


def test_same_way_as_the_loop_that_waits(cuda, straight):
    expected = list(optimize(DirectStrokes(line(22.0)), Objective({"ink": ink()}), Schedule(20), cuda, SIZE, WHITE))
    found = recorded_steps(cuda, straight, 20, every=7)
    assert [step.number for step in found] == [7, 14, 20]
    assert straight.recorded == 1
    for step in found:
        other = expected[step.number - 1]
        assert step.loss == pytest.approx(other.loss, rel=1e-3)
        assert torch.allclose(step.strokes.points, other.strokes.points, atol=1e-3)
    assert found[-1].loss < 0.5 * expected[0].loss


def test_same_bits_twice(cuda, straight):
    first, second = (recorded_steps(cuda, straight, 9)[-1] for _ in range(2))
    assert torch.equal(first.strokes.points, second.strokes.points)


@pytest.mark.parametrize("steps", [0, 1, WARM_UP])
def test_few_steps_are_not_recorded(cuda, straight, steps):
    assert [step.number for step in recorded_steps(cuda, straight, steps)] == [steps][: steps != 0]
    assert straight.recorded == 0


def test_steps_that_lacked_room_are_done_again(machine, cuda, straight, monkeypatch):
    expected = recorded_steps(cuda, straight, 12)[-1]
    recorded, room = itertools.count(), Gpu.capacity

    def little_at_first(gpu, segments, tiles):
        return 2 if gpu.capturing and next(recorded) < 12 - WARM_UP else room(gpu, segments, tiles)

    monkeypatch.setattr(Gpu, "capacity", little_at_first)
    straight.recorded = 0
    found = recorded_steps(engine_on(machine), straight, 12)[-1]
    assert straight.recorded == 2 and next(recorded) > 12 - WARM_UP
    assert found.loss == expected.loss and torch.equal(found.strokes.points, expected.strokes.points)


def test_room_that_is_never_enough_would_be_noticed(machine, cuda, straight, monkeypatch):
    """A check of the check above: without a second recording the strokes end elsewhere."""
    expected = recorded_steps(cuda, straight, 12)[-1]
    monkeypatch.setattr(Gpu, "capacity", lambda gpu, segments, tiles: 2)
    monkeypatch.setattr(Gpu, "overflowed", lambda gpu: False)
    found = recorded_steps(engine_on(machine), straight, 12)[-1]
    assert not torch.equal(found.strokes.points, expected.strokes.points)


def test_bench_fits_both_ways(cuda, straight, monkeypatch, capsys):
    monkeypatch.setattr(bench_card, "SIDE", 48)
    monkeypatch.setattr(bench_card, "COUNT", 4)
    bench_card.print_card(cuda, torch.device("cpu"), straight, steps=5)
    told = capsys.readouterr().out
    errors = re.findall(r"mean squared error ([0-9.]+)", told)
    assert told.index("step by step") < told.index("recorded: ")
    assert len(errors) == 2 and float(errors[0]) == pytest.approx(float(errors[1]), rel=1e-2)
