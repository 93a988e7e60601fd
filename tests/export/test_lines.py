import numpy as np
import pytest

from backend.export.lines import Line, Lines

LEVEL = Line(np.array([[0.0, 0], [10, 0], [20, 0], [30, 0], [30, 10], [30, 20], [30, 30]]), np.array([2.0, 4, 8]), False)
SHORT = Line(np.array([[5.0, 5], [5, 5], [8, 9], [8, 9]]), np.array([3.0]), False)


def at(place, before=False, row=0):
    lines = Lines([LEVEL, SHORT])
    return [value[0] for value in lines.at(np.array([row]), np.array([place]), np.array([before]))]


def test_points_tangents_and_widths():
    middle, tangent, half, rates = at(0.5)
    assert middle == pytest.approx([15, 0]) and tangent == pytest.approx([1, 0]) and half == pytest.approx(1.5)
    assert rates == pytest.approx([30, 1, 0])  # px, px of half width and radians per segment


def test_a_joint_belongs_to_either_segment():
    assert at(1.0, before=True)[1] == pytest.approx([1, 0]) and at(1.0)[1] == pytest.approx([0, 1])
    assert at(1.0, before=True)[3][1] == pytest.approx(1) and at(1.0)[3][1] == pytest.approx(2)
    assert at(0.0)[0] == pytest.approx([0, 0]) and at(2.0, before=True)[0] == pytest.approx([30, 30])


def test_where_a_line_stands_still_it_looks_ahead():
    for place, before in ((0.0, False), (1.0, True)):
        assert at(place, before, row=1)[1] == pytest.approx([0.6, 0.8])


def test_the_box_of_a_line():
    assert (LEVEL.extent, SHORT.extent, LEVEL.segments) == (30, 4, 2)
