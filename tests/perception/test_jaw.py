import cv2
import numpy as np
import pytest
import skimage.data
import torch

from backend.perception.faces import Face, find_faces
from backend.perception.heads import HeadOutline
from backend.perception.jaw import jaw_lines

CHEEKS, CHIN = 44, 56  # half axes of the made face, px


def image_of(array):
    return torch.from_numpy(array[..., :3].astype(np.float32) / 255).permute(2, 0, 1)[None]


def a_face(neck=(190, 150, 125), middle=(200, 190)):
    """An oval face before a neck that is a little darker, and its mouth."""
    picture = np.full((400, 400, 3), (120, 140, 160), np.uint8)
    x, y = middle
    cv2.rectangle(picture, (x - 34, y), (x + 34, y + 160), neck, -1)
    cv2.ellipse(picture, (x, y), (CHEEKS, CHIN), 0, 0, 360, (225, 180, 150), -1)
    cv2.ellipse(picture, (x, y + 28), (18, 4), 0, 0, 360, (150, 60, 60), -1)
    return image_of(cv2.GaussianBlur(picture, (0, 0), 1.5)), Face(x - 50, y - 50, 100)


def off_the_oval(points, middle=(200, 190)):
    return np.hypot((points[:, 0] - middle[0]) / CHEEKS, (points[:, 1] - middle[1]) / CHIN) - 1


def test_a_jaw_is_where_the_face_ends_and_the_neck_begins():
    image, face = a_face()
    [jaw] = jaw_lines(image, [face])
    assert np.abs(off_the_oval(jaw.points)).max() < 0.08
    assert jaw.points[:, 0].min() < 175 and jaw.points[:, 0].max() > 225
    assert jaw.told.shape == (len(jaw.points),) and jaw.told.min() >= 0 and jaw.told.max() <= 1


def test_the_size_of_the_picture_does_not_matter():
    image, face = a_face()
    large = torch.nn.functional.interpolate(image, scale_factor=3, mode="bilinear")
    [jaw], [twin] = jaw_lines(image, [face]), jaw_lines(large, [Face(3 * face.left, 3 * face.top, 3 * face.side)])
    assert twin.points.max(0) == pytest.approx(3 * jaw.points.max(0), abs=6)


def test_a_tilted_head_has_a_tilted_jaw():
    image, face = a_face()
    onto = cv2.getRotationMatrix2D(face.center, -25, 1.0)
    turned = cv2.warpAffine(image[0].permute(1, 2, 0).numpy(), onto, (400, 400), borderMode=cv2.BORDER_REPLICATE)
    tilted = Face(face.left, face.top, face.side, tilt=25.0)
    [jaw], [twin] = jaw_lines(image, [face]), jaw_lines(torch.from_numpy(turned).permute(2, 0, 1)[None], [tilted])
    expected = jaw.points @ onto[:, :2].T + onto[:, 2]
    assert len(twin.points) == pytest.approx(len(jaw.points), abs=4)
    assert np.linalg.norm(twin.points[:, None] - expected, axis=2).min(1).max() < 3


def test_a_chin_that_does_not_show_is_not_made_up():
    image, face = a_face(neck=(225, 180, 150))
    assert jaw_lines(image, [face]) == []


def test_animals_have_no_such_line():
    image, face = a_face()
    assert jaw_lines(image, [Face(face.left, face.top, face.side, person=False)]) == []


def test_what_is_the_heads_outline_already_is_left_out():
    image, face = a_face()
    [jaw] = jaw_lines(image, [face])
    cheek = jaw.points[jaw.points[:, 0] > 215]
    [rest] = jaw_lines(image, [face], [HeadOutline(cheek, np.ones(len(cheek)))])
    assert rest.points[:, 0].max() < 215 and rest.points[:, 0].min() == jaw.points[:, 0].min()


@pytest.mark.parametrize("middle", [(30, 190), (370, 190), (200, 370)])
def test_a_jaw_that_the_border_cuts_stays_within_the_picture(middle):
    image, face = a_face(middle=middle)
    for jaw in jaw_lines(image, [face]):
        assert jaw.points.min() > 0 and jaw.points.max() < 399


def test_the_astronauts_jaw_is_between_her_mouth_and_her_collar():
    image = image_of(skimage.data.astronaut())
    [jaw] = jaw_lines(image, find_faces(image))
    chin = jaw.points[np.abs(jaw.points[:, 0] - 220) < 15]
    assert len(chin) and chin[:, 1].min() > 158 and chin[:, 1].max() < 186
