from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from backend.perception import line_field as module
from backend.perception.line_field import LineFieldSettings, ScaleSettings, line_field
from tests.pictures import blank, disc, noise, tensor

PLAIN = ScaleSettings(smoothing_rounds=0, scales=(1.0,))


def halves(angle=0.0, size=160, dark=90, light=200):
    """Two flat grays that meet on a line through the middle, at `angle` degrees from the x axis."""
    y, x = np.mgrid[0:size, 0:size] - size / 2 + 0.25
    side = y * np.cos(np.radians(angle)) - x * np.sin(np.radians(angle))
    return np.where(side[..., None] > 0, dark, light).astype(np.uint8).repeat(3, 2)


@pytest.mark.parametrize("angle", [0, 30, 45, 90, 135])
def test_an_edge_between_two_flat_colors_is_a_ridge_along_it(angle):
    field = line_field(tensor(halves(angle)))
    nx, ny = -np.sin(np.radians(angle)), np.cos(np.radians(angle))
    across = np.arange(-12, 13)
    for along in (-30, 0, 30):
        x = np.rint(79.5 + along * ny + across * nx).astype(int)
        y = np.rint(79.5 - along * nx + across * ny).astype(int)
        profile = field.strength[y, x]
        assert abs(across[profile.argmax()]) <= 1.5
        assert profile.max() > 0.8
        assert profile[[0, -1]].max() < 0.1
        at = y[profile.argmax()], x[profile.argmax()]
        assert abs(field.tangent_x[at] * nx + field.tangent_y[at] * ny) < 0.15


def test_edges_of_color_alone_are_lines():
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[:, :50], pixels[:, 50:] = (200, 90, 90), (80, 139, 139)
    assert line_field(tensor(pixels)).strength[50, 47:53].max() > 0.8


def test_a_thin_dark_line_is_a_line():
    pixels = cv2.line(blank(120, 120, 210), (0, 60), (119, 60), (120, 120, 120), 2)
    field = line_field(tensor(pixels))
    assert field.strength[57:64, 60].max() > 0.5
    assert abs(field.tangent_y[60, 60]) < 0.1


def test_texture_is_weaker_than_a_contour_of_the_same_contrast():
    pixels = blank(200, 240, 200)
    pixels[:, :60] = 100
    pixels[:, 120:] = np.random.default_rng(1).choice([100, 200], (200, 120, 1))
    strength = line_field(tensor(pixels)).strength
    assert np.median(strength[20:180, 56:64].max(1)) > 0.8
    assert np.percentile(strength[20:180, 140:220], 95) < 0.6


@pytest.mark.parametrize("value", [0, 127, 255])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (5, 5), (90, 120)])
def test_a_flat_picture_has_no_lines(value, size):
    field = line_field(tensor(blank(*size, value)))
    assert field.strength.shape == size
    assert not field.strength.any()
    assert np.isfinite(field.tangent_x).all()
    assert np.isfinite(field.fine).all()


@pytest.mark.parametrize("pixels", [noise(60, 80), noise(1, 30), noise(30, 1), noise(3, 3), disc(), blank(9, 9)])
@pytest.mark.parametrize("settings", [LineFieldSettings(), LineFieldSettings(coarse=PLAIN, fine=PLAIN)])
def test_every_map_stays_in_its_range(pixels, settings):
    field = line_field(tensor(pixels), settings)
    assert 0 <= field.strength.min() <= field.strength.max() <= 1
    assert np.allclose(np.hypot(field.tangent_x, field.tangent_y), 1, atol=1e-4)
    assert set(np.unique(field.fine)) <= {0.0, 1.0}


def test_the_outline_of_a_certain_mask_is_a_line_where_the_colors_tell_none():
    mask = torch.zeros(1, 1, 120, 120)
    mask[..., 60:] = 1
    plain = tensor(blank(120, 120, 128))
    assert line_field(plain, silhouette=mask).strength[60, 57:63].max() > 0.8
    assert not line_field(plain, silhouette=0 * mask).strength.any()


def test_a_doubtful_mask_shows_less_than_a_certain_one():
    mask = torch.zeros(1, 1, 120, 120)
    mask[..., 60:] = 1
    image = tensor(cv2.line(blank(120, 120, 200), (0, 30), (119, 30), (60, 60, 60), 20))
    certain, doubtful = (line_field(image, silhouette=share * mask).strength[90, 57:63].max() for share in (1.0, 0.3))
    assert doubtful < certain


def test_lines_that_matter_are_measured_by_their_own_strongest():
    pixels = halves(90, dark=20, light=250)
    pixels[:60, :60] = np.where(np.arange(60)[:, None, None] < 30, pixels[:60, :60], pixels[:60, :60] - 12)
    inside = torch.zeros(1, 1, 160, 160)
    inside[..., 10:50, 10:50] = 1
    faint = line_field(tensor(pixels)).strength[25:35, 20:40].max()
    measured = line_field(tensor(pixels), inside=inside).strength[25:35, 20:40].max()
    assert measured > 1.8 * faint > 0


def test_a_large_form_outshines_the_pattern_on_it():
    """A faint edge through the picture beside a patch of strong short marks."""
    pixels = np.full((240, 320, 3), 150, np.uint8)
    pixels[:, 160:] = 172
    generator = np.random.default_rng(2)
    for x, y in generator.integers(20, 120, (60, 2)):
        cv2.line(pixels, (int(x), int(y) + 50), (int(x) + 4, int(y) + 52), (120, 120, 120), 1, cv2.LINE_AA)
    plain = line_field(tensor(pixels), replace(LineFieldSettings(), alone=1.0))
    seen = line_field(tensor(pixels))

    def ratio(field):
        return field.strength[40:200, 157:163].max(1).mean() / np.percentile(field.strength[75:165, 25:120], 99)

    assert ratio(seen) > 1.2 * ratio(plain)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (9, 400)])
def test_the_smallest_pictures_have_a_field(size):
    assert line_field(tensor(blank(*size))).strength.shape == size


def test_forms_in_the_dark_count_beside_those_in_the_light():
    pixels = blank(200, 300, 12)
    pixels[:, 150:] = 215
    cv2.rectangle(pixels, (40, 60), (110, 140), (20, 20, 20), -1)  # ΔL 3
    cv2.rectangle(pixels, (190, 60), (260, 140), (203, 203, 203), -1)  # ΔL 4
    strength = line_field(tensor(pixels)).strength
    dark, light = strength[80:120, 36:44].max(1).mean(), strength[80:120, 186:194].max(1).mean()
    assert dark > 1.25 * light


def test_a_field_narrower_than_the_widest_blur_is_found():
    assert line_field(tensor(np.full((3, 500, 3), 99, np.uint8))).strength.shape == (3, 500)


def test_gray_pictures_are_seen_as_if_they_had_color():
    gray = noise(40, 60, 60, 200, seed=3)
    gray = np.repeat(cv2.resize(gray, (300, 200), interpolation=cv2.INTER_CUBIC)[..., :1], 3, 2)
    tinted = tensor(gray)
    tinted[:, 0, 0, 0] += 1e-3
    assert np.abs(line_field(tensor(gray)).strength - line_field(tinted).strength).mean() < 1e-3


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_a_field_computed_by_stripes_is_that_computed_at_once(rows, monkeypatch):
    pixels = cv2.resize(noise(20, 30, 0, 255, seed=4), (150, 101), interpolation=cv2.INTER_CUBIC)
    expected = line_field(tensor(pixels))
    monkeypatch.setattr(module, "STRIPE", rows)
    found = line_field(tensor(pixels))
    assert expected.strength.max() > 0.5
    assert np.array_equal(found.strength, expected.strength)
    assert np.array_equal(found.tangent_x, expected.tangent_x) and np.array_equal(found.tangent_y, expected.tangent_y)
