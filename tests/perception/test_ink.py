import numpy as np
import pytest
from drawn_lines import hatching, page

from backend.perception.ink import ink_of, paper_lightness
from backend.perception.ink_colors import ink_palette


def test_paper_follows_the_light_but_not_the_ink():
    _y, x = np.mgrid[0:300, 0:400].astype(np.float32)
    paper = 90 - 15 * x / 400
    dark = paper.copy()
    dark[100:200, 150:300] = 10
    found = paper_lightness(dark)
    assert found.shape == dark.shape
    assert np.abs(found - paper)[:80].max() < 4
    assert found[150, 225] > 60, "a dark patch is no paper"


def test_ink_is_cut_halfway_and_its_parts_of_pixels_count():
    lines = hatching(20, 27)
    ink = ink_of(page(lines, 3.0))
    exact = 1 - page(lines, 3.0).mean()
    assert ink.coverage == pytest.approx(exact, rel=0.04)
    assert ink.lines.mean() == pytest.approx(exact, rel=0.08)
    assert set(np.unique(ink.lines)) == {0, 1} and not ink.is_blank
    assert ink.darkness.min() >= 0 and ink.darkness.max() <= 1


def test_pale_lines_are_ink_but_right_beside_black_ones():
    black, pale = page(hatching(40, 0), 4.0), page(hatching(40, 90), 4.0, ink=(0.65, 0.65, 0.65))
    both = np.minimum(black, pale)
    dark, light = ink_of(black).coverage, ink_of(pale).coverage
    assert dark + 0.5 * light < ink_of(both).coverage < dark + light


def test_noise_and_gradients_are_no_ink():
    rng = np.random.default_rng(0)
    noisy = np.clip(0.9 + rng.normal(0, 0.01, (200, 300, 3)), 0, 1).astype(np.float32)
    assert ink_of(noisy).is_blank
    ramp = np.repeat(np.linspace(0.75, 0.95, 300, dtype=np.float32)[None, :, None], 200, 0).repeat(3, 2)
    assert ink_of(ramp).is_blank


def test_a_gray_ink_has_no_palette_and_the_paper_lends_none():
    for paper in ((1.0, 1.0, 1.0), (0.9, 0.8, 0.6)):
        picture = page(hatching(20, 30), 6.0, ink=(0.2, 0.18, 0.15), paper=paper)
        ink = ink_of(picture)
        assert ink_palette(picture, ink.lines, ink.paper) == ()
    assert ink_palette(np.ones((50, 50, 3), np.float32), np.zeros((50, 50), np.uint8), (1.0, 1.0, 1.0)) == ()
