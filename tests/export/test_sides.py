import math

import numpy as np
import pytest

from backend.export.lines import Line, Lines
from backend.export.sides import Joints, sides, weights

REACH = 4 / 3 * math.tan(math.pi / 8) * 50
ARC = Line(  # a quarter of a circle of 50 px
    np.array([[50.0, 0], [50, REACH], [REACH, 50], [0, 50]]), np.array([8.0, 8.0]), False
)
CORNER = Line(np.array([[0.0, 0], [10, 0], [20, 0], [30, 0], [30, 10], [30, 20], [30, 30]]), np.array([4.0, 4.0]), False)


def sides_of(line):
    lines = Lines([line])
    [both] = sides(lines, Joints(lines))
    return [sorted(side, key=lambda piece: piece[0]) for side in both]


def test_the_sides_of_an_arc_are_arcs():
    for pieces, radius in zip(sides_of(ARC), (46, 54), strict=True):
        assert len(pieces) == 1
        along = weights(np.linspace(0, 1, 50)) @ pieces[0][1]
        assert np.hypot(*along.T) == pytest.approx(radius, abs=0.02 * 8)


def test_sides_break_at_corners():
    for pieces in sides_of(CORNER):
        assert [place for place, _ in pieces] == [0, 1]
        assert np.abs(pieces[0][1][3] - pieces[1][1][0]).max() == pytest.approx(2, abs=0.01)


def test_joints_know_their_turns():
    joints = Joints(Lines([CORNER, ARC]))
    assert joints.corners == [[1.0], []]
    assert joints.turns[0][1] == pytest.approx(math.pi / 2)


def test_pieces_follow_each_other():
    wave = Line(
        np.array([[20.0, 60], [50, 0], [70, 0], [90, 60], [110, 120], [130, 120], [160, 60]]), np.array([0.0, 9, 0]), False
    )
    for pieces in sides_of(wave):
        ends = [cubic[3] for _, cubic in pieces]
        assert len(pieces) >= 2
        assert np.array(ends[:-1]) == pytest.approx(np.array([cubic[0] for _, cubic in pieces[1:]]), abs=1e-9)
