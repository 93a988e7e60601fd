"""What only the CUDA engine promises, run by an imitated machine: the kernels' own text, compiled for the processor.

What no imitation shows (a real card's arithmetic and memory) is in test_cuda_gpu.py.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import threading
import weakref
from dataclasses import replace

import pytest
import torch

from backend import raster
from backend.cli import bench_tables, doctor
from backend.core.errors import BadRequest, Internal, Missing, OutOfMemory
from backend.core.strokes import Strokes
from backend.model_pool import choose_engine
from backend.places import Places
from backend.raster import rasterize_reference
from backend.raster.cuda import cuda_engine, has_card, layout, missing_compiler, tape
from backend.raster.cuda import gpu as gpu_module
from backend.raster.cuda.driver import Kernels
from backend.raster.cuda.gpu import NAMES, Gpu
from tests.raster.machine import build_machine, engine_on
from tests.raster.scenes import PAPER, PARTS, SIZE, as_dtype, draw_and_pull, gentle_scene, relative
from tests.raster.test_native import LARGE, many, noise


@pytest.fixture(autouse=True)
def forward_again(machine):
    """Turns are taken from the first to the last, and nothing is refused."""
    machine.machine_set(0, 0)
    yield
    machine.machine_set(0, 0)


def pieces_of_work(machine):
    return machine.machine_log().decode().split()[::2]


@pytest.mark.parametrize("softness", [0.0, 1.0])
@pytest.mark.parametrize("knots", [1, 2, 5])
def test_matches_the_native_engine(cuda, native, knots, softness):
    """Where the reference sees the same, too; see test_engines.py."""
    strokes = as_dtype(gentle_scene(knots, 4, turns=0.8), torch.float32)
    drawn, found = draw_and_pull(cuda, strokes, noise(SIZE), softness)
    expected, gradients = draw_and_pull(native, strokes, noise(SIZE), softness)
    assert (drawn - expected).abs().max() < 2e-3
    for part, one, other in zip(PARTS, found, gradients, strict=True):
        assert relative(one, other) < 1e-2, part


@pytest.mark.slow
def test_no_undefined_behavior(tmp_path, cuda):
    """The sanitizer ends the process at the first trespass."""
    flags = ("-fsanitize=undefined,float-cast-overflow", "-fno-sanitize-recover=all", "-Wno-error")
    try:
        strict = engine_on(build_machine(tmp_path, *flags))
    except Missing as error:
        pytest.skip(f"this compiler has no such sanitizer: {error}")
    for knots, softness in itertools.product((1, 7), (0.0, 1.0)):
        picture, gradients = draw_and_pull(strict, many(knots), noise(), softness, LARGE)
        expected, found = draw_and_pull(cuda, many(knots), noise(), softness, LARGE)
        assert torch.allclose(picture, expected, atol=1e-4)
        assert all(relative(a, b) < 1e-3 for a, b in zip(gradients, found, strict=True))
    far = Strokes.build([torch.tensor([[-9e5, 20.0], [-3e5, 9e5], [3e5, -9e5], [9e5, 20.0]])], 1e6)
    draw_and_pull(strict, far, noise(SIZE), 0.0)


@pytest.mark.parametrize("softness", [0.0, 1.0])
@pytest.mark.parametrize("knots", [1, 3])
def test_same_bits_whoever_comes_first(machine, knots, softness):
    """Another order of lanes, warps and blocks changes neither picture nor gradients: nothing races, sums have their order."""
    results = []
    for backwards in (0, 1, 1, 0):
        machine.machine_set(backwards, 0)
        picture, gradients = draw_and_pull(engine_on(machine), many(knots), noise(), softness, LARGE)
        results.append([picture, *gradients])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_more_segments_than_a_tile_lists_at_once(cuda, native):
    scenes = [gentle_scene(seed=seed) for seed in range(20)]
    strokes = as_dtype(Strokes.joined(scenes), torch.float32)
    assert len(strokes) * 4 > layout.TILE_THREADS
    drawn, found = draw_and_pull(cuda, strokes, noise(SIZE), 0.0)
    expected, gradients = draw_and_pull(native, strokes, noise(SIZE), 0.0)
    assert (drawn - expected).abs().max() < 2e-3
    assert all(relative(a, b) < 1e-2 for a, b in zip(found, gradients, strict=True))


def test_batch_draws_each_as_alone(cuda, machine):
    drawings = [as_dtype(gentle_scene(1 + i % 3, i), torch.float32).select(slice(0, 1 + i % 6)) for i in range(19)]
    drawings[3] = Strokes.build([], 1.0)
    leaves = [strokes.points.clone().requires_grad_() for strokes in drawings]
    moving = [strokes.with_points(points) for strokes, points in zip(drawings, leaves, strict=True)]
    pictures = cuda.batch(moving, SIZE, PAPER)
    weights = torch.randn(len(drawings), 3, *SIZE)
    gradients = torch.autograd.grad((pictures * weights).sum(), leaves)
    assert pieces_of_work(machine) == 2 * ["prepare", "forward"] + 2 * ["backward", "gather"]
    for i, strokes in enumerate(drawings):
        alone, found = draw_and_pull(cuda, strokes, weights[i : i + 1], 0.0)
        assert torch.equal(alone[0], pictures[i])
        assert torch.equal(found[0], gradients[i])


def test_gray_drawings_are_computed_in_one_channel(cuda):
    strokes = as_dtype(gentle_scene(2), torch.float32)
    strokes = replace(strokes, colors=strokes.colors[:, :1].expand(-1, 3))
    paper, weights = torch.full((3,), 0.9), noise(SIZE)
    points = strokes.points.clone().requires_grad_()
    picture = cuda(strokes.with_points(points), SIZE, paper)
    (gray,) = torch.autograd.grad((picture * weights).sum(), points)
    assert torch.equal(picture[:, 0], picture[:, 1]) and torch.equal(picture[:, 0], picture[:, 2])
    assert torch.allclose(picture, rasterize_reference(strokes, SIZE, paper), atol=5e-3)
    colored = replace(strokes, points=points, colors=strokes.colors.clone().requires_grad_())
    (full, by_colors) = torch.autograd.grad((cuda(colored, SIZE, paper) * weights).sum(), (points, colored.colors))
    assert 0 < relative(gray, full) < 1e-4
    assert (by_colors[:, 0] != by_colors[:, 1]).any()


def test_one_color_colors_its_own_drawing_alone(cuda):
    gray = Strokes.build([torch.tensor([[5.0, 12.5], [15, 12.5], [25, 20], [35, 20]])], 3.0, (0.2, 0.2, 0.2))
    colored = replace(gray, colors=torch.tensor([[0.1, 0.5, 0.9]]))
    pictures = cuda.batch([gray, colored, gray], SIZE, torch.ones(3))
    assert torch.equal(pictures[0], pictures[2]) and torch.equal(pictures[0, 0], pictures[0, 2])
    assert (pictures[1, 0] - pictures[1, 2]).abs().max() > 0.5


def test_widths_of_many_knots(cuda, native):
    strokes = as_dtype(gentle_scene(knots=41, seed=3, width=(1.8, 2.2)), torch.float32)
    _, expected = draw_and_pull(native, strokes, noise(SIZE), 1.0)
    _, found = draw_and_pull(cuda, strokes, noise(SIZE), 1.0)
    assert all(relative(a, b) < 3e-2 for a, b in zip(found, expected, strict=True))


def test_strokes_changed_before_the_backward_pass_are_noticed(cuda):
    strokes = as_dtype(gentle_scene(), torch.float32)
    points = strokes.points.clone().requires_grad_()
    picture = cuda(strokes.with_points(points), SIZE, PAPER)
    with torch.no_grad():
        points += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        picture.sum().backward()


def test_pictures_do_not_keep_themselves_alive(cuda):
    """No ring of references, else a card's memory would fill up until Python looks for rings."""
    strokes = as_dtype(gentle_scene(), torch.float32)
    gc.disable()
    try:
        picture = cuda(strokes.with_points(strokes.points.clone().requires_grad_()), SIZE, PAPER)
        seen = weakref.ref(picture)
        del picture
        assert seen() is None
    finally:
        gc.enable()


@pytest.fixture
def little_room(monkeypatch):
    monkeypatch.setattr(gpu_module, "LEAST_GROUPS", 8)
    monkeypatch.setattr(gpu_module, "GROUPS_PER_SEGMENT", 0)


def test_too_little_room_is_made_up_for(machine, little_room, cuda, monkeypatch):
    strokes, tight = as_dtype(gentle_scene(3), torch.float32), engine_on(machine)
    machine.machine_set(0, 0)
    picture, gradients = draw_and_pull(tight, strokes, noise(SIZE), 0.0)
    assert pieces_of_work(machine) == ["prepare", "forward", "prepare", "forward", "backward", "gather"]
    again = draw_and_pull(tight, strokes, noise(SIZE), 0.0)
    assert pieces_of_work(machine)[6:] == ["prepare", "forward", "backward", "gather"]
    monkeypatch.undo()
    expected, full = draw_and_pull(cuda, strokes, noise(SIZE), 0.0)
    for drawn, found in ((picture, gradients), again):
        assert torch.equal(drawn, expected)
        assert all(torch.equal(a, b) for a, b in zip(found, full, strict=True))


def test_recorded_passes_never_wait_and_tell_later(machine, little_room, monkeypatch):
    """As in a CUDA graph: where room lacks, gradients are missing, the picture is right, and `overflowed` says so once."""
    strokes, tight = as_dtype(gentle_scene(3), torch.float32), engine_on(machine)
    expected = tight(strokes, SIZE, PAPER)
    assert not tight.overflowed(torch.device("cpu"))
    with monkeypatch.context() as recording:
        recording.setattr(Gpu, "capturing", True)
        machine.machine_set(0, 0)
        picture, gradients = draw_and_pull(tight, strokes, noise(SIZE), 0.0)
        assert pieces_of_work(machine) == ["prepare", "forward", "backward", "gather"]
        assert torch.equal(picture, expected)
        assert tight.overflowed(torch.device("cpu")) and not tight.overflowed(torch.device("cpu"))
        _, complete = draw_and_pull(tight, strokes, noise(SIZE), 0.0)
        assert not tight.overflowed(torch.device("cpu"))
    assert all(torch.equal(a, b) for a, b in zip(complete, draw_and_pull(tight, strokes, noise(SIZE), 0.0)[1], strict=True))
    assert not torch.equal(gradients[0], complete[0])


def test_what_others_needed_is_no_lack_of_recorded_passes(machine, little_room, monkeypatch):
    engine, small = engine_on(machine), as_dtype(gentle_scene(), torch.float32).select(slice(0, 1))
    draw_and_pull(engine, many(3), noise(), 0.0, LARGE)
    monkeypatch.setattr(Gpu, "capturing", True)
    draw_and_pull(engine, small, noise((16, 16)), 0.0, (16, 16))
    assert not engine.overflowed(torch.device("cpu"))


@pytest.mark.parametrize("softness", [0.0, 1.5])
def test_paper_and_softness_may_lie_on_the_card(cuda, softness, monkeypatch):
    strokes = as_dtype(gentle_scene(2), torch.float32)
    expected, gradients = draw_and_pull(cuda, strokes, noise(SIZE), softness)
    monkeypatch.setattr(tape, "goes_by_value", lambda tensor: False)
    drawn, found = draw_and_pull(cuda, strokes, noise(SIZE), torch.tensor(softness))
    assert torch.equal(drawn, expected)
    assert all(torch.equal(a, b) for a, b in zip(found, gradients, strict=True))


@pytest.mark.parametrize("knots", [1, 7])
def test_memory_is_written_before_it_is_read_and_nowhere_else(machine, knots, monkeypatch):
    """Buffers full of what would show, between walls that are whole afterwards."""
    strokes, wall, walls = many(knots), 64, []
    expected, gradients = draw_and_pull(engine_on(machine), strokes, noise(), 0.0, LARGE)

    def walled(shape, dtype=torch.float32, device=None):
        whole = torch.full((wall + torch.Size(shape).numel() + wall,), 77, dtype=dtype)
        walls.append(whole)
        return whole[wall:-wall].fill_(float("nan") if dtype.is_floating_point else -(1 << 30)).view(shape)

    engine = engine_on(machine)
    with monkeypatch.context() as patch:
        patch.setattr(tape.torch, "empty", walled)
        drawn, found = draw_and_pull(engine, strokes, noise(), 0.0, LARGE)
    assert torch.equal(drawn, expected)
    assert all(torch.equal(a, b) for a, b in zip(found, gradients, strict=True))
    assert len(walls) == 9
    for whole in walls:
        assert (whole[:wall] == 77).all() and (whole[-wall:] == 77).all()


def test_strokes_of_other_kinds(cuda):
    strokes = as_dtype(gentle_scene(), torch.float32)
    with pytest.raises(TypeError, match="int64"):
        cuda(replace(strokes, segments=strokes.segments.float()), SIZE, PAPER)
    points = strokes.points.transpose(0, 1).contiguous().transpose(0, 1)
    assert torch.equal(cuda(strokes.with_points(points), SIZE, PAPER), cuda(strokes, SIZE, PAPER))
    doubled = gentle_scene()
    picture, gradients = draw_and_pull(cuda, doubled, noise(SIZE), 0.0)
    assert torch.equal(picture, cuda(strokes, SIZE, PAPER))
    assert all(gradient.dtype is torch.float64 for gradient in gradients)


def test_canvas_beyond_all_measure_is_refused(cuda):
    with pytest.raises(BadRequest, match="too large"):
        cuda(Strokes.build([], 1.0), (10, 40000), PAPER)


@pytest.mark.parametrize(("code", "error"), [(2, OutOfMemory), (719, Internal)])
def test_what_the_driver_refuses_is_told(machine, cuda, code, error):
    machine.machine_set(0, code)
    with pytest.raises(error, match="graphics card"):
        cuda(as_dtype(gentle_scene(), torch.float32), SIZE, PAPER)
    assert machine.machine_depth() == 0


def test_driver_that_does_not_take_the_kernels(machine):
    with pytest.raises(Internal, match="some error"):
        Kernels(machine, 0, b"something else", NAMES)
    with pytest.raises(Internal):
        Kernels(machine, 0, b"cubin", ("prepare", "unknown"))
    with pytest.raises(Internal):
        Kernels(machine, 1, b"cubin", NAMES)
    assert machine.machine_depth() == 0


def test_both_sides_agree_on_the_layout(machine):
    assert ctypes.sizeof(layout.Job) == machine.machine_job_size() < 4096  # bytes that a kernel may be told


def test_imitation_notices_lanes_that_wait_for_others(machine):
    """A check of the checker: divergent lanes end a launch."""
    assert machine.machine_stuck() == 719


def test_several_threads_may_ask_for_pictures(cuda):
    """As autograd does, whose backward passes have threads of their own."""
    strokes = as_dtype(gentle_scene(), torch.float32)
    expected, found = cuda(strokes, SIZE, PAPER), []
    for _ in range(3):
        worker = threading.Thread(target=lambda: found.append(torch.equal(cuda(strokes, SIZE, PAPER), expected)))
        worker.start()
        worker.join()
    assert found == [True] * 3


def test_offered_last_and_only_with_a_card(monkeypatch):
    monkeypatch.setattr(raster, "has_card", lambda: False)
    assert "cuda" not in raster.rasterizers()
    monkeypatch.setattr(raster, "has_card", lambda: True)
    assert list(raster.rasterizers())[-1] == "cuda"
    assert choose_engine("auto") != "cuda" and choose_engine("cuda") == "cuda"
    [told] = [found for found in doctor.rasterizer(Places.find()) if found.name == "--rasterizer cuda"]
    assert "not been tried" in told.text
    assert told.cure == missing_compiler()


@pytest.mark.skipif(has_card(), reason="there is a card")
def test_without_a_card_the_sentence_says_so():
    with pytest.raises(Missing, match="no NVIDIA graphics card"):
        cuda_engine()(as_dtype(gentle_scene(), torch.float32), SIZE, PAPER)
    with pytest.raises(Missing, match="needs an NVIDIA card"):
        choose_engine("cuda")


def test_bench_has_a_column_for_it(cuda, native, monkeypatch):
    monkeypatch.setattr(bench_tables, "rasterizers", lambda: {"cuda": cuda})
    column = bench_tables.entries(native)[-1]
    assert (column.name, column.device) == ("cuda", "cuda")
    assert bench_tables.measure([replace(column, device="cpu")], 32, 4, "long", 0.0)["cuda"] > 0
