import numpy as np
import pytest

from backend.initialize.forms import FormSettings, beside_none, enlarged
from backend.initialize.streamlines import Trace
from tests.pictures import along, around

SHAPE = (300, 400)


def trace(row, closed=False):
    return Trace(row, np.linspace(0.2, 0.8, len(row)), closed)


def test_a_line_of_a_small_picture_lies_where_its_pixels_lie_on_the_canvas():
    seen = enlarged(trace(along((10, 20), (60, 20))), 0.5, 3.0)
    assert np.allclose(seen.row[:, 1], 40.5)  # the middle of the small picture's row 20
    assert seen.row[0, 0] == pytest.approx(20.5, abs=1e-6)
    assert seen.row[-1, 0] == pytest.approx(120.5, abs=1e-6)
    steps = np.linalg.norm(np.diff(seen.row, axis=0), axis=1)
    assert np.allclose(steps, 1, atol=0.1)
    assert len(seen.strength) == len(seen.row)
    assert np.all(np.diff(seen.strength) > 0)


def test_the_steps_of_a_small_picture_are_calmed():
    x = np.arange(60.0)
    stairs = np.stack([x, np.floor(x / 4)], 1)
    rough, calm = (enlarged(trace(stairs), 0.25, sigma).row for sigma in (0.5, 12.0))
    assert np.abs(np.diff(calm, 2, axis=0)).max() < 0.2 * np.abs(np.diff(rough, 2, axis=0)).max()


def test_a_closed_line_stays_closed():
    ring = around((40, 40), 20)
    ring = np.concatenate([ring, ring[:1]])
    assert np.allclose(*enlarged(trace(ring, True), 0.5, 3.0).row[[0, -1]])


def test_only_what_runs_beside_no_other_line_is_left():
    form, other = trace(along((50, 100), (350, 100))), trace(along((50, 106), (150, 106)))
    [left] = beside_none([form], [other], SHAPE, FormSettings())
    assert 150 + 10 < left.row[0, 0] < 150 + 16  # px beyond the other line's end
    assert left.row[-1, 0] == 350
    assert len(left.strength) == len(left.row)
    assert beside_none([trace(along((50, 112), (150, 112)))], [other], SHAPE, FormSettings()) == []


def test_short_remains_are_no_forms():
    form = trace(along((50, 100), (150, 100)))
    others = [trace(along((50, 102), (105, 102)))]
    assert beside_none([form], others, SHAPE, FormSettings(least=36.0)) == []
    assert len(beside_none([form], others, SHAPE, FormSettings(least=28.0))) == 1


def test_where_nothing_is_drawn_all_forms_are_whole():
    ring = trace(around((150, 150), 80), True)
    [left] = beside_none([ring], [], SHAPE, FormSettings())
    assert left.closed
    assert np.array_equal(left.row, ring.row)
