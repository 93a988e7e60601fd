"""What only the native engine promises."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace

import pytest
import torch

from backend.core.errors import BadRequest
from backend.core.strokes import Strokes
from backend.raster import rasterize_reference
from backend.raster.native import NativeEngine
from tests.raster.scenes import PAPER, PARTS, SIZE, as_dtype, draw_and_pull, gentle_scene, relative

LARGE = (150, 170)


def many(knots=1):
    scenes = [as_dtype(gentle_scene(knots, seed), torch.float32) for seed in range(12)]
    longest = max(scene.points.shape[1] for scene in scenes)
    assert all(scene.points.shape[1] == longest for scene in scenes)
    rows = (torch.cat([getattr(scene, name) for scene in scenes]) for name in Strokes.__dataclass_fields__)
    strokes = Strokes(*rows)
    return strokes.with_points(strokes.points * 2.5)


def noise(size=LARGE):
    return torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(4))


@pytest.fixture
def each_instruction_set(native):
    first = native.instructions
    yield [name for name in ("avx512", "avx2", "sse4", "neon") if native.use_instructions(name)]
    native.use_instructions(first)


@pytest.mark.parametrize("softness", [0.0, 1.0])
@pytest.mark.parametrize("knots", [1, 3])
def test_same_bits_for_any_number_of_threads(library, knots, softness):
    results = []
    for threads in (1, 2, 4, 2, 1):
        picture, gradients = draw_and_pull(NativeEngine(library, threads), many(knots), noise(), softness, LARGE)
        results.append([picture, *gradients])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_instruction_sets_agree(native, each_instruction_set):
    assert each_instruction_set
    results = []
    for name in each_instruction_set:
        assert native.use_instructions(name) and native.instructions == name
        picture, gradients = draw_and_pull(native, many(3), noise(), 0.0, LARGE)
        results.append([picture, *gradients])
    for other in results[1:]:
        assert (other[0] - results[0][0]).abs().max() < 1e-3
        assert all(relative(a, b) < 1e-3 for a, b in zip(other[1:], results[0][1:], strict=True))


def test_every_instruction_set_matches_the_reference(native, each_instruction_set):
    strokes = gentle_scene(3)
    picture, gradients = draw_and_pull(rasterize_reference, strokes, noise(SIZE), 0.0)
    for name in each_instruction_set:
        native.use_instructions(name)
        drawn, found = draw_and_pull(native, as_dtype(strokes, torch.float32), noise(SIZE), 0.0)
        assert (drawn - picture).abs().max() < 5e-3
        assert all(relative(a, b) < 2e-2 for a, b in zip(found, gradients, strict=True))


def test_unknown_instructions_are_refused(native):
    before = native.instructions
    assert not native.use_instructions("abacus")
    assert native.instructions == before


def test_batch_draws_each_as_alone(native):
    drawings = [as_dtype(gentle_scene(knots, knots), torch.float32) for knots in (1, 3, 2)]
    drawings[1] = drawings[1].select(slice(0, 2))
    leaves = [strokes.points.clone().requires_grad_() for strokes in drawings]
    moving = [strokes.with_points(points) for strokes, points in zip(drawings, leaves, strict=True)]
    pictures = native.batch(moving, SIZE, PAPER)
    weights = torch.randn(3, 3, *SIZE)
    gradients = torch.autograd.grad((pictures * weights).sum(), leaves)
    for i, strokes in enumerate(drawings):
        alone, found = draw_and_pull(native, strokes, weights[i : i + 1], 0.0)
        assert torch.equal(alone[0], pictures[i])
        assert torch.equal(found[0], gradients[i])


def test_gray_drawings_share_one_channel(native):
    strokes = as_dtype(gentle_scene(), torch.float32)
    strokes = replace(strokes, colors=strokes.colors[:, :1].expand(-1, 3))
    paper = torch.full((3,), 0.9)
    picture = native(strokes, SIZE, paper)
    assert picture.stride(1) == 0
    assert torch.allclose(picture, rasterize_reference(strokes, SIZE, paper), atol=5e-3)
    points = strokes.points.clone().requires_grad_()
    weights = noise(SIZE)
    (gray,) = torch.autograd.grad((native(strokes.with_points(points), SIZE, paper) * weights).sum(), points)
    colored = replace(strokes, points=points, colors=strokes.colors.clone().requires_grad_())
    (full,) = torch.autograd.grad((native(colored, SIZE, paper) * weights).sum(), points)
    assert relative(gray, full) < 1e-4


def test_idle_memory_is_bounded(native):
    strokes = as_dtype(gentle_scene(), torch.float32)
    pictures = [native(replace(strokes, points=strokes.points.clone().requires_grad_()), SIZE, PAPER) for _ in range(20)]
    del pictures
    assert 0 < len(native._idle) <= 8


def test_several_threads_may_draw_at_once(library):
    engine = NativeEngine(library, threads=2)
    strokes, expected, found = many(), NativeEngine(library, threads=1)(many(), LARGE, PAPER), []

    def work():
        found.extend(torch.equal(engine(strokes, LARGE, PAPER), expected) for _ in range(20))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [True] * 80


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_child_of_a_fork_draws(library):
    code = f"""
import os, sys, torch
from backend.raster.native import NativeEngine
from backend.raster.native.library import open_library
from pathlib import Path
from tests.raster.test_native import many, LARGE, PAPER
engine = NativeEngine(open_library(Path({library._name!r})), threads=2)
before = engine(many(), LARGE, PAPER)
child = os.fork()
if child == 0:
    os._exit(0 if torch.equal(engine(many(), LARGE, PAPER), before) else 9)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=60, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_canvas_beyond_all_measure_is_refused(native):
    with pytest.raises(BadRequest, match="too large"):
        native(Strokes.build([], 1.0), (10, 40000), PAPER)


def test_widths_of_many_knots(native):
    strokes = gentle_scene(knots=23, seed=3, width=(1.8, 2.2))
    _, gradients = draw_and_pull(rasterize_reference, strokes, noise(SIZE), 1.0)
    _, found = draw_and_pull(native, as_dtype(strokes, torch.float32), noise(SIZE), 1.0)
    assert all(relative(a, b) < 0.1 for a, b in zip(found, gradients, strict=True))


def test_parts_are_all_differentiated(native):
    gradients = draw_and_pull(native, as_dtype(gentle_scene(2), torch.float32), noise(SIZE), 0.0)[1]
    assert all((gradient != 0).any() for gradient in gradients)
    assert len(gradients) == len(PARTS)


def test_segments_of_another_kind_are_understood(native):
    strokes = as_dtype(gentle_scene(), torch.float32)
    with pytest.raises(TypeError):
        native(replace(strokes, segments=strokes.segments.float()), SIZE, PAPER)
    points = strokes.points.transpose(0, 1).contiguous().transpose(0, 1)
    assert torch.equal(native(strokes.with_points(points), SIZE, PAPER), native(strokes, SIZE, PAPER))


@pytest.mark.parametrize("softness", [0.0, 1.0])
@pytest.mark.parametrize("gray", [True, False])
def test_fused_error_is_that_of_the_picture(library, softness, gray):
    strokes = as_dtype(gentle_scene(2), torch.float32)
    strokes = replace(strokes, colors=strokes.colors[:, :1].expand(-1, 3).contiguous()) if gray else strokes
    paper = torch.full((3,), 0.9) if gray else PAPER
    target = torch.rand(1, 1 if gray else 3, *SIZE, generator=torch.Generator().manual_seed(1))
    points = strokes.points.clone().requires_grad_()
    results = []
    for threads in (1, 3):
        engine = NativeEngine(library, threads)
        error = engine.squared_error(strokes.with_points(points), target, SIZE, paper, softness)
        results.append((error.detach(), torch.autograd.grad(3 * error, points)[0]))
    image = engine(strokes.with_points(points), SIZE, paper, softness)
    expected = torch.nn.functional.mse_loss(image, target.expand_as(image))
    (gradient,) = torch.autograd.grad(3 * expected, points)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    assert torch.allclose(results[0][0], expected.detach(), rtol=1e-5)
    assert relative(results[0][1], gradient) < 1e-4


def test_fused_error_refuses_targets_that_do_not_fit(native):
    strokes = as_dtype(gentle_scene(), torch.float32)
    with pytest.raises(ValueError, match="has the shape"):
        native.squared_error(strokes, torch.rand(1, 3, 4, 4), SIZE, PAPER)
    with pytest.raises(ValueError, match="gray"):
        native.squared_error(strokes, torch.rand(1, 1, *SIZE), SIZE, PAPER)


def test_paper_is_one_color(native):
    strokes = as_dtype(gentle_scene(1), torch.float32)
    with pytest.raises(ValueError, match="Paper"):
        native(strokes, SIZE, torch.ones(1))
    with pytest.raises(ValueError, match="Paper"):
        native.squared_error(strokes, torch.rand(1, 3, *SIZE), SIZE, torch.ones(1))


def test_second_derivatives_are_refused(native):
    strokes = as_dtype(gentle_scene(1), torch.float32)
    points = strokes.points.clone().requires_grad_()
    error = native.squared_error(strokes.with_points(points), torch.rand(1, 3, *SIZE), SIZE, PAPER)
    share = torch.ones((), requires_grad=True)
    (slope,) = torch.autograd.grad(error, points, share, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()
