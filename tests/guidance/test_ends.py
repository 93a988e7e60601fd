import pytest
import torch

from backend.guidance.ends import KeepEnds
from backend.guidance.stroke_places import StrokePlaces
from tests.guidance.lines import seen, shifted, straight

FREE = (((10, 30), (50, 30)),)
MEETING = (((10, 30), (50, 30)), ((50, 10), (50, 50)))  # the first ends on the second


def strayed(start, strokes, touching=1.0):
    return float(KeepEnds(StrokePlaces(start, 4.0), start, touching)(seen(strokes)))


def with_end(strokes, x, y):
    """The first stroke's last point moved."""
    points = strokes.points.clone()
    points[0, 3] += torch.tensor([x, y], dtype=points.dtype)
    return strokes.with_points(points)


def test_nothing_has_strayed_at_the_start():
    assert strayed(straight(*MEETING), straight(*MEETING)) == 0


@pytest.mark.parametrize("way", [-3.0, 3.0])
def test_a_stroke_becomes_neither_shorter_nor_longer_for_nothing(way):
    start = straight(*FREE)
    assert strayed(start, with_end(start, way, 0)) == pytest.approx(way**2 / 2)


def test_a_free_end_may_go_aside():
    start = straight(*FREE)
    assert strayed(start, with_end(start, 0, 3.0)) == 0


def test_an_end_stays_on_the_stroke_that_it_meets():
    start = straight(*MEETING)
    assert strayed(start, with_end(start, 0, 3.0)) == pytest.approx(9 / 4)
    assert strayed(start, shifted(start, 1, 3.0, 0)) == pytest.approx(9 / 4)


def test_both_may_go_together():
    start = straight(*MEETING)
    both = shifted(shifted(start, 0, 0.0, 2.0), 1, 0.0, 0.0)
    assert strayed(start, both) == pytest.approx(4 / 4)
    aside = shifted(shifted(straight(*MEETING), 0, 2.0, 0.0), 1, 2.0, 0.0)
    assert strayed(start, aside) == pytest.approx(4 / 4)  # of the first stroke's other end, which is free


def test_near_is_measured_across_the_other_stroke():
    start = straight(((10, 30), (47, 30)), ((50, 10), (50, 50)))
    aside = with_end(start, 0, 3.0)
    assert strayed(start, aside) == 0
    assert strayed(start, aside, touching=4.0) == pytest.approx(9 / 4)


def test_closed_strokes_have_no_ends():
    ring = straight(((10, 30), (50, 30)), closed=[True])
    assert strayed(ring, shifted(ring, 0, 5.0, 5.0)) == 0
