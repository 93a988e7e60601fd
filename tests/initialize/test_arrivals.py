import numpy as np
import pytest

from backend.initialize.arrivals import ArrivalSettings, returned, strokes_for, with_room
from backend.initialize.carry import CarriedStroke

LOOK = np.zeros((8, 2, 3), np.float32)


def strokes(count, **facts):
    return [CarriedStroke(i, np.zeros((4, 2)), False, LOOK, **facts) for i in range(count)]


def waiting(found):
    return [stroke.id for stroke in found if stroke.waiting]


@pytest.mark.parametrize(("gains", "left_out", "wanted"), [
    ([], 0.0, 0),
    ([200.0, 150.0, 60.0, 20.0], 0.0, 3),  # half of the least counts, too
    ([200.0, 80.0, 60.0, 50.0], 0.0, 0),  # one new line alone is nothing that arrived
    ([200.0, 150.0, 140.0], 40.0, 3),
    ([200.0, 150.0, 140.0], 80.0, 0),  # there were such lines from the beginning
])  # fmt: skip
def test_what_adds_far_more_than_was_left_out_at_first_has_arrived(gains, left_out, wanted):
    assert strokes_for(gains, left_out) == wanted


def test_the_least_important_strokes_make_room_up_to_a_share():
    assert waiting(with_room(strokes(8), 1, 8, 8)) == [7]
    first = with_room(strokes(8), 5, 8, 8)
    assert waiting(first) == [6, 7]  # a quarter at once
    again = with_room(first, 5, 8, 8)
    assert waiting(again) == [4, 5, 6, 7]  # half of them in all
    assert with_room(again, 5, 8, 8) == again
    assert waiting(with_room(strokes(8), 0, 8, 8)) == waiting(with_room(strokes(8), -3, 8, 8)) == []


def test_what_came_later_and_what_is_not_seen_does_not_make_room():
    assert waiting(with_room(strokes(8), 2, 5, 8)) == [3, 4]
    assert waiting(with_room(strokes(8, unseen=1), 2, 8, 8)) == []


def test_where_there_is_room_again_the_most_important_ones_come_back():
    away = with_room(strokes(8), 2, 8, 8, ArrivalSettings(share=0.5))
    assert waiting(returned(away, 1)) == [7]
    assert waiting(returned(away, 5)) == []
    assert returned(away, 0) == returned(away, -1) == away
