"""The CUDA engine on a real card: pytest -m gpu. Skipped, saying so, where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from backend.core.strokes import Strokes
from backend.guidance.ink import InkMatch
from backend.guidance.view import Objective
from backend.optimize import Schedule, optimize
from backend.parameterize.direct import FreeStrokes
from backend.raster import rasterize_reference, rasterizers
from backend.raster.cuda import cuda_engine, has_card
from backend.recorded import optimize_recorded
from tests.raster.scenes import PAPER, PARTS, SIZE, as_dtype, draw_and_pull, gentle_scene, relative
from tests.raster.test_native import LARGE, many, noise

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not has_card(), reason="there is no NVIDIA card that torch can use"),
]
CARD = torch.device("cuda")


@pytest.fixture
def engine():
    return cuda_engine()


def on_card(strokes: Strokes) -> Strokes:
    return as_dtype(strokes, torch.float32).to(CARD)


def test_engine_is_offered_here():
    assert list(rasterizers())[-1] == "cuda"


@pytest.mark.parametrize("knots", [1, 2, 5])
@pytest.mark.parametrize("softness", [0.0, 0.4, 2.5])
@pytest.mark.parametrize("seed", range(3))
def test_matches_the_reference(engine, knots, softness, seed):
    strokes = gentle_scene(knots, seed)
    picture, gradients = draw_and_pull(rasterize_reference, strokes, noise(SIZE), softness)
    drawn, found = draw_and_pull(engine, on_card(strokes), noise(SIZE).to(CARD), softness)
    assert drawn.device.type == "cuda"
    assert (drawn.cpu() - picture).abs().max() < 5e-3
    for part, expected, got in zip(PARTS, gradients, found, strict=True):
        assert got.device.type == "cuda"
        assert relative(got.cpu(), expected) < (5e-3 if knots < 3 else 4e-2), part


@pytest.mark.parametrize("knots", [1, 3])
def test_matches_the_native_engine(engine, native, knots):
    strokes = many(knots)
    expected, gradients = draw_and_pull(native, strokes, noise(), 0.0, LARGE)
    drawn, found = draw_and_pull(engine, strokes.to(CARD), noise().to(CARD), 0.0, LARGE)
    assert (drawn.cpu() - expected).abs().max() < 5e-3
    assert all(relative(a.cpu(), b) < 2e-2 for a, b in zip(found, gradients, strict=True))


def test_strokes_on_the_processor_come_back_there(engine):
    strokes = as_dtype(gentle_scene(), torch.float32)
    picture, gradients = draw_and_pull(engine, strokes, noise(SIZE), 0.0)
    assert picture.is_cpu and all(gradient.is_cpu for gradient in gradients)
    assert torch.equal(picture, engine(strokes.to(CARD), SIZE, PAPER.to(CARD)).cpu())


@pytest.mark.parametrize("softness", [0.0, 1.0])
def test_same_bits_every_time(engine, softness):
    results = [draw_and_pull(engine, on_card(many(3)), noise().to(CARD), softness, LARGE) for _ in range(20)]
    first = [results[0][0], *results[0][1]]
    for picture, gradients in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(first, [picture, *gradients], strict=True))


def test_degenerate_strokes_and_gray_ones(engine):
    curves = [torch.full((4, 2), 20.5), torch.tensor([[10.0, 20], [40, 20], [5, 20], [30, 20]])]
    strokes = Strokes.build(curves, 2.7, (0.2, 0.2, 0.2)).to(CARD)
    picture, gradients = draw_and_pull(engine, strokes, noise(SIZE).to(CARD), 0.0)
    expected = rasterize_reference(strokes.to("cpu"), SIZE, PAPER)
    assert (picture.cpu() - expected).abs().max() < 2e-2
    assert all(gradient.isfinite().all() for gradient in gradients)
    gray = engine(strokes, SIZE, torch.ones(3, device=CARD))
    assert torch.equal(gray[:, 0], gray[:, 2])


def test_many_drawings_at_once(engine):
    drawings = [on_card(gentle_scene(1 + i % 3, i)) for i in range(20)]
    pictures = engine.batch(drawings, SIZE, PAPER)
    for i, strokes in enumerate(drawings):
        assert torch.equal(pictures[i : i + 1], engine(strokes, SIZE, PAPER))


def test_other_streams_are_followed(engine):
    strokes = on_card(gentle_scene(2))
    expected = engine(strokes, SIZE, PAPER)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        picture = engine(strokes, SIZE, PAPER)
    stream.synchronize()
    assert torch.equal(picture, expected)


def test_passes_may_be_recorded(engine):
    strokes, weights = on_card(gentle_scene(2)), noise(SIZE).to(CARD)
    points = strokes.points.clone().requires_grad_()
    moving, softness = replace(strokes, points=points), torch.zeros((), device=CARD)
    paper = PAPER.to(CARD)

    def step():
        image = engine(moving, SIZE, paper, softness)
        return image.detach(), torch.autograd.grad((image * weights).sum(), points)[0]

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        drawn, found = step()
    for shift, soft in ((0.0, 0.0), (1.5, 0.8)):
        with torch.no_grad():
            points.copy_(strokes.points + shift)
        softness.fill_(soft)
        graph.replay()
        picture, gradient = step()
        assert torch.equal(drawn, picture) and torch.equal(found, gradient)
    assert not engine.overflowed(CARD)


def test_recorded_loop_goes_the_way_of_the_other(engine):
    target = 1 - rasterize_reference(as_dtype(gentle_scene(1, 3), torch.float32), SIZE, torch.ones(3))[:, :1].to(CARD)
    start, paper = on_card(gentle_scene(1, 4)), torch.ones(3, device=CARD)
    loss, schedule = InkMatch(target, paper), Schedule(40)
    expected = list(optimize(FreeStrokes(start), Objective({"ink": loss}), schedule, engine, SIZE, paper))[-1]
    found = list(optimize_recorded(FreeStrokes(start), loss, schedule, engine, SIZE, paper, every=10))[-1]
    assert found.number == expected.number == 40
    assert found.loss == pytest.approx(expected.loss, rel=2e-2)
