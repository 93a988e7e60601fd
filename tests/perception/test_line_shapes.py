import numpy as np
import pytest

from backend.perception.line_shapes import shape_of
from backend.perception.skeleton import Chain


def straight(length=200):
    return np.stack([np.arange(length + 1.0), np.zeros(length + 1)], 1)


def shape(row, widths, free=(True, True)):
    places = np.linspace(0, len(row) - 1, len(widths))
    return shape_of(Chain(row, free), places, np.array(widths, float))


def test_an_even_line():
    found = shape(straight(), [4.0] * 20)
    assert found.length == pytest.approx(200) and found.width == 4 and found.variation == 0
    assert found.turn == pytest.approx(0, abs=1e-9) and found.stray == 0
    assert found.tapers == (0.0, 0.0) and found.tips == (1.0, 1.0)


def test_a_line_that_thins_to_one_end():
    widths = [5.0] * 15 + [4.0, 3.0, 2.0, 1.0, 0.5]
    found = shape(straight(190), widths)
    assert found.tapers == (0.0, pytest.approx(0.21, abs=0.06)) and found.tips == (1.0, pytest.approx(0.1))
    assert shape(straight(190), widths, (True, False)).tapers == (0.0,), "where it meets another line, it has no end"


def test_a_short_thick_line_tells_nothing_of_its_ends():
    assert shape(straight(20), [5.0] * 10).tapers == ()


def test_a_circle_turns_once_and_does_not_stray():
    angles = np.linspace(0, 2 * np.pi, 600)
    found = shape(100 * np.stack([np.cos(angles), np.sin(angles)], 1), [3.0] * 30, (False, False))
    assert found.turn * found.length == pytest.approx(2 * np.pi, rel=0.1)
    assert found.stray < 0.3


def test_a_wavering_line_strays():
    row = straight(400)
    row[:, 1] = 2 * np.sin(row[:, 0] / 4)
    assert shape(row, [3.0] * 30).stray == pytest.approx(np.sqrt(2), rel=0.3)


def test_what_could_not_be_measured_is_unknown():
    found = shape(straight(30), [np.nan] * 10)
    assert np.isnan(found.width) and np.isnan(found.variation) and found.tapers == ()
    assert np.isnan(shape(straight(3), [2.0]).turn)
