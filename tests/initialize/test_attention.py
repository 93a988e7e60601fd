import numpy as np
import pytest

from backend.initialize.attention import Attention, AttentionSettings
from backend.initialize.streamlines import Trace
from tests.pictures import along, around

SHAPE = (200, 400)


def trace(row, closed=False):
    return Trace(row, np.full(len(row), 0.5), closed)


@pytest.fixture
def attention():
    """The left half is looked at closely."""
    looked = np.zeros(SHAPE, np.float32)
    looked[:, :200] = 1
    return Attention(looked, [trace(along((250, 150), (380, 150)))])


def test_a_short_line_is_a_fleck_where_nobody_looks(attention):
    assert attention.tells(trace(along((50, 50), (60, 50))))
    assert not attention.tells(trace(along((300, 50), (310, 50))))
    assert attention.tells(trace(along((300, 50), (330, 50))))  # longer than .07 of the longer side


def test_the_less_it_is_looked_at_the_longer_a_line_must_be():
    lines = [trace(along((20, 50), (20 + length, 50))) for length in range(2, 40)]
    shortest = []
    for look in (0.0, 0.2, 0.3, 0.5):
        attention = Attention(np.full(SHAPE, look, np.float32))
        shortest.append(next(line.length for line in lines if attention.tells(line)))
    assert shortest == sorted(shortest, reverse=True)
    assert 28 <= shortest[0] < 29.1
    assert shortest[0] > shortest[1] > shortest[2] > shortest[3] == 2


def test_a_closed_line_is_a_shape_anywhere(attention):
    assert attention.tells(trace(around((300, 50), 4), True))


def test_what_was_seen_from_close_by_is_looked_at_closely(attention):
    fleck = trace(along((300, 50), (304, 50)))
    assert attention.tells(fleck, enlarged=2.0)
    assert attention.along(fleck, 2.0).tolist() == [1] * len(fleck.row)


def test_points_beyond_the_canvas_are_looked_at_like_its_border(attention):
    assert attention.along(trace(along((-5, 50), (5, 50)))).tolist() == [1] * 11


def test_forms_are_added_where_no_line_runs(attention):
    assert len(attention.added([])) == 1
    assert attention.added([trace(along((240, 152), (390, 152)))]) == []
    assert Attention(attention.looked).added([]) == []


def test_a_form_is_worth_less_than_a_line():
    assert 0 < AttentionSettings().form < 1
