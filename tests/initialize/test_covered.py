import numpy as np
import pytest

from backend.initialize.attention import Attention
from backend.initialize.covered import Covered
from backend.initialize.order import order_by_coverage
from backend.initialize.streamlines import Trace
from backend.initialize.trace import Closeup, Lines, traced_start

SHAPE = (80, 120)


def row(x0, y0, x1, y1):
    count = round(np.hypot(x1 - x0, y1 - y0)) + 1
    return np.stack([np.linspace(x0, x1, count), np.linspace(y0, y1, count)], 1)


def field(*rows):
    """Lines of strength 1 and 3 px width, along their rows."""
    strength, x, y = (np.zeros(SHAPE, np.float32) for _ in range(3))
    for line in rows:
        step = (line[-1] - line[0]) / np.linalg.norm(line[-1] - line[0])
        for px, py in np.rint(line).astype(int):
            strength[py - 1 : py + 2, px - 1 : px + 2] = 1
            x[py - 1 : py + 2, px - 1 : px + 2], y[py - 1 : py + 2, px - 1 : px + 2] = step
    return strength, x, y


def test_a_line_beside_a_drawn_one_is_gone_and_one_that_crosses_it_is_not():
    covered = Covered((row(10, 40, 110, 40),))
    strength, x, y = field(row(10, 43, 110, 43))
    assert not covered.less(strength, x, y).any()
    strength, x, y = field(row(60, 5, 60, 75))
    np.testing.assert_array_equal(covered.less(strength, x, y), strength)
    strength, x, y = field(row(10, 60, 110, 60))
    np.testing.assert_array_equal(covered.less(strength, x, y), strength)


def test_without_anything_drawn_all_is_free():
    strength, x, y = field(row(10, 40, 110, 40))
    np.testing.assert_array_equal(Covered().less(strength, x, y), strength)


def test_close_ups_are_looked_at_where_they_lie():
    strength, x, y = field(row(10, 40, 110, 40))
    twice = Covered((row(20, 30, 70, 30),))  # in the close-up: x (20 − 15) · 2 …, y (30 − 10) · 2
    assert not twice.less(strength, x, y, (15.0, 10.0), 2.0)[:, 12:108].any()
    assert twice.less(strength, x, y, (15.0, 20.0), 2.0).any()


def test_of_a_known_outline_the_parts_are_left_that_are_not_drawn():
    trace, worth = Trace(row(5, 40, 115, 40), np.ones(111)), np.ones(111)
    covered = Covered((row(50, 42, 70, 42),))
    parts = covered.free_parts(trace, worth, SHAPE)
    assert [(part.start, part.stop) for part in parts] == [(0, 37), (74, 111)]
    worth[:60] = 0
    assert [part.start for part in covered.free_parts(trace, worth, SHAPE)] == [74]
    whole = Covered((row(0, 40, 119, 40),))
    assert whole.free_parts(trace, np.ones(111), SHAPE) == []


@pytest.mark.parametrize(("drawn", "left"), [(0.1, 1), (0.8, 0)])
def test_a_closed_outline_is_drawn_whole_or_not(drawn, left):
    angle = np.linspace(0, 2 * np.pi, 120)
    ring = np.stack([60 + 25 * np.cos(angle), 40 + 25 * np.sin(angle)], 1)
    covered = Covered((ring[: round(drawn * 120)],))
    assert len(covered.free_parts(Trace(ring, np.ones(120), closed=True), np.ones(120), SHAPE)) == left


def test_the_order_begins_far_from_what_is_drawn():
    rows = [row(10, 10, 60, 10), row(10, 60, 60, 60)]
    worths = [np.full(51, 1.2), np.ones(51)]
    assert [i for i, _ in order_by_coverage(rows, worths, SHAPE, 2)] == [0, 1]
    found = order_by_coverage(rows, worths, SHAPE, 2, drawn=[row(10, 14, 60, 14)])
    assert [i for i, _ in found] == [1, 0]
    assert [i for i, _ in order_by_coverage(rows, worths, SHAPE, 2, drawn=[rows[0]])] == [1]


def test_a_start_traces_only_what_is_not_drawn():
    lines = Lines(*field(row(15, 20, 105, 20), row(15, 60, 105, 60)), np.zeros(SHAPE, np.float32))
    worth = np.ones(SHAPE, np.float32)
    assert len(traced_start(lines, worth, 5).curves) == 2
    start = traced_start(lines, worth, 5, covered=Covered((row(15, 22, 105, 22),)))
    [curve] = start.curves
    assert abs(float(curve[:, 1].mean()) - 60.5) < 1
    closeup = Closeup(lines, worth, (0.0, 0.0), 1.0)
    start = traced_start(lines, worth, 5, closeups=[closeup], covered=Covered((row(15, 22, 105, 22),)))
    assert len(start.curves) == 1


def test_large_forms_are_not_drawn_beside_what_is_drawn():
    nothing = np.zeros(SHAPE, np.float32)
    form = Trace(row(15, 40, 105, 40), np.ones(91))
    attention = Attention(nothing, [form])
    lines, worth = Lines(*field(row(60, 5, 60, 9)), nothing), np.ones(SHAPE, np.float32)
    alone = traced_start(lines, worth, 9, attention=attention).curves
    assert any(abs(float(curve[:, 1].mean()) - 40.5) < 1 for curve in alone)
    covered = Covered((row(15, 43, 105, 43),))
    found = traced_start(lines, worth, 9, attention=attention, covered=covered).curves
    assert all(abs(float(curve[:, 1].mean()) - 40) > 8 for curve in found)


def test_the_flank_of_a_drawn_line_is_no_line_but_one_behind_a_valley_is():
    y = np.arange(SHAPE[0], dtype=np.float32)[:, None] * np.ones((1, SHAPE[1]), np.float32)
    x, zero = np.ones(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    covered = Covered((row(0, 30, 119, 30),))
    broad = np.exp(-0.5 * ((y - 30) / 7) ** 2)
    assert float(covered.less(broad, x, zero)[:48].max()) < 0.05
    both = np.maximum(broad, np.exp(-0.5 * ((y - 44) / 3) ** 2))
    left = covered.less(both, x, zero)
    assert float(left[44].min()) == 1 and not left[30:38].any()
