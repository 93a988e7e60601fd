"""What a window tells of the face in it."""

import cv2
import numpy as np
import pytest

from backend.perception.face_window import BETWEEN, LEVEL, FaceWindow, warped, window_onto

LEFT, RIGHT = np.array([170.0, 200.0]), np.array([230.0, 200.0])


def lightness(nose: bool = True, light_eyes: bool = False) -> np.ndarray:
    """Two dark eyes 60 px apart and a dark nose 50 px below their middle."""
    picture = np.full((400, 400), 70, np.float32)
    for x, y in (LEFT, RIGHT):
        cv2.ellipse(picture, (int(x), int(y)), (9, 7), 0, 0, 360, 90 if light_eyes else 20, -1, cv2.LINE_AA)
    if nose:
        cv2.ellipse(picture, (200, 250), (14, 10), 0, 0, 360, 15, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 1.0)


def window(picture: np.ndarray, inside: np.ndarray | None = None) -> FaceWindow:
    return FaceWindow.of(picture, np.ones_like(picture) if inside is None else inside, LEFT, RIGHT)


@pytest.mark.parametrize("tilt", [-0.4, 0.0, 0.3])
def test_a_window_holds_the_eyes_level(tilt):
    along = 30 * np.array([np.cos(tilt), np.sin(tilt)])
    onto = window_onto(LEVEL - along, LEVEL + along, BETWEEN, LEVEL)
    for x, eye in ((-0.5, LEVEL - along), (0.5, LEVEL + along)):
        assert np.allclose(onto[:, :2] @ np.add(LEVEL, (x * BETWEEN, 0.0)) + onto[:, 2], eye)


def test_warping_keeps_the_kind_of_values():
    onto = window_onto(LEFT, RIGHT, 40, np.array([40.0, 20.0]))
    for kind in (np.uint8, np.float32):
        seen = warped(np.full((400, 400), 7, kind), onto, (40, 80))
        assert seen.dtype == kind and seen.shape == (40, 80) and (seen == 7).all()


def test_a_mirrored_face_is_told_from_a_lopsided_one():
    even, lopsided = window(lightness()), lightness()
    cv2.ellipse(lopsided, (250, 240), (30, 18), 30, 0, 360, 20, -1)
    cv2.circle(lopsided, tuple(int(v) for v in RIGHT), 14, 95, -1)
    assert even.symmetry() > 0.95 and even.alike() > 0.95
    assert window(lopsided).symmetry() < 0.6 and window(lopsided).alike() < 0.6


def test_the_bridge_is_lighter_than_dark_eyes_only():
    assert window(lightness()).bridge() > 20
    assert window(lightness(light_eyes=True)).bridge() < 0


def test_the_nose_is_found_where_there_is_one():
    face = window(lightness())
    assert face.muzzle() > 15 and window(lightness(nose=False)).muzzle() < 5
    middle = face.nose().points[:-1].mean(0)
    assert np.abs(middle - LEVEL - [0, 100]).max() < 8
    assert face.nose().unevenness < 0.1


def test_eyes_have_about_the_same_size():
    picture = lightness()
    cv2.circle(picture, tuple(int(v) for v in RIGHT), 15, 20, -1)
    left, right = window(picture).eyes()
    assert right.radii.mean() < 2 * left.radii.mean()


def test_what_is_beyond_the_subject_is_told():
    inside = np.ones((400, 400), np.float32)
    inside[:195] = 0
    face, brow = window(lightness(), inside).share_inside()
    assert brow < 0.1 and 0.6 < face < 0.95
