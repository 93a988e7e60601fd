import cv2
import numpy as np
import pytest

from backend.initialize import streamlines
from backend.initialize.streamlines import TraceSettings, trace_lines
from backend.perception.line_field import line_field
from backend.raster.native.library import load_library
from tests.pictures import along, around, distances, noise, ridge_field, tensor


@pytest.fixture(params=["native", "python"], autouse=True)
def library(request, monkeypatch):
    """With the native library, and without it."""
    found = load_library()
    if request.param == "python":
        monkeypatch.setattr(streamlines, "load_library", lambda: None)
    elif found is None:
        pytest.skip("the native library is not built: python -m backend.raster.native.build")
    return found


def retraced(trace):
    """The share of a line's points that lie upon another part of the same line."""
    place = np.arange(len(trace.row))
    apart = np.abs(place[:, None] - place)
    apart = np.minimum(apart, len(place) - apart) if trace.closed else apart
    near = np.linalg.norm(trace.row[:, None] - trace.row[None], axis=2) < 1.5
    return (near & (apart > 12)).any(1).mean()


def test_a_ring_is_one_closed_line():
    ring = around((70, 70), 40)
    [trace] = trace_lines(*ridge_field((140, 140), ring))
    assert trace.closed
    assert trace.row[0].tolist() == trace.row[-1].tolist()
    assert trace.length == pytest.approx(2 * np.pi * 40, rel=0.04)
    assert distances(trace.row, ring).max() < 1
    assert distances(ring, trace.row).max() < 2


def test_a_straight_line_is_followed_both_ways_from_its_seed():
    row = along((20, 30), (110, 90))
    [trace] = trace_lines(*ridge_field((120, 130), row))
    assert not trace.closed
    assert distances(trace.row, row).max() < 4
    assert distances(row, trace.row).max() < 1.5
    assert np.abs(np.linalg.norm(np.diff(trace.row, axis=0), axis=1) - 1).max() < 0.5


def test_crossing_lines_are_both_drawn_and_neither_twice():
    rows = along((20, 20), (120, 110)), along((20, 110), (120, 20))
    traces = trace_lines(*ridge_field((130, 140), *rows))
    drawn = np.concatenate([trace.row for trace in traces])
    assert np.mean(distances(np.concatenate(rows), drawn) < 3) > 0.93
    assert sum(trace.length for trace in traces) < 1.05 * (len(rows[0]) + len(rows[1]))


def test_a_lasso_is_drawn_once():
    loop = around((130, 100), 35, np.pi / 2, np.pi / 2 - 2 * np.pi)
    lasso = np.concatenate([along((20, 135), (129, 135)), loop])
    traces = trace_lines(*ridge_field((200, 200), lasso))
    assert max(map(retraced, traces)) < 0.1
    assert sum(trace.length for trace in traces) < 1.1 * len(lasso)


def test_touching_rings_are_drawn_once():
    rings = around((60, 60), 30), around((121, 60), 30)
    traces = trace_lines(*ridge_field((120, 180), *rings))
    assert max(map(retraced, traces)) < 0.1
    assert sum(trace.length for trace in traces) < 1.1 * (len(rings[0]) + len(rings[1]))


def test_nothing_runs_along_the_border():
    rows = [along((1, 1), (98, 1)), along((98, 1), (98, 78)), along((98, 78), (1, 78)), along((1, 78), (1, 1))]
    assert trace_lines(*ridge_field((80, 100), *rows)) == []


def test_no_point_leaves_the_picture():
    rows = [along((-10, 20), (130, 60)), along((50, -20), (70, 120)), around((100, 80), 30)]
    for trace in trace_lines(*ridge_field((80, 100), *rows)):
        assert trace.row.min() >= 3
        assert (trace.row <= [99 - 3, 79 - 3]).all()
        assert len(trace.strength) == len(trace.row)


def test_weak_lines_start_nothing_but_carry_a_line_on():
    row = along((15, 30), (145, 30))
    strength, tangent_x, tangent_y = ridge_field((60, 160), row)
    assert trace_lines(0.13 * strength, tangent_x, tangent_y) == []
    strength[:, 60:] *= 0.15
    [trace] = trace_lines(strength, tangent_x, tangent_y)
    assert trace.row[:, 0].max() > 140


@pytest.mark.parametrize(("gap", "length"), [(4, 130), (40, 45)])
def test_a_line_runs_over_a_short_gap_and_ends_at_a_long_one(gap, length):
    strength, tangent_x, tangent_y = ridge_field((60, 160), along((15, 30), (145, 30)))
    strength[:, 60 : 60 + gap] = 0
    longest = max(trace.length for trace in trace_lines(strength, tangent_x, tangent_y))
    assert longest == pytest.approx(length, abs=8)


def test_crumbs_are_left_out():
    strength, tangent_x, tangent_y = ridge_field((60, 60), along((28, 30), (33, 30)), sigma=0.8)
    assert trace_lines(0.4 * strength, tangent_x, tangent_y) == []


def test_parallel_lines_that_are_far_enough_are_both_drawn():
    far = TraceSettings().apart + 6
    traces = trace_lines(*ridge_field((60, 160), along((15, 20), (145, 20)), along((15, 20 + far), (145, 20 + far))))
    assert len(traces) == 2


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (8, 8), (9, 40)])
def test_tiny_fields_have_no_lines_and_no_errors(size):
    strength, flat = np.ones(size, np.float32), np.zeros(size, np.float32)
    assert all(np.isfinite(trace.row).all() for trace in trace_lines(strength, flat + 1, flat))


def test_the_same_field_gives_the_same_lines():
    fields = ridge_field((120, 120), around((60, 60), 30), along((10, 100), (110, 20)))
    first, second = trace_lines(*fields), trace_lines(*fields)
    assert all(np.array_equal(a.row, b.row) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("start", np.linspace(0, 1, 5))
def test_a_lasso_is_drawn_once_wherever_it_begins(way, start):
    loop = around((130, 100), 35, np.pi / 2, np.pi / 2 - 2 * np.pi)
    lasso = np.concatenate([along((20, 135), (129, 135)), loop])[::way]
    s, tx, ty = ridge_field((200, 200), lasso)
    p = lasso[int(start * (len(lasso) - 1))]
    y, x = np.mgrid[0:200, 0:200]
    s *= 0.8 + 0.2 * np.exp(-((x - p[0]) ** 2 + (y - p[1]) ** 2) / 200).astype(np.float32)
    assert max(map(retraced, trace_lines(s, tx, ty))) < 0.1


@pytest.mark.parametrize("settings", [TraceSettings(), TraceSettings(seed=0.05, keep=0.3, gap=1, apart=1, border=5)])
def test_the_native_library_follows_the_same_lines_bit_by_bit(library, settings):
    if library is None:
        pytest.skip("the native library is not built: python -m backend.raster.native.build")
    picture = cv2.resize(noise(30, 40, 0, 255, seed=3), (200, 150), interpolation=cv2.INTER_CUBIC)
    field = line_field(tensor(picture))
    maps = field.strength, field.tangent_x, field.tangent_y
    expected, found = list(streamlines.rows_of(maps, settings)), streamlines.native_rows(maps, settings, library)
    assert len(expected) > 20 and {closed for _row, closed in expected} >= {False}
    assert [closed for _row, closed in found] == [closed for _row, closed in expected]
    assert all(np.array_equal(one, other) for (one, _), (other, _) in zip(found, expected, strict=True))
