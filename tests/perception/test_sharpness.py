import cv2
import numpy as np

from backend.perception.foreground import find_foreground
from backend.perception.sharpness import sharpness
from tests.pictures import noise, tensor

AT = (200, 130)  # x, y of the middle of what is sharp
INSIDE = cv2.circle(np.zeros((240, 320), np.uint8), AT, 55, 1, -1) > 0


def in_focus():
    """A finely grained disc before blurred blotches of all the lightnesses that it has, too."""
    blotches = cv2.resize(noise(6, 8, 60, 200, seed=3), (320, 240), interpolation=cv2.INTER_CUBIC)
    grain = cv2.resize(noise(120, 160, 60, 200, seed=4), (320, 240), interpolation=cv2.INTER_NEAREST)
    return np.where(INSIDE[..., None], grain, blotches)


def test_what_is_in_focus_is_sharp_and_the_rest_is_not():
    sharp = sharpness(np.float32(in_focus() / 255), (120, 160))
    inside = cv2.resize(INSIDE.astype(np.uint8), (160, 120)) > 0
    assert sharp.shape == (120, 160)
    assert sharp[inside].mean() > 0.8
    assert sharp[~inside].mean() < 0.15


def test_where_nothing_is_sharp_nothing_stands_out():
    assert not sharpness(np.full((90, 120, 3), 0.5, np.float32), (45, 60)).any()


def test_a_subject_in_focus_before_a_blurred_backdrop_is_found():
    found = find_foreground(tensor(in_focus())).mask[0, 0].numpy() > 0.5
    assert (found & INSIDE).sum() / (found | INSIDE).sum() > 0.8
