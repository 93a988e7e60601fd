import numpy as np

from backend.guidance.left_out import leave_one_out


def losses_of(worth):
    return lambda drawings: np.array([sum(worth) - sum(worth[i] for i in strokes) for strokes in drawings])


def test_strokes_come_in_the_order_of_what_they_are_worth():
    order, importances = leave_one_out(6, losses_of([3, 9, 1, 7, 5, 2]))
    assert order == [1, 3, 4, 0, 5, 2]
    assert importances[0] == 1 and importances == sorted(importances, reverse=True)


def test_of_two_that_say_the_same_one_stays():
    """Strokes 0 and 1 say the same: each alone could go, but not both."""

    def losses(drawings):
        return np.array([10 - 6 * bool({0, 1} & set(s)) - 3 * (2 in s) - 0.5 * (3 in s) for s in drawings], float)

    order, _importances = leave_one_out(4, losses)
    assert order[:2] in ([0, 2], [1, 2], [2, 0], [2, 1])
    assert {order[2], order[3]} & {0, 1}


def test_one_stroke_or_none_need_no_order():
    assert leave_one_out(1, losses_of([1])) == ([0], [1.0])
    assert leave_one_out(0, losses_of([])) == ([], [])
