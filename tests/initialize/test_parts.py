import numpy as np
import pytest

from backend.initialize.curve_places import dense_places, even_places, length_of
from backend.initialize.parts import WHOLE, PartSettings, drawn_before, drawn_parts, part_of, uncovered

FRAMES, PLACES = 20, 21
SEEN = np.ones(FRAMES, bool)
HELD = np.ones((FRAMES, PLACES), bool)
BENT = np.array([[0, 0], [30, 0], [60, 10], [60, 40], [60, 40], [90, 90], [120, 40], [60, 80], [20, 90], [0, 120]], float)


def lost(frames, places, held=HELD):
    """Where places lost their line in some frames."""
    there = held.copy()
    there[frames, places] = False
    return there


def test_a_stroke_that_keeps_its_line_is_drawn_whole():
    assert np.array_equal(drawn_parts(HELD, SEEN), np.tile(WHOLE, (FRAMES, 1)))


def test_an_end_whose_line_has_gone_is_left_out_step_by_step():
    parts = drawn_parts(lost(slice(5, None), slice(15, None)), SEEN)
    assert tuple(parts[0]) == pytest.approx(WHOLE, abs=0.01) and parts[:, 0].max() < 0.01
    assert parts[10:, 1] == pytest.approx(np.full(10, 14.5 / 20), abs=0.02)
    assert np.abs(np.diff(parts[:, 1])).max() < 0.12  # it does not jump


def test_it_comes_back_with_its_line():
    parts = drawn_parts(lost(slice(5, 11), slice(0, 8)), SEEN)
    assert parts[8, 0] > 0.25 and parts[-1, 0] < 0.02


def test_a_glance_without_the_line_leaves_nothing_out():
    assert drawn_parts(lost(9, slice(12, None)), SEEN)[:, 1].min() > 0.9


def test_gaps_within_a_stroke_are_drawn():
    assert np.allclose(drawn_parts(lost(slice(5, None), slice(8, 12)), SEEN), WHOLE, atol=1e-6)


def test_what_was_on_no_line_from_the_beginning_stays():
    bridge = lost(slice(None), slice(15, None))
    assert np.allclose(drawn_parts(bridge, SEEN), WHOLE, atol=1e-6)


def test_frames_that_do_not_see_a_stroke_do_not_shorten_it():
    away = lost(slice(8, 12), slice(None))
    seen = SEEN.copy()
    seen[8:12] = False
    assert np.allclose(drawn_parts(away, seen), WHOLE, atol=1e-6)


def test_something_is_always_drawn():
    parts = drawn_parts(lost(slice(1, None), slice(1, None)), SEEN, PartSettings(least=0.3))
    assert (parts[:, 1] - parts[:, 0]).min() > 0.299 and parts.min() >= 0 and parts.max() <= 1


@pytest.mark.parametrize("part", [(0.0, 0.4), (0.25, 1.0), (0.3, 0.72), (0.45, 0.5), WHOLE])
def test_a_part_runs_exactly_on_its_curve(part):
    cut = part_of(BENT, *part)
    assert cut.shape == BENT.shape
    assert length_of(cut) == pytest.approx((part[1] - part[0]) * length_of(BENT), rel=0.02)
    dense, _parameters = dense_places(BENT, 400)
    gaps = np.linalg.norm(even_places(cut, 30)[:, None] - dense[None], axis=2).min(1)
    assert gaps.max() < 0.3
    ends = even_places(BENT, 1001)[[round(1000 * share) for share in part]]
    assert np.abs(cut[[0, -1]] - ends).max() < 0.7


def test_new_lines_keep_away_from_all_of_a_long_curve():
    quarter = 4 / 3 * np.tan(np.pi / 8)
    arc = 60 + 900 * np.array([[1, 0], [1, quarter], [quarter, 1], [0, 1]])
    free = uncovered([arc], [False], (1000, 1000), 6.0)
    x, y = dense_places(arc, 300)[0].astype(int).T
    assert free[y, x].max() == 0 and free[500, 500] == 1
    distance = np.hypot(*(np.mgrid[:1000, :1000] - 60)) - 900
    assert free[np.abs(distance) > 9].min() == 1


def straight(start, end):
    return np.array(start, float) + np.linspace(0, 1, 4)[:, None] * (np.array(end, float) - np.array(start, float))


def test_places_on_an_earlier_curve_are_told():
    curves = [
        straight((0, 0), (100, 0)),
        straight((160, 2), (60, 2)),
        straight((50, -40), (50, 40)),
        straight((0, 5), (100, 5)),
    ]
    whole, half, across, beside = drawn_before(curves, [11] * 4, 3.5)
    assert not whole.any() and not across.any()
    assert np.array_equal(half, np.linspace(160, 60, 11) < 103)
    assert beside.tolist() == [False] * 6 + [True] * 5  # 3 px from the second, 5 px from the first
    assert drawn_before([], [], 3.5) == [] and not drawn_before(curves[:1], [11], 3.5)[0].any()
