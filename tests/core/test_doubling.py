import pytest
import torch

from backend.core.doubling import doubled_share
from backend.core.strokes import Strokes


def line(start, end):
    start, end = torch.tensor(start, dtype=torch.float32), torch.tensor(end, dtype=torch.float32)
    return torch.stack([start + (end - start) * k / 3 for k in range(4)])


def strokes(*lines, width=2.0):
    return Strokes.build([line(*ends) for ends in lines], width)


def test_lines_apart_are_not_doubled():
    assert doubled_share(strokes(((0, 0), (100, 0)), ((0, 10), (100, 10)))) == 0


def test_lines_side_by_side_are():
    assert doubled_share(strokes(((0, 0), (100, 0)), ((0, 2.5), (100, 2.5)))) == 1


def test_a_part_beside_another_counts_as_a_part():
    half = doubled_share(strokes(((0, 0), (100, 0)), ((0, 2), (50, 2))))
    assert half == pytest.approx(100 / 150, abs=0.04)


def test_crossing_lines_are_not_doubled():
    assert doubled_share(strokes(((0, 0), (100, 0)), ((50, -50), (50, 50)))) == 0


def test_beside_is_measured_in_widths():
    pair = (((0, 0), (100, 0)), ((0, 5), (100, 5)))
    assert doubled_share(strokes(*pair, width=2.0)) == 0
    assert doubled_share(strokes(*pair, width=4.0)) == 1


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_strokes_double_nothing(count):
    assert doubled_share(strokes(*[((0, 0), (9, 9))] * count)) == 0


def test_strokes_of_no_length_do_no_harm():
    assert 0 <= doubled_share(strokes(((5, 5), (5, 5)), ((5, 5), (5, 5)))) <= 1
