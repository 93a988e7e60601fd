import cv2
import numpy as np
import pytest

from backend.perception.quilting import QuiltSettings, cut_mask, quilt


def stripes(height=120, width=150):
    """Slanted dark lines on light paper, and a colored blot."""
    pixels = np.full((height, width, 3), 235, np.uint8)
    for start in range(-height, width, 12):
        cv2.line(pixels, (start, 0), (start + height, height), (40, 50, 60), 3, cv2.LINE_AA)
    cv2.circle(pixels, (70, 60), 12, (200, 80, 40), -1, cv2.LINE_AA)
    return pixels.astype(np.float32) / 255


def made(exemplar, size, tiled=False, seed=0, **settings):
    *_, (done, picture) = quilt(exemplar, size, tiled, QuiltSettings(**settings), np.random.default_rng(seed))
    assert done == 1
    return picture


def jump(before, after):
    """Mean color difference of two lines of pixels."""
    return float(np.abs(before - after).mean())


@pytest.mark.parametrize("size", [(96, 140), (40, 200), (33, 35)])
def test_a_texture_has_its_size_and_no_colors_of_its_own(size):
    exemplar = stripes()
    picture = made(exemplar, size, patch=32)
    assert picture.shape == (*size, 3)
    assert (picture.min((0, 1)) >= exemplar.min((0, 1)) - 1e-5).all()
    assert (picture.max((0, 1)) <= exemplar.max((0, 1)) + 1e-5).all()


def test_a_tile_goes_on_over_its_border_as_inside():
    tile = made(stripes(), (128, 144), tiled=True, patch=32)
    inside = max(jump(tile[:, i], tile[:, i + 1]) for i in range(tile.shape[1] - 1))
    assert jump(tile[:, -1], tile[:, 0]) <= inside
    assert jump(tile[-1], tile[0]) <= max(jump(tile[i], tile[i + 1]) for i in range(len(tile) - 1))


def test_without_tiling_the_border_shows():
    ramp = np.repeat(np.linspace(0, 1, 160, dtype=np.float32)[None, :, None], 120, 0).repeat(3, 2)
    picture = made(ramp, (100, 150), patch=32, tolerance=0.0)
    tile = made(ramp, (100, 150), tiled=True, patch=32, tolerance=0.0)
    assert jump(picture[:, -1], picture[:, 0]) > 4 * jump(tile[:, -1], tile[:, 0])


def test_the_same_seed_gives_the_same_texture_and_another_another():
    first, again, other = (made(stripes(), (80, 80), patch=24, seed=seed) for seed in (3, 3, 4))
    assert (first == again).all()
    assert not (first == other).all()


def test_slanted_lines_stay_slanted():
    gray = made(stripes(), (120, 120), patch=40).mean(2)
    across, down = np.gradient(gray)[::-1]
    assert (across * down).mean() < -0.5 * (across**2).mean()


def test_a_cut_runs_where_the_pictures_agree():
    error = np.ones((32, 32), np.float32)
    error[:, 5] = 0
    seen = np.zeros((32, 32), np.float32)
    seen[:, :10] = 1
    share = cut_mask(error, seen, 16, 0)
    assert (share[:, :5] == 0).all() and (share[:, 5:] == 1).all()


def test_nothing_is_cut_where_nothing_was():
    assert (cut_mask(np.ones((16, 16), np.float32), np.zeros((16, 16), np.float32), 8, 0.8) == 1).all()
