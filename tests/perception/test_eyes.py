from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from backend.perception.eyes import find_eyes
from backend.perception.faces import Face, find_faces

EYES = np.array([[204.0, 100.0], [247.5, 102.0]])  # the astronaut's, x, y


def image_of(array):
    return torch.from_numpy(array[..., :3].astype(np.float32) / 255).permute(2, 0, 1)[None]


@pytest.fixture(scope="module")
def astronaut():
    image = image_of(skimage.data.astronaut())
    [face] = find_faces(image)
    return image, face


def middles(pair):
    return np.array([eye.iris.mean(0) for eye in pair])


def test_the_astronauts_eyes_are_where_she_has_them(astronaut):
    image, face = astronaut
    [pair] = find_eyes(image, [face])
    assert middles(pair) == pytest.approx(EYES, abs=3)
    for eye in pair:
        assert np.allclose(eye.iris[0], eye.iris[-1]) and 4 < np.ptp(eye.iris[:, 0]) < 10
        assert eye.lid[0, 0] < eye.iris[:, 0].min() and eye.lid[-1, 0] > eye.iris[:, 0].max()
        assert eye.lid[:, 1].min() < eye.iris[:, 1].mean()  # the upper lid is above


def test_the_mirrored_and_the_enlarged_picture_have_the_same_eyes(astronaut):
    image, face = astronaut
    [mirrored] = find_eyes(image.flip(3), [replace(face, left=512 - face.left - face.side)])
    assert middles(mirrored)[::-1] == pytest.approx(np.array([512, 0]) + EYES * (-1, 1), abs=3)
    twice = torch.nn.functional.interpolate(image, scale_factor=2, mode="bilinear")
    [large] = find_eyes(twice, [Face(2 * face.left, 2 * face.top, 2 * face.side)])
    assert middles(large) == pytest.approx(2 * EYES, abs=6)


def test_the_eyes_of_a_tilted_head_are_tilted(astronaut):
    image, face = astronaut
    onto = cv2.getRotationMatrix2D(face.center, -25.0, 1.0)
    turned = cv2.warpAffine(image[0].permute(1, 2, 0).numpy(), onto, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    [pair] = find_eyes(torch.from_numpy(turned).permute(2, 0, 1)[None], [replace(face, tilt=25.0)])
    assert middles(pair) == pytest.approx(EYES @ onto[:, :2].T + onto[:, 2], abs=3)


def test_each_face_has_its_eyes_or_none(astronaut):
    image, face = astronaut
    wall = Face(330, 20, 80)
    found = find_eyes(image, [wall, face, replace(face, person=False)])
    assert [pair is None for pair in found] == [True, False, True]


def test_nothing_is_made_up_where_there_is_nothing():
    assert find_eyes(torch.full((1, 3, 200, 200), 0.5), [Face(50, 50, 90)]) == [None]


@pytest.mark.parametrize("corner", [(-40, 20), (140, 20), (30, -40), (30, 150)])
def test_faces_that_the_border_cuts_are_no_error(astronaut, corner):
    image, face = astronaut
    left, top = int(face.left - corner[0]), int(face.top - corner[1])
    part = image[..., max(0, top) : top + 200, max(0, left) : left + 200]
    shifted = Face(face.left - max(0, left), face.top - max(0, top), face.side)
    assert len(find_eyes(part, [shifted])) == 1
