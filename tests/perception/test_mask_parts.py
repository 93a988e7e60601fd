import cv2
import numpy as np

from backend.perception.grab_cut import to_lab
from backend.perception.mask_parts import with_parts
from tests.pictures import noise


def bird(ground):
    """A dark body with a thin beak on a ground [240, 320, 3], and the mask of the body alone."""
    pixels = ground.copy()
    cv2.line(pixels, (170, 110), (60, 95), (40, 45, 50), 3, cv2.LINE_AA)
    cv2.circle(pixels, (190, 120), 45, (70, 80, 75), -1, cv2.LINE_AA)
    body = cv2.circle(np.zeros((240, 320), np.uint8), (190, 120), 45, 1, -1)
    return to_lab(pixels.astype(np.float32) / 255), body


def smooth():
    """Green that grows lighter to the right, with little grain."""
    light = np.linspace(0, 30, 320)[None, :, None]
    return np.clip(np.full((240, 320, 3), (110, 160, 105)) + light + 0.02 * noise(240, 320), 0, 255).astype(np.uint8)


def test_a_thin_part_before_a_smooth_ground_joins_the_mask():
    lab, body = bird(smooth())
    whole = with_parts(body, lab)
    assert whole[93:110, 66:140].max(0).mean() > 0.95
    assert (whole >= body).all()
    assert whole.sum() < 1.12 * body.sum()


def test_nothing_joins_before_a_rough_ground():
    lab, body = bird(cv2.resize(noise(60, 80, 60, 200, seed=4), (320, 240)))
    assert np.array_equal(with_parts(body, lab), body)


def test_what_reaches_the_pictures_border_does_not_join():
    ground = smooth()
    ground[112:126] = 40  # a bar behind it from border to border
    lab, body = bird(ground)
    assert with_parts(body, lab)[116:122, :100].sum() == 0


def test_what_stands_apart_does_not_join():
    ground = cv2.circle(smooth(), (60, 200), 14, (200, 40, 40), -1)
    lab, body = bird(ground)
    assert with_parts(body, lab)[180:220, 40:80].sum() == 0


def test_a_fringe_does_not_join():
    ground = smooth()
    for turn in np.linspace(0, 2 * np.pi, 60):
        tip = (round(190 + 53 * np.cos(turn)), round(120 + 53 * np.sin(turn)))
        cv2.line(ground, (190, 120), tip, (40, 45, 50), 1)
    lab, body = bird(ground)
    assert with_parts(body, lab)[:72].sum() == 0
