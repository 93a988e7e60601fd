import cv2
import numpy as np
import pytest

from backend.perception.outline_runs import contour_of, gaps_closed, runs_of


def test_the_outline_of_the_largest_part():
    bits = np.zeros((200, 200), np.uint8)
    cv2.circle(bits, (100, 90), 50, 1, -1)
    cv2.circle(bits, (180, 180), 8, 1, -1)
    contour = contour_of(bits)
    assert np.hypot(*(contour - (100, 90)).T) == pytest.approx(50, abs=1.5)
    assert np.linalg.norm(np.diff(contour, axis=0), axis=1).max() < 2


def test_short_gaps_are_closed_also_where_it_begins():
    kept = np.ones(100, bool)
    kept[97:], kept[:2], kept[40:60] = False, False, False
    closed = gaps_closed(kept, 9)
    assert closed[97:].all() and closed[:2].all() and not closed[41:59].any()


def test_runs_go_on_over_the_beginning():
    kept = np.zeros(10, bool)
    kept[[8, 9, 0, 1, 4, 5]] = True
    assert [run.tolist() for run in runs_of(kept)] == [[4, 5], [8, 9, 0, 1]]
    assert [len(run) for run in runs_of(np.ones(10, bool))] == [10]
    assert runs_of(np.zeros(10, bool)) == []
