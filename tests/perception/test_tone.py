import numpy as np
import torch

from backend.perception.tone import ToneSettings, tone_map
from tests.pictures import blank, disc, face, noise, tensor


def tone(pixels, mask=None, **settings):
    image = tensor(pixels)
    return tone_map(image, torch.ones_like(image[:, :1]) if mask is None else mask, ToneSettings(**settings))


def test_dark_is_dark_and_white_is_paper():
    found = tone(disc())
    assert found[80, 80] > 0.85
    assert found[5, 5] == 0
    assert found.dtype == np.float32


def test_outside_the_mask_nothing_is_toned():
    mask = torch.zeros(1, 1, 160, 160)
    mask[..., :80] = 1
    found = tone(disc(), mask)
    assert found[80, 60] > 0.5
    assert not found[:, 80:].any()
    assert not tone(disc(), torch.zeros(1, 1, 160, 160)).any()


def test_a_white_picture_has_no_tone():
    assert tone(blank(60, 60)).max() < 0.05


def test_tone_is_told_within_the_subjects_own_range():
    """The darkest place of a pale picture is dark, but a pale thing on white does not become black."""
    pale = disc(color=(190, 190, 190))
    assert 0.15 < tone(pale)[80, 80] < 0.6


def test_texture_is_smoothed_and_edges_stay_sharp():
    pixels = blank(200, 200)
    pixels[:, :100] = noise(200, 100, 60, 120)
    found = tone(pixels)
    assert found[20:180, 20:80].std() < 0.06
    assert found[100, 92] > found[100, 108] + 0.4


def test_dark_pictures_leave_paper_free():
    dark = noise(200, 200, 10, 90)
    dark[60:140, 60:140] += 60
    assert tone(dark).mean() < tone(dark, most=0.99).mean() - 0.03


def test_vivid_color_counts_as_tone_where_a_style_fills_with_color():
    yellow = disc(color=(255, 230, 40))
    assert tone(yellow)[80, 80] < 0.4
    assert tone(yellow, color=1.0)[80, 80] > 0.5


def test_a_face_is_lighter_than_its_eyes():
    found = tone(face())
    assert found[85, 76] > found[60, 100] + 0.3
