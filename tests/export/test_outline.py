import math

import numpy as np
import pytest

from backend.export.lines import Line
from backend.export.outline import outlines, profile, varies

TAPERED = [0.0, 5.0, 8.0, 9.0, 8.0, 5.0, 0.0]


def line(points, widths, closed=False):
    return Line(np.array(points, np.float64), np.array(widths, np.float64), closed)


def wave(widths=TAPERED):
    return line([(20, 60), (50, 0), (70, 0), (90, 60), (110, 120), (130, 120), (160, 60)], widths)


SMOOTH = {
    "wave": wave(),
    "constant at its ends": wave([6, 9, 6]),
    "two knots": wave([12, 2]),
    "thin": wave([0.4, 1.2, 0.4]),
    "nothing in the middle": wave([8, 0, 8]),
    "corner": line([(20, 20), (40, 20), (60, 20), (80, 20), (80, 40), (80, 60), (80, 80)], [6, 20, 6]),
    "hairpin": line([(20, 20), (60, 20), (80, 20), (100, 20), (80, 26), (60, 32), (20, 38)], [6, 12, 6]),
    "back on itself": line([(20, 40), (60, 40), (80, 40), (100, 40), (80, 40), (60, 40), (40, 40)], [6, 12, 8]),
    "handles at the ends": line([(20, 50), (20, 50), (120, 90), (120, 90)], [0, 8, 0]),
    "loop": line([(20, 100), (240, -40), (-80, -40), (140, 100)], [4, 14, 4]),
    "ring": line([(80, 20), (130, 20), (130, 110), (80, 110), (30, 110), (30, 20), (80, 20)], [6, 12, 8, 6], True),
    "ring with corners": line([(80, 20), (130, 40), (130, 110), (80, 110), (30, 110), (30, 20), (80, 20)], [8, 14, 6, 8], True),
}
WILD = {
    "cusp": line([(20, 100), (160, 20), (0, 20), (140, 100)], [4, 20, 4]),
    "tight": line(
        [(20, 80), (60, 80), (96, 80), (100, 80), (103, 80), (103, 84), (100, 84), (60, 84), (40, 84), (20, 84)], [10, 24, 8]
    ),
    "a segment without length": line(
        [(20, 50), (60, 50), (90, 50), (120, 50), (120, 50), (120, 50), (120, 50), (140, 60), (150, 60), (160, 50)], [4, 12, 4]
    ),
}


def flat(ring, pieces=24):
    t = (np.arange(pieces) / pieces)[:, None]
    s, (a, b, c, d) = 1 - t, (ring[k : len(ring) - 3 + k : 3, None] for k in range(4))
    return (s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d).reshape(-1, 2)


def winding(points, rings):
    total = np.zeros(len(points), int)
    for corners in map(flat, rings):
        for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, 0), strict=True):
            side = (bx - ax) * (points[:, 1] - ay) - (by - ay) * (points[:, 0] - ax)
            total += (ay <= points[:, 1]) & (by > points[:, 1]) & (side > 0)
            total -= (ay > points[:, 1]) & (by <= points[:, 1]) & (side < 0)
    return total


def depths(points, one, steps=400):
    """How far inside the stroke, as the rasterizers define it, points are; negative: outside."""
    u = np.linspace(0, 1, steps)
    which = np.minimum((u * one.segments).astype(int), one.segments - 1)
    t = (u * one.segments - which)[:, None]
    s, (a, b, c, d) = 1 - t, (one.points[3 * which + k] for k in range(4))
    middle = s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d
    half = np.interp(u, np.linspace(0, 1, len(one.widths)), one.widths) / 2
    return max_over((h - np.hypot(*(points - m).T) for m, h in zip(middle, half, strict=True)), len(points))


def max_over(rows, count):
    best = np.full(count, -np.inf)
    for row in rows:
        best = np.maximum(best, row)
    return best


def wrong(one, rings, allowed):
    """How many of a grid's points are on the wrong side, farther than `allowed` px from the edge."""
    x, y = np.meshgrid(np.arange(0.37, 170, 1.3), np.arange(0.41, 130, 1.3))
    points = np.stack([x.ravel(), y.ravel()], 1)
    filled, depth = winding(points, rings) != 0, depths(points, one)
    return int((filled & (depth < -allowed)).sum() + (~filled & (depth > allowed)).sum())


@pytest.mark.parametrize("name", SMOOTH)
def test_what_is_filled_is_the_stroke(name):
    [rings] = outlines([SMOOTH[name]])
    assert wrong(SMOOTH[name], rings, 0.25) == 0


@pytest.mark.parametrize("name", WILD)
def test_wild_lines_are_filled_but_for_slivers(name):
    [rings] = outlines([WILD[name]])
    assert wrong(WILD[name], rings, 0.5) <= 5  # of 1.7 px² each, of strokes up to 24 px wide


def test_the_measure_notices_a_stroke_that_is_too_wide():
    [rings] = outlines([wave([width + 1 for width in TAPERED])])
    assert wrong(wave(), rings, 0.25) > 60


def test_few_cubics():
    """Not a polygon: two sides of a line of two segments with seven knots, and two caps."""
    [[ring]] = outlines([wave()])
    assert (len(ring) - 1) % 3 == 0 and len(ring) <= 1 + 3 * 18
    assert ring[0].tolist() == ring[-1].tolist()


def test_a_closed_line_has_two_rings_and_a_dot_none():
    assert [len(rings) for rings in outlines([SMOOTH["ring"], wave(), line([(5, 5)] * 4, [3, 1])])] == [2, 1, 0]
    assert outlines([]) == []


def test_lines_do_not_notice_each_other():
    together = outlines([*SMOOTH.values(), *WILD.values()])
    for one, rings in zip([*SMOOTH.values(), *WILD.values()], together, strict=True):
        [alone] = outlines([one])
        assert all(np.array_equal(a, b) for a, b in zip(alone, rings, strict=True))


def test_a_round_cap():
    """A level line of constant width ends in half circles."""
    [[ring]] = outlines([line([(50, 50), (60, 50), (70, 50), (80, 50)], [20, 20])])
    away = np.hypot(*(flat(ring) - np.clip(flat(ring), (50, 50), (80, 50))).T)
    assert away == pytest.approx(10, abs=0.01)
    assert flat(ring)[:, 0].min() == pytest.approx(40, abs=1e-3)


def test_widths_that_hardly_change_are_constant():
    assert varies([1.0, 2.0]) and varies([0.0, 1.0, 0.0])
    assert not varies([2.0]) and not varies([2.0, 2.03]) and not varies([0.0, 0.0])


def test_the_profile_has_few_knots_and_tells_the_widths():
    widths = [8 * math.sin(math.pi * k / 23) for k in range(24)]
    knots = profile(widths, 3)
    assert knots[0] == (0, 0) and knots[-1] == pytest.approx((3, 0)) and 5 <= len(knots) <= 14
    told = np.interp(np.linspace(0, 3, 24), *np.array(knots).T)
    assert np.abs(told - widths).max() <= 0.03 * 8
    assert all(8 * place == int(8 * place) for place, _ in knots)


def test_every_joint_has_a_knot():
    assert profile([4.0, 3.0, 2.0], 2) == ((0, 4), (1, 3), (2, 2))
    assert [place for place, _ in profile([4.0, 2.0], 5)] == [0, 1, 2, 3, 4, 5]
    assert profile([1.0, -3.0], 1) == ((0, 1), (1, 0))
