import numpy as np
import pytest
import torch

from backend.core.strokes import Strokes
from backend.pen.pressure import KNOTS, Pen, Shading, hatch_widths, line_widths, tapering

SIDE = 100.0
WHITE = np.zeros((100, 100), np.float32)


def strokes(*, closed=False):
    """Two level strokes; the first of two segments of very different lengths."""
    uneven = torch.tensor([[0, 50], [3, 50], [6, 50], [10, 50], [40, 50], [70, 50], [100, 50]], dtype=torch.float32)
    even = torch.tensor([[0, 20], [33, 20], [67, 20], [100, 20]], dtype=torch.float32)
    return Strokes.build([uneven, even], 1.0, closed=[closed, closed])


def widths(pen, weights=(1.0, 0.0), kinds=("contour", "detail"), darkness=WHITE, of=None):
    chance = np.random.default_rng(1)
    return line_widths(of or strokes(), pen, SIDE, kinds, np.array(weights), darkness, chance).numpy()


def test_a_plain_pen_has_one_width():
    assert np.allclose(widths(Pen(width=0.02)), 2.0)
    assert widths(Pen(width=0.02)).shape == (2, 1)


def test_pressure_makes_important_lines_wide_and_swelling():
    wide, thin = widths(Pen(width=0.02, pressure=1.0))
    assert wide.mean() > 2.5 * thin.mean()
    assert wide.max() > 1.5 * wide.min()


def test_the_mean_width_hardly_depends_on_the_pressure():
    count = 50
    line = torch.tensor([[0, 20], [33, 20], [67, 20], [100, 20]], dtype=torch.float32)
    many = Strokes.build([line] * count, 1.0)
    weights = tuple(np.linspace(1, 0, count))
    assert widths(Pen(width=0.02, pressure=0.8), weights, ("detail",) * count, of=many).mean() == pytest.approx(2.0, rel=0.15)


def test_a_taper_is_a_share_of_the_length_not_of_the_parameter():
    first, second = widths(Pen(width=0.02, taper_start=0.25, tip=0.0))
    places = np.linspace(0, 1, KNOTS)
    assert second[places >= 0.3].min() == pytest.approx(2.0, rel=1e-3)
    assert first[0] == pytest.approx(0.04, abs=1e-3)  # a thin tip, but never nothing
    reached = places[first > 1.99].min()  # half the parameter is the first tenth of the length
    assert 0.52 < reached < 0.68


def test_both_ends_taper_to_the_tip():
    _, line = widths(Pen(width=0.02, taper_start=0.2, taper_end=0.4, tip=0.3))
    assert line[0] == pytest.approx(0.6, rel=0.02)
    assert line[-1] == pytest.approx(0.6, rel=0.02)
    assert line.max() == pytest.approx(2.0, rel=0.02)


def test_closed_shapes_have_no_taper():
    ring = widths(Pen(width=0.02, taper_start=0.5, taper_end=0.5), of=strokes(closed=True))
    assert np.allclose(ring, 2.0)


def test_shade_follows_the_darkness_beside_the_line():
    dark = WHITE.copy()
    dark[:, 50:] = 1
    _, line = widths(Pen(width=0.02, shade=1.0), darkness=dark)
    assert line[-3:].mean() > 3 * line[:3].mean()


def test_contours_are_as_wide_as_the_pen_says_beside_details():
    contour, detail = widths(Pen(width=0.02, contour=2.0))
    assert contour[0] == 2 * detail[0]


def test_a_pen_of_no_strength_is_plain():
    pen = Pen(pressure=1, shade=1, taper_start=0.5, taper_end=0.5, unevenness=1, contour=2)
    assert pen.at(0.0).is_plain
    assert pen.at(1.0) == pen


@pytest.mark.parametrize("closed_end", [0.0, 0.5])
def test_tapering_is_1_in_the_middle(closed_end):
    profile = tapering(np.array([[0.0, 0.5, 1.0]]), 0.2, closed_end, 0.1)
    assert profile[0, 1] == pytest.approx(1.0)
    assert profile[0, 0] == pytest.approx(0.1)
    assert profile[0, 2] == pytest.approx(0.1 if closed_end else 1.0)


def shading(darkness, **changes):
    return Shading(**{"darkness": darkness, "floors": np.array([0.2, 0.2]), "spacing": 8.0, "width": 0.5, "swell": 0.0,
                      "taper": 0.0, "opacity": 1.0, **changes})  # fmt: skip


def test_hatching_is_as_wide_as_the_pack_says():
    found = hatch_widths(strokes(), Pen(width=0.02), shading(WHITE), 2.0, np.random.default_rng(1))
    assert np.allclose(found, 1.0)
    assert found.shape == (2, 1)


def test_swelling_hatching_carries_the_tone_and_never_closes_up():
    ramp = np.tile(np.linspace(0.2, 1, 100, dtype=np.float32), (100, 1))
    _, line = hatch_widths(strokes(), Pen(width=0.02), shading(ramp, swell=1.0), 2.0, np.random.default_rng(1)).numpy()
    assert np.all(np.diff(line) > 0)
    assert line[0] < 0.1 * 8
    assert 0.6 * 8 < line[-1] < 8


def test_a_broad_pen_under_pressure_thins_where_lines_crowd():
    def level(y):
        return torch.tensor([[10, y], [30, y], [60, y], [90, y]], dtype=torch.float32)

    def mean(heights):
        of = Strokes.build([level(y) for y in heights], 1.0)
        found = widths(Pen(width=0.02, pressure=0.5), (0.5,) * len(heights), ("detail",) * len(heights), of=of)
        return found[heights.index(50)].mean()

    assert mean([50, 10, 90]) == pytest.approx(mean([50]), rel=0.05)
    assert mean([50, 48, 49, 51, 52]) < 0.75 * mean([50])


def test_nibs_of_several_sizes_draw_important_lines_wider_and_each_line_even():
    pen = Pen(width=0.02, sizes=0.5)
    found = widths(pen, weights=np.array([1.0, 0.0]))
    assert found.shape[1] == 1
    first, last = found[:, 0]
    assert first == pytest.approx(2 * 1.3) and last == pytest.approx(2 * 0.75)
    assert not pen.is_plain and pen.at(0.0).is_plain
