import cv2
import numpy as np
import pytest
import skimage.data
import torch

from backend.perception.faces import Face, find_faces
from backend.perception.heads import head_outlines


def image_of(array):
    return torch.from_numpy(array[..., :3].astype(np.float32) / 255).permute(2, 0, 1)[None]


def a_head(hair=(70, 90), size=(400, 400), middle=(200, 190)):
    """An oval face with a cap of hair before a wall, and shoulders."""
    picture = np.full((*size, 3), (200, 205, 215), np.uint8)
    x, y = middle
    cv2.ellipse(picture, (x, y + 190), (150, 110), 0, 0, 360, (40, 60, 120), -1)
    cv2.ellipse(picture, (x, y - 8), hair, 0, 0, 360, (50, 35, 25), -1)
    cv2.ellipse(picture, (x, y + 10), (48, 62), 0, 0, 360, (225, 180, 150), -1)
    return image_of(picture), Face(x - 50, y - 45, 100)


def distances(points, middle, axes):
    return np.hypot((points[:, 0] - middle[0]) / axes[0], (points[:, 1] - middle[1]) / axes[1])


def test_the_outline_runs_around_the_hair_not_the_face():
    image, face = a_head()
    [outline] = head_outlines(image, [face])
    upper = outline.points[outline.points[:, 1] < 190]
    assert np.abs(distances(upper, (200, 182), (70, 90)) - 1).max() < 0.06
    assert upper[:, 0].min() < 140 and upper[:, 0].max() > 260 and upper[:, 1].min() < 100
    assert outline.told.min() >= 0 and np.median(outline.told) > 0.9


def test_it_ends_at_the_neck():
    image, face = a_head()
    [outline] = head_outlines(image, [face])
    assert outline.points[:, 1].max() < face.center[1] + 0.6 * face.side


def test_the_astronauts_hair_is_within_it():
    image = image_of(skimage.data.astronaut())
    [outline] = head_outlines(image, find_faces(image))
    filled = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(filled, [np.round(outline.points).astype(np.int32)], 1)
    hair, wall, flag = filled[45, 215], filled[45, 300], filled[60, 90]
    assert (hair, wall, flag) == (1, 0, 0)


def test_animals_have_no_such_outline():
    image, face = a_head()
    assert head_outlines(image, [Face(face.left, face.top, face.side, person=False)]) == []


def test_where_nothing_is_told_there_is_no_outline():
    assert head_outlines(torch.full((1, 3, 300, 300), 0.5), [Face(100, 100, 100)]) == []


@pytest.mark.parametrize("middle", [(60, 70), (350, 380)])
def test_a_head_that_the_border_cuts_ends_within_the_picture(middle):
    image, face = a_head(middle=middle)
    for outline in head_outlines(image, [face]):
        assert outline.points.min() > 0 and outline.points.max() < 399


def test_the_size_of_the_picture_does_not_matter():
    image, face = a_head()
    large = torch.nn.functional.interpolate(image, scale_factor=3, mode="bilinear")
    [small], [outline] = head_outlines(image, [face]), head_outlines(large, [Face(3 * face.left, 3 * face.top, 3 * face.side)])
    assert outline.points.min(0) == pytest.approx(3 * small.points.min(0), abs=6)
    assert outline.points.max(0) == pytest.approx(3 * small.points.max(0), abs=6)
