"""Hatching that goes on over the borders of a tile."""

import math

import numpy as np
import pytest

from backend.initialize.hatch_tile import TileHatch, copies, hatch_rows

SIZE = (90, 140)  # height, width


def rows_of(seed=0, **settings):
    hatch = TileHatch(**{"angle": 30.0, "spacing": 9.0, "length": 80.0, **settings})
    return hatch_rows(SIZE, hatch, np.random.default_rng(seed))


@pytest.mark.parametrize("angle", [0.0, 90.0, 30.0, -52.0, 179.0])
def test_lines_have_about_the_angle_and_the_spacing_that_are_wanted(angle):
    rows = rows_of(angle=angle)
    ways = np.array([row[-1] - row[0] for row in rows])
    found = np.degrees(np.arctan2(-ways[:, 1], ways[:, 0])) % 180
    assert np.ptp((found - angle + 90) % 180) < 1e-6 and abs((found[0] - angle + 90) % 180 - 90) < 8
    lengths = np.linalg.norm(ways, axis=1).sum()
    assert SIZE[0] * SIZE[1] / lengths == pytest.approx(9.0, rel=0.12)  # px² for each px of line: the spacing


@pytest.mark.parametrize("bend", [0.0, 1.0])
def test_a_line_that_leaves_the_tile_comes_in_again_where_another_stroke_begins(bend):
    """The lines are the same after a whole tile: every stroke's end is the beginning of one, wherever that lies."""
    rows = rows_of(bend=bend)
    begins = np.array([row[0] for row in rows]) % SIZE[::-1]
    for row in rows:
        apart = np.abs(row[-1] % SIZE[::-1] - begins)
        apart = np.minimum(apart, np.array(SIZE[::-1]) - apart)
        assert np.hypot(*apart.T).min() < 1e-6


def test_strokes_lie_over_each_other_where_that_is_wanted():
    plain, over = (sum(math.dist(row[0], row[-1]) for row in rows_of(overlap=share)) for share in (0.0, 0.2))
    assert over == pytest.approx(1.2 * plain)


def test_strokes_begin_in_the_tile_and_are_as_long_as_wanted():
    for row in rows_of(length=40.0):
        assert (row[0] >= 0).all() and (row[0] < SIZE[::-1]).all()
        assert 20 < math.dist(row[0], row[-1]) < 70


def test_a_stroke_is_copied_to_wherever_it_is_seen():
    assert copies(np.array([[10.0, 10.0], [30.0, 10.0]]), SIZE, 2) == [(0, 0)]
    assert copies(np.array([[130.0, 10.0], [150.0, 10.0]]), SIZE, 2) == [(-140, 0), (0, 0)]
    assert copies(np.array([[1.0, 40.0]]), SIZE, 2) == [(0, 0), (140, 0)]
    assert set(copies(np.array([[-5.0, -5.0], [5.0, 5.0]]), SIZE, 2)) == {(0, 0), (140, 0), (0, 90), (140, 90)}


def test_another_seed_breaks_lines_elsewhere():
    one, same, other = rows_of(1), rows_of(1), rows_of(2)
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert any(len(a) != len(b) or (a != b).any() for a, b in zip(one, other, strict=True))
