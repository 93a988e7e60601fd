import cv2
import numpy as np
import pytest
import torch

from backend.perception.backdrop import backdrop_color, calmed_backdrop, touched_sides
from backend.perception.line_field import line_field
from tests.pictures import noise, tensor


def dark_disc_before_foliage():
    """A dark disc before bright, busy leaves, and its mask."""
    leaves = cv2.resize(noise(60, 80, 40, 250, seed=7), (320, 240), interpolation=cv2.INTER_CUBIC)
    mask = cv2.circle(np.zeros((240, 320), np.float32), (160, 120), 70, 1, -1)
    pixels = np.where(mask[..., None] > 0, np.uint8(30), leaves)
    return tensor(pixels), torch.from_numpy(mask)[None, None]


def along_the_disc(field):
    """The mean strength on the disc's outline, and that far away from it."""
    y, x = np.mgrid[0:240, 0:320]
    away = np.abs(np.hypot(x - 160, y - 120) - 70)
    return field.strength[away < 2].mean(), field.strength[away > 25].mean()


def test_an_outline_before_foliage_stands_out_from_a_calmed_backdrop():
    image, mask = dark_disc_before_foliage()
    before, _foliage = along_the_disc(line_field(image))
    after, calm = along_the_disc(line_field(calmed_backdrop(image, mask)))
    assert after > 1.2 * before
    assert calm < 0.1 * after


def test_the_subject_and_what_lies_next_to_it_stay_as_they_are():
    image, mask = dark_disc_before_foliage()
    calm = calmed_backdrop(image, mask)
    near = torch.from_numpy(cv2.dilate(mask[0, 0].numpy(), np.ones((5, 5))))[None, None].bool().expand_as(image)
    assert torch.equal(calm[near], image[near])
    assert calm.shape == image.shape
    assert calm.dtype == image.dtype


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_picture_that_is_all_or_nothing_of_the_subject_stays(value):
    image, mask = dark_disc_before_foliage()
    assert calmed_backdrop(image, torch.full_like(mask, value)) is image


def test_the_backdrops_color_is_its_middle_one():
    image = torch.zeros(1, 3, 10, 10)
    image[:, :, :, :3] = torch.tensor([0.2, 0.4, 0.6]).view(1, 3, 1, 1)
    mask = torch.ones(1, 1, 10, 10)
    mask[..., :3] = 0
    assert torch.allclose(backdrop_color(image, mask).flatten(), torch.tensor([0.2, 0.4, 0.6]))
    assert backdrop_color(image, torch.ones_like(mask)).flatten().tolist() == [1, 1, 1]


def test_a_round_subject_touches_the_border_and_a_cut_one_lies_along_it():
    round_one = cv2.circle(np.zeros((101, 101), np.float32), (50, 50), 50, 1, -1)
    assert touched_sides(torch.from_numpy(round_one)[None, None]) == (True, True, True, True)
    cut = cv2.circle(np.zeros((101, 101), np.float32), (50, 80), 40, 1, -1)
    assert touched_sides(torch.from_numpy(cut)[None, None]) == (False, False, False, False)
    assert touched_sides(torch.zeros(1, 1, 8, 8)) == (False, False, False, False)
