import numpy as np
import pytest
import torch

from backend.perception.inpainting import fill
from tests.pictures import noise, tensor


def hole_of(size, rows, columns):
    hole = torch.zeros(1, 1, *size)
    hole[..., rows, columns] = 1
    return hole


def slope(height=90, width=140):
    """A picture whose colors change evenly from left to right and from top to bottom."""
    y, x = np.mgrid[0:height, 0:width]
    return tensor(np.dstack([60 + x, 40 + y, 200 - (x + y) / 3]))


def test_what_is_known_stays():
    picture, hole = tensor(noise(60, 80)), hole_of((60, 80), slice(20, 40), slice(30, 60))
    filled = fill(picture, hole)
    known = (hole == 0).expand_as(picture)
    assert torch.equal(filled[known], picture[known])
    assert not torch.equal(filled, picture)


def test_an_even_slope_is_continued_through_the_hole():
    picture, hole = slope(), hole_of((90, 140), slice(20, 70), slice(30, 100))
    spoiled = torch.where(hole > 0, torch.zeros_like(picture), picture)
    assert float((fill(spoiled, hole) - picture).abs().max()) < 0.02


def test_no_edge_arises_along_the_hole_or_in_it():
    picture, hole = slope(), hole_of((90, 140), slice(20, 70), slice(30, 100))
    black = torch.where(hole > 0, torch.zeros_like(picture), picture)
    filled = fill(black, hole)
    steps = [float(filled.diff(dim=dim).abs().max()) for dim in (2, 3)]
    assert max(steps) < 0.02
    assert float(black.diff(dim=3).abs().max()) > 0.3  # the edge that was there


def test_a_hole_at_the_border_is_filled():
    picture = slope()
    filled = fill(picture * 0.5 + 0.25, hole_of((90, 140), slice(50, 90), slice(0, 140)))
    assert float(filled[..., 89, :].std()) < 0.2
    assert float(filled.min()) >= 0.25


@pytest.mark.parametrize("size", [(8, 8), (9, 400), (301, 17)])
def test_any_size(size):
    picture = tensor(noise(*size, low=100, high=120))
    filled = fill(picture, hole_of(size, slice(2, 6), slice(1, 7)))
    assert filled.shape == picture.shape
    assert float((filled - picture).abs().max()) < 0.1


def test_a_picture_that_is_all_hole_is_of_one_color():
    picture = tensor(noise(40, 50))
    filled = fill(picture, torch.ones(1, 1, 40, 50))
    assert float(filled.flatten(2).std(2).max()) < 0.01
    assert torch.allclose(filled.mean((2, 3)), picture.mean((2, 3)), atol=0.02)


def test_nothing_to_fill():
    picture = tensor(noise(40, 50))
    assert torch.equal(fill(picture, torch.zeros(1, 1, 40, 50)), picture)
