from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from backend.perception.faces import Face
from backend.perception.hair import hair_lines
from backend.perception.heads import HeadOutline

MIDDLE, FACE_AXES, HAIR_AXES = (200, 190), (48, 60), (66, 92)


def ellipse(middle, axes):
    angles = np.radians(np.arange(180, 361, 1.0))
    return np.array(middle) + np.stack([axes[0] * np.cos(angles), axes[1] * np.sin(angles)], 1)


def a_head(wall=(100, 96, 92), hair=(34, 26, 22), middle=MIDDLE):
    """A face with dark hair before a dark wall."""
    picture = np.full((400, 400, 3), wall, np.uint8)
    cv2.ellipse(picture, middle, HAIR_AXES, 0, 0, 360, hair, -1)
    cv2.ellipse(picture, middle, FACE_AXES, 0, 0, 360, (225, 180, 150), -1)
    image = torch.from_numpy(cv2.GaussianBlur(picture, (0, 0), 1.2).astype(np.float32) / 255).permute(2, 0, 1)[None]
    return image, Face(middle[0] - 50, middle[1] - 50, 100)


def known(axes, middle=MIDDLE):
    row = ellipse(middle, axes)
    return HeadOutline(row, np.ones(len(row)))


def test_hair_before_something_dark_has_its_outline_above_a_known_hairline():
    image, face = a_head()
    [hair] = hair_lines(image, [face], [known(FACE_AXES)])
    off = np.hypot(*((hair.points - MIDDLE) / HAIR_AXES).T) - 1
    assert np.abs(off).max() < 0.1
    assert hair.points[:, 0].min() < 160 and hair.points[:, 0].max() > 240 and hair.points[:, 1].min() < 105
    assert hair.told.min() >= 0 and hair.told.max() <= 1


def test_what_is_the_hairs_outline_already_is_not_drawn_twice():
    image, face = a_head()
    assert hair_lines(image, [face], [known(HAIR_AXES)]) == []


def test_without_a_known_hairline_nothing_is_looked_for():
    image, face = a_head()
    assert hair_lines(image, [face]) == []


def test_light_things_above_a_bald_head_are_no_hair():
    image, face = a_head(wall=(250, 250, 250), hair=(240, 244, 252))
    assert hair_lines(image, [face], [known(FACE_AXES)]) == []


def test_where_hair_is_as_dark_as_the_wall_no_outline_is_made_up():
    image, face = a_head(wall=(34, 26, 22))
    assert hair_lines(image, [face], [known(FACE_AXES)]) == []


def test_animals_have_no_such_line():
    image, face = a_head()
    assert hair_lines(image, [replace(face, person=False)], [known(FACE_AXES)]) == []


@pytest.mark.parametrize("tilt", [-25.0, 25.0])
def test_a_tilted_head_has_its_hair_tilted(tilt):
    image, face = a_head()
    onto = cv2.getRotationMatrix2D(MIDDLE, -tilt, 1.0)
    turned = cv2.warpAffine(image[0].permute(1, 2, 0).numpy(), onto, (400, 400), borderMode=cv2.BORDER_REPLICATE)
    hairline = known(FACE_AXES)
    heads = [replace(hairline, points=hairline.points @ onto[:, :2].T + onto[:, 2])]
    [hair] = hair_lines(torch.from_numpy(turned).permute(2, 0, 1)[None], [replace(face, tilt=tilt)], heads)
    back = cv2.invertAffineTransform(onto)
    off = np.hypot(*((hair.points @ back[:, :2].T + back[:, 2] - MIDDLE) / HAIR_AXES).T) - 1
    assert np.abs(off).max() < 0.1


@pytest.mark.parametrize("middle", [(200, 70), (30, 190), (370, 190)])
def test_hair_that_the_border_cuts_stays_within_the_picture(middle):
    image, face = a_head(middle=middle)
    for hair in hair_lines(image, [face], [known(FACE_AXES, middle)]):
        assert hair.points.min() > 0 and hair.points.max() < 399
