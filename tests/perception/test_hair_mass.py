from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from backend.perception.faces import Face
from backend.perception.hair_mass import hair_masses
from backend.perception.heads import HeadOutline

FACE = Face(150, 140, 100)  # its middle: 200, 190


def curls(wall=(200, 205, 215), radius=105, middle=(200, 190)):
    """A face in the middle of a ball of hair, over shoulders; and the mask of it all."""
    picture, mask = np.full((500, 400, 3), wall, np.uint8), np.zeros((500, 400), np.uint8)
    for image, colors in ((picture, ((40, 60, 120), (50, 35, 25), (225, 180, 150))), (mask, (1, 1, 1))):
        cv2.ellipse(image, (middle[0], middle[1] + 310), (160, 160), 0, 0, 360, colors[0], -1)
        cv2.circle(image, middle, radius, colors[1], -1)
        cv2.ellipse(image, middle, (48, 60), 0, 0, 360, colors[2], -1)
    pixels = torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]
    return pixels, torch.from_numpy(mask.astype(np.float32))[None, None]


def test_curls_are_outlined_as_far_as_they_reach():
    [hair] = hair_masses(*curls(), [FACE])
    assert np.hypot(*(hair.points - (200, 190)).T) == pytest.approx(105, abs=4)
    assert hair.points[:, 1].min() < 90 and hair.points[:, 0].min() < 100 and hair.points[:, 0].max() > 300
    assert hair.points[:, 1].max() < 190 + 50  # shoulders are no hair
    assert np.median(hair.told) > 0.9


def test_what_is_known_already_is_left_out():
    pixels, mask = curls()
    [whole] = hair_masses(pixels, mask, [FACE])
    left = whole.points[whole.points[:, 0] < 200]
    rest = hair_masses(pixels, mask, [FACE], [HeadOutline(left, np.ones(len(left)))])
    assert rest and min(line.points[:, 0].min() for line in rest) > 200
    assert hair_masses(pixels, mask, [FACE], [whole]) == []


def test_a_mask_that_is_not_told_by_colors_has_no_hair():
    pixels, mask = curls()
    assert hair_masses(torch.full_like(pixels, 0.5), mask, [FACE]) == []


def test_a_whole_picture_and_an_animal_have_none():
    pixels, mask = curls()
    assert hair_masses(pixels, torch.ones_like(mask), [FACE]) == []
    assert hair_masses(pixels, mask, [replace(FACE, person=False)]) == []


def test_what_leads_away_from_the_head_is_something_else():
    pixels, mask = curls(radius=62)
    shelf = mask.clone()
    shelf[..., 150:160, 200:330] = 1
    dark = pixels.clone()
    dark[..., 150:160, 262:330] = 0
    for line in hair_masses(dark, shelf, [FACE]):
        assert line.points[:, 0].max() < 290


@pytest.mark.parametrize("middle", [(200, 60), (60, 190), (340, 190)])
def test_hair_that_the_border_cuts_is_not_drawn_along_it(middle):
    face = Face(middle[0] - 50, middle[1] - 50, 100)
    for line in hair_masses(*curls(middle=middle), [face]):
        assert line.points.min() > 2 and line.points[:, 0].max() < 397
