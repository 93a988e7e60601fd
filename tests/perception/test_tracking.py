import cv2
import numpy as np
import pytest

from backend.perception.tracking import TrackingSettings, drawn_in, glance, motion_between
from tests.pictures import blank

SIDE = 200


def texture(seed=0, size=SIDE + 100):
    rough = np.random.default_rng(seed).integers(0, 256, (size // 4, size // 4, 3)).astype(np.uint8)
    return cv2.resize(rough, (size, size), interpolation=cv2.INTER_CUBIC)


def window(picture, x, y):
    return np.ascontiguousarray(picture[50 + y : 50 + y + SIDE, 50 + x : 50 + x + SIDE])


def motion(before, after):
    return motion_between(glance(before), glance(after))


GRID = np.stack(np.meshgrid(np.arange(40.5, 160, 20), np.arange(40.5, 160, 20)), -1).reshape(-1, 2)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (7, 0), (-5, 12)])
def test_points_follow_a_picture_that_moves(x, y):
    picture = texture()
    moved, seen = motion(window(picture, 0, 0), window(picture, -x, -y)).follow(GRID)
    assert seen.mean() > 0.95
    assert np.abs(moved[seen] - GRID[seen] - (x, y)).max() < 0.6


def test_distances_are_those_of_the_frame_whatever_is_measured_on():
    picture = cv2.resize(texture(), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    before, after = picture[200:1000, 200:1000], picture[200:1000, 180:980]
    moved, seen = motion(before, after).follow(4 * GRID)
    assert glance(before).scale == pytest.approx(TrackingSettings().side / 800)
    assert np.abs(moved[seen] - 4 * GRID[seen] - (20, 0)).max() < 2


def test_what_is_hidden_cannot_be_followed():
    picture = window(texture(), 0, 0)
    hidden = picture.copy()
    hidden[:, 90:150] = window(texture(5), 0, 0)[:, 90:150]
    _moved, seen = motion(picture, hidden).follow(GRID)
    behind = (GRID[:, 0] > 95) & (GRID[:, 0] < 145)
    assert seen[behind].mean() < 0.4 and seen[GRID[:, 0] < 70].mean() > 0.9


def test_points_beyond_the_frame_are_not_seen():
    picture = window(texture(), 0, 0)
    _moved, seen = motion(picture, picture).follow(np.array([[-5.0, 50.0], [50.0, 260.0], [50.0, 50.0]]))
    assert seen.tolist() == [False, False, True]


@pytest.mark.parametrize(("stops", "x"), [(-1.2, 0), (1.1, 5), (-0.7, -8)])
def test_another_exposure_is_followed_and_no_cut(stops, x):
    picture = cv2.GaussianBlur(texture(), (0, 0), 2)
    other = (255 * ((picture / 255) ** 2.2 * 2**stops).clip(0, 1) ** (1 / 2.2)).astype(np.uint8)
    found = motion(window(picture, 0, 0), window(other, -x, 0))
    moved, seen = found.follow(GRID)
    assert found.relit and not found.cut and seen.mean() > 0.8
    assert np.abs(moved[seen] - GRID[seen] - (x, 0)).max() < 1.5
    assert not motion(window(picture, 0, 0), window(picture, -x, 0)).relit


def test_what_hides_half_of_a_picture_is_no_other_light():
    picture = window(texture(), 0, 0)
    hidden = picture.copy()
    hidden[:, 100:] = 190 + window(texture(5), 0, 0)[:, 100:] // 8
    found = motion(picture, hidden)
    assert not found.relit and not found.follow(GRID)[1][GRID[:, 0] > 110].any()


def test_a_cut_is_told_from_motion():
    picture, other = texture(), 255 - texture(3) // 3
    assert motion(window(picture, 0, 0), window(other, 0, 0)).cut
    assert not motion(window(picture, 0, 0), window(picture, 20, 12)).cut
    assert not motion(window(picture, 0, 0), window(picture, 0, 0)).cut


def test_a_lamp_that_is_switched_on_is_no_cut():
    picture = window(texture(), 0, 0)
    assert not motion(picture, (picture * 0.85 + 20).astype(np.uint8)).cut


def test_a_mask_goes_with_what_it_covers():
    picture = texture()
    mask = cv2.circle(np.zeros((SIDE, SIDE), np.float32), (90, 100), 40, 1, -1)
    carried = motion(window(picture, 0, 0), window(picture, -12, 0)).carried(mask)
    truth = cv2.circle(np.zeros((SIDE, SIDE), np.float32), (102, 100), 40, 1, -1)
    assert np.minimum(carried, truth).sum() / np.maximum(carried, truth).sum() > 0.93


def test_a_mask_that_lags_behind_is_drawn_in_to_its_outline():
    frame = cv2.circle(blank(240, 320, 210), (160, 120), 60, (60, 30, 40), -1)
    truth = cv2.circle(np.zeros((240, 320), np.float32), (160, 120), 60, 1, -1)
    late = np.roll(truth, 4, axis=1)
    drawn = drawn_in(frame, late)

    def overlap(mask):
        return np.minimum(mask, truth).sum() / np.maximum(mask, truth).sum()

    assert overlap(drawn) > 0.97 > overlap(late)


def test_a_mask_of_everything_or_nothing_stays():
    frame = window(texture(), 0, 0)
    for mask in (np.ones((SIDE, SIDE), np.float32), np.zeros((SIDE, SIDE), np.float32)):
        assert np.array_equal(drawn_in(frame, mask), mask)
