import numpy as np
import pytest

from backend.perception.faces import Face
from backend.perception.upright import UprightFace


def a_dot(x, y, size=(200, 240)):
    picture = np.zeros((*size, 3), np.float32)
    picture[y - 1 : y + 2, x - 1 : x + 2] = 1
    return picture


def middle_of(pixels):
    rows, columns = np.nonzero(pixels[..., 0] > 0.3)
    return np.array([[columns.mean(), rows.mean()]])


def test_an_upright_face_keeps_its_pixels_and_places():
    picture, face = a_dot(90, 80), Face(70, 60, 50)
    seen = UprightFace.of(picture, face)
    assert seen.pixels is picture and seen.face == face
    assert np.array_equal(seen.placed(np.array([[3.0, 4.0]])), [[3.0, 4.0]])


@pytest.mark.parametrize("tilt", [-25.0, 25.0, 40.0])
def test_what_is_below_a_tilted_face_is_below_it_when_it_is_upright(tilt):
    face = Face(90, 70, 60, tilt=tilt)
    x, y = (round(value) for value in face.place(0.0, 0.6))
    seen = UprightFace.of(a_dot(x, y), face)
    assert seen.face.tilt == 0 and seen.face.side == face.side
    [below] = middle_of(seen.pixels)
    assert below == pytest.approx(np.add(seen.face.center, (0, 36)), abs=1.5)
    assert seen.placed(below[None])[0] == pytest.approx((x, y), abs=1.0)


def test_a_face_at_the_border_is_seen_with_what_goes_on_beyond():
    seen = UprightFace.of(np.ones((80, 80, 3), np.float32), Face(50, 40, 40, tilt=25.0))
    assert seen.pixels.min() == 1
