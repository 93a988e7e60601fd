import itertools

import pytest

from backend.initialize.interleave import falling, interleave


def taken(order, length, regions):
    return [sum(region == i for region, _ in order[:length]) for i in range(regions)]


def test_every_stroke_comes_once_and_in_the_order_of_its_region():
    order = interleave([7, 3, 5], [0.5, 0.2, 0.3], [2, 0, 0])
    assert sorted(order) == [(0, i) for i in range(7)] + [(1, i) for i in range(3)] + [(2, i) for i in range(5)]
    for region in range(3):
        places = [place for i, place in order if i == region]
        assert places == sorted(places)


def test_every_prefix_is_shared_out_and_the_head_start_leads():
    order = interleave([600, 400], [0.6, 0.4], [3, 0])
    assert [region for region, _ in order[:3]] == [0, 0, 0]
    for length in range(10, 900, 7):
        assert taken(order, length, 2)[0] == pytest.approx(0.6 * length + 3, abs=2.5)


def test_a_region_without_strokes_leaves_its_share_to_the_others():
    order = interleave([2, 50, 50], [0.8, 0.1, 0.1], [0, 0, 0])
    assert taken(order, 42, 3) == [2, 20, 20]


def test_nothing_to_order():
    assert interleave([], [], []) == []
    assert interleave([0, 0], [0.5, 0.5], [1, 0]) == []


def test_importances_fall_all_the_way():
    values = falling([1.0, 0.4, 0.6, 0.6, 0.0, 0.0])
    assert values[:2] == [1.0, 0.4]
    assert all(before > after for before, after in itertools.pairwise(values[:5]))
    assert values == sorted(values, reverse=True)
