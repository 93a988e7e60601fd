import cv2
import numpy as np
import pytest

from backend.perception.wide_blur import widely_blurred


@pytest.mark.parametrize("sigma", [3.0, 9.0, 18.0])
def test_the_blur_of_a_smaller_copy_is_that_of_the_picture(sigma):
    spots = cv2.GaussianBlur(np.random.default_rng(0).random((230, 317), np.float32), (0, 0), 1.5)
    exact = cv2.GaussianBlur(spots, (0, 0), sigma)
    assert np.abs(widely_blurred(spots, sigma) - exact).max() < 0.1 * spots.std()


def test_channels_are_blurred_alike():
    spots = np.random.default_rng(0).random((90, 120, 3), np.float32)
    assert np.array_equal(widely_blurred(spots, 12.0)[..., 1], widely_blurred(np.ascontiguousarray(spots[..., 1]), 12.0))
