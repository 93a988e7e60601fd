import numpy as np
import pytest

from backend.perception.face_rays import beside, calm_window, length, longest_run, seen_at, usual_reach, within
from backend.perception.faces import Face
from backend.perception.heads import HeadOutline


def test_the_face_is_in_the_middle_and_as_large_as_asked():
    picture = np.zeros((300, 400, 3), np.float32)
    picture[100:150, 200:250] = 1
    lab = calm_window(picture, Face(200, 100, 50), 80, 2.0)
    assert lab.shape == (160, 160, 3)
    bright = np.argwhere(lab[..., 0] > 50)
    assert bright.min(0) == pytest.approx([40, 40], abs=2) and bright.max(0) == pytest.approx([119, 119], abs=2)


def test_colors_are_seen_where_they_are():
    lab = np.zeros((40, 40, 3), np.float32)
    lab[10, 25] = (50, 1, 2)
    assert seen_at(lab, np.array([[[5.0, -10.0]], [[0.0, 0.0]]]))[:, 0].tolist() == [[50, 1, 2], [0, 0, 0]]


def test_a_superellipse_is_met_where_it_is():
    reach = usual_reach(np.array([1.0, 0.0, np.sqrt(0.5)]), np.array([0.0, 1.0, np.sqrt(0.5)]), (0.5, 0.8), 2.0)
    assert reach == pytest.approx([0.5, 0.8, np.sqrt(2 / (4 + 1 / 0.64))])


def test_points_on_the_border_and_beside_outlines_are_told():
    points = np.array([[0.0, 50], [20, 50], [60, 50], [99, 50]])
    assert within(points, (100, 100)).tolist() == [False, True, True, False]
    assert beside(points, [HeadOutline(np.array([[25.0, 50]]), np.ones(1))], 10).tolist() == [False, True, False, False]
    assert not beside(points, [], 10).any()


def test_the_longest_run_goes_on_over_gaps():
    shown = np.array([1, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0], bool)
    assert longest_run(shown, 2) == slice(6, 11)
    assert longest_run(np.zeros(5, bool), 2) is None


def test_a_lines_length():
    assert length(np.array([[0.0, 0], [3, 4], [3, 6]])) == 7.0
