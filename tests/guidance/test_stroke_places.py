import pytest
import torch

from backend.core.strokes import Strokes
from backend.guidance.stroke_places import FEWEST, StrokePlaces
from tests.guidance.lines import seen, shifted, straight

UNEVEN = torch.tensor([[0, 0], [1, 0], [2, 0], [80, 0]], dtype=torch.float64)  # its parameter runs slowly at the start
BENT = torch.tensor([[0, 0], [10, 0], [20, 0], [30, 0], [30, 10], [30, 20], [30, 30]], dtype=torch.float64)


def test_places_are_evenly_spaced_along_their_stroke():
    places = StrokePlaces(Strokes.build([UNEVEN], 2.0), 8.0)
    points, direction = places.on(Strokes.build([UNEVEN], 2.0))
    assert len(places) == 10
    torch.testing.assert_close(points[:, 0], torch.arange(4, 80, 8, dtype=torch.float64), atol=0.05, rtol=0)
    torch.testing.assert_close(direction, torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand(10, 2))


def test_each_place_stands_for_its_part_of_the_length_and_knows_its_stroke():
    strokes = Strokes.build([BENT, UNEVEN, UNEVEN / 40], 2.0)
    places = StrokePlaces(strokes, 6.0)
    lengths = torch.zeros(3, dtype=torch.float64).index_add_(0, places.owner, places.length)
    torch.testing.assert_close(lengths, torch.tensor([60.0, 80.0, 2.0], dtype=torch.float64), atol=0.1, rtol=0)
    assert places.owner.tolist() == [0] * 10 + [1] * 13 + [2] * FEWEST


def test_places_of_every_segment_lie_on_it():
    points, direction = StrokePlaces(Strokes.build([BENT], 2.0), 6.0).on(Strokes.build([BENT], 2.0))
    first = points[:, 1] < 0.01
    assert first.sum() == 5
    torch.testing.assert_close(direction[~first], torch.tensor([[0.0, 1.0]], dtype=torch.float64).expand(5, 2))


def test_places_go_with_their_stroke():
    start = straight(((0, 0), (40, 0)), ((0, 20), (40, 20)))
    places = StrokePlaces(start, 4.0)
    moved = places.on(shifted(start, 1, 3, 5))[0] - places.on(start)[0]
    assert moved[places.owner == 0].abs().max() == 0
    torch.testing.assert_close(moved[places.owner == 1], torch.tensor([[3.0, 5.0]], dtype=torch.float64).expand(10, 2))


def test_terms_of_a_step_share_one_look():
    start = straight(((0, 0), (40, 0)))
    places, view = StrokePlaces(start, 4.0), seen(start)
    assert places.seen(view)[0] is places.seen(view)[0]
    assert places.seen(seen(start))[0] is not places.seen(view)[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_stroke_of_no_length_has_places_too(dtype):
    dot = Strokes.build([torch.full((4, 2), 5.0, dtype=dtype)], 2.0)
    points, direction = StrokePlaces(dot, 4.0).on(dot)
    assert points.dtype == dtype
    torch.testing.assert_close(points, torch.full((FEWEST, 2), 5.0, dtype=dtype))
    assert bool(torch.isfinite(direction).all())
