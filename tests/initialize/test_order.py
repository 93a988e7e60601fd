import numpy as np
import pytest

from backend.initialize.order import OrderSettings, order_by_coverage
from tests.pictures import along

CANVAS = (480, 640)


def lines(count, seed=0):
    """Straight rows anywhere on the canvas, and a worth for each point."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        start = random.uniform((20, 20), (620, 460))
        rows.append(along(start, (start + random.normal(size=2) * 60).clip((0, 0), (639, 479))))
    return rows, [random.uniform(0.2, 1, len(row)) for row in rows]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_for_few_is_the_beginning_of_the_order_for_many(seed):
    rows, worths = lines(70, seed)
    full = order_by_coverage(rows, worths, CANVAS, 70)
    for count in (1, 8, 16, 33):
        assert order_by_coverage(rows, worths, CANVAS, count) == full[:count]


def test_the_first_is_the_one_of_most_worth():
    rows, worths = lines(40)
    [(first, gain)] = order_by_coverage(rows, worths, CANVAS, 1)
    assert first == max(range(40), key=lambda i: worths[i].sum())
    assert gain == pytest.approx(worths[first].sum())


def test_no_row_comes_twice_and_no_gain_is_negative():
    rows, worths = lines(70)
    chosen, gains = zip(*order_by_coverage(rows, worths, CANVAS, 100), strict=True)
    assert len(set(chosen)) == len(chosen)
    assert min(gains) >= 0


def test_copies_are_left_out():
    rows = [along((100, 101.3), (300, 101.3)), along((100, 301.3), (260, 301.3))]
    order = order_by_coverage(rows * 2, [np.ones(len(row)) for row in rows * 2], CANVAS, 4)
    assert sorted(i % 2 for i, _gain in order) == [0, 1]


def test_what_is_far_from_the_drawn_comes_before_a_stronger_neighbor():
    rows = [along((100, 100), (400, 100)), along((100, 112), (380, 112)), along((100, 400), (300, 400))]
    order = order_by_coverage(rows, [np.ones(len(row)) for row in rows], CANVAS, 3)
    assert [i for i, _gain in order] == [0, 2, 1]


def test_an_unworthy_line_comes_last():
    rows = [along((100, 100), (500, 100)), along((100, 300), (200, 300))]
    order = order_by_coverage(rows, [np.full(len(rows[0]), 0.01), np.ones(len(rows[1]))], CANVAS, 2)
    assert [i for i, _gain in order] == [1, 0]


def test_without_rows_or_wishes_there_is_no_order():
    rows, worths = lines(3)
    assert order_by_coverage([], [], CANVAS, 5) == []
    assert order_by_coverage(rows, worths, CANVAS, 0) == []


@pytest.mark.parametrize("y", [8.0, 10.0, 101.3])
@pytest.mark.parametrize("shift", [0.0, 0.7, 1.0])
def test_a_copy_beside_a_row_is_left_out(y, shift):
    row = along((100, y), (300, y))
    assert len(order_by_coverage([row, row + shift], [np.ones(len(row))] * 2, (480, 640), 4)) == 1


def test_a_worthless_row_is_left_out():
    rows = [along((0, 10), (50, 10)), along((0, 300), (50, 300))]
    assert len(order_by_coverage(rows, [np.ones(51), np.zeros(51)], (480, 640), 4)) == 1


def test_rows_beyond_the_canvas_are_no_warning():
    order_by_coverage([along((0, 0), (40, 0)), along((900, 900), (950, 900))], [np.ones(41), np.ones(51)], (480, 640), 2)


def looking(rows, at):
    """Rows of 1 for those of these indices, of 0 for others."""
    return [np.full(len(row), float(i in at)) for i, row in enumerate(rows)]


def test_details_come_early_where_it_is_looked_closely():
    frame = [along((40, 40 + 3 * i), (600, 40 + 3 * i)) for i in (0,)]
    details = [along((100 + 6 * i, 46 + 5 * i), (130 + 6 * i, 46 + 5 * i)) for i in range(3)]
    others = [along((100 + 150 * i, 200), (160 + 150 * i, 200)) for i in range(3)]
    rows = [*frame, *details, *others]
    worths = [np.ones(len(row)) for row in rows]
    plain = [i for i, _ in order_by_coverage(rows, worths, CANVAS, 7)]
    seen = [i for i, _ in order_by_coverage(rows, worths, CANVAS, 7, looked=looking(rows, (1, 2, 3)))]
    early = [sum(order.index(i) if i in order else len(rows) for i in (1, 2, 3)) for order in (plain, seen)]
    assert early[1] < early[0]


def test_what_was_seen_enlarged_is_not_raised_once_more_where_it_is_looked_closely():
    rows = [along((40, 40), (600, 40)), *(along((100 + 60 * i, 52), (140 + 60 * i, 52)) for i in range(6))]
    worths = [np.ones(len(row)) for row in rows]
    enlarged, everywhere = [1.0] + [2.0] * 6, looking(rows, range(1, 7))
    plain, seen = (order_by_coverage(rows, worths, CANVAS, 7, OrderSettings(), enlarged, looked) for looked in ((), everywhere))
    gains = [dict(order)[3] for order in (plain, seen)]
    assert gains[0] == pytest.approx(gains[1])


def test_where_nobody_looks_short_lines_wait():
    long = [along((40, 40 + 60 * i), (600, 40 + 60 * i)) for i in range(6)]
    short = [along((100 + 60 * i, 70), (125 + 60 * i, 70)) for i in range(6)]
    rows, settings = [*long, *short], OrderSettings(ease=0.01)
    worths = [np.ones(len(row)) for row in long] + [np.full(len(row), 6.0) for row in short]
    plain, aside = (
        [i for i, _ in order_by_coverage(rows, worths, CANVAS, 12, settings, looked=looked)]
        for looked in ((), looking(rows, ()))
    )
    assert set(plain[1:7]) == set(range(6, 12))  # after the first, by gain / length^.5
    assert set(aside[:6]) == set(range(6))


def test_each_prefix_is_the_order_for_so_many_where_it_is_looked_closely_too():
    rows, worths = lines(40, 4)
    looked = looking(rows, range(0, 40, 3))
    full = order_by_coverage(rows, worths, CANVAS, 40, looked=looked)
    assert order_by_coverage(rows, worths, CANVAS, 9, looked=looked) == full[:9]


def test_a_pair_comes_one_right_after_the_other():
    rows = [
        along((100, 100), (400, 100)),
        along((100, 110), (130, 110)),
        along((150, 110), (180, 110)),
        along((50, 400), (300, 400)),
    ]
    worths = [np.ones(len(row)) for row in rows]
    alone = [i for i, _gain in order_by_coverage(rows, worths, CANVAS, 4)]
    paired = [i for i, _gain in order_by_coverage(rows, worths, CANVAS, 4, pairs=[None, 7, 7, None])]
    assert sorted(alone) == sorted(paired) == [0, 1, 2, 3]
    far = [i for i, _gain in order_by_coverage(rows, worths, CANVAS, 4, pairs=[7, None, None, 7])]
    assert abs(paired.index(1) - paired.index(2)) == 1
    assert far[:2] == [0, 3]
    near = [i for i, _gain in order_by_coverage(rows, worths, CANVAS, 4, pairs=[7, 7, None, None])]
    assert near[:2] == [0, 1] and alone[:2] == [0, 3]


@pytest.mark.parametrize("seed", range(3))
def test_each_prefix_is_the_order_for_so_many_with_pairs_too(seed):
    rows, worths = lines(40, seed)
    pairs = [i // 2 if i < 20 else None for i in range(40)]
    full = order_by_coverage(rows, worths, CANVAS, 40, pairs=pairs)
    for count in (1, 5, 8, 16):
        assert order_by_coverage(rows, worths, CANVAS, count, pairs=pairs) == full[:count]
