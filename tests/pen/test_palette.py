import numpy as np
import torch

from backend.core.strokes import Strokes
from backend.pen.palette import Palette, colors_along
from tests.pictures import blank, tensor

WHITE = (1.0, 1.0, 1.0)


def halves():
    """Red on the left, green on the right."""
    pixels = blank(100, 100)
    pixels[:, :50], pixels[:, 50:] = (200, 30, 30), (30, 150, 40)
    return tensor(pixels)


def level(y, left, right):
    return torch.tensor([[left, y], [left, y], [right, y], [right, y]], dtype=torch.float32)


STROKES = Strokes.build([level(20, 5, 40), level(20, 60, 95), level(80, 5, 45)], 2.0)


def colors(palette, image=None, paper=WHITE, mask=None):
    mask = torch.ones(1, 1, 100, 100) if mask is None else mask
    chance = np.random.default_rng(0)
    return colors_along(STROKES, halves() if image is None else image, mask, palette, paper, chance).numpy()


def test_lines_take_the_nearest_color_there_is():
    found = colors(Palette(colors=((0.0, 0.4, 0.1), (0.9, 0.0, 0.0), (0.0, 0.0, 1.0))))
    assert np.allclose(found, [(0.9, 0, 0), (0, 0.4, 0.1), (0.9, 0, 0)], atol=0.02)


def test_colors_are_found_in_the_picture():
    found = colors(Palette(count=2))
    assert np.allclose(found[0], (200 / 255, 30 / 255, 30 / 255), atol=0.05)
    assert np.allclose(found[1], (30 / 255, 150 / 255, 40 / 255), atol=0.05)
    assert np.array_equal(found[0], found[2])


def test_colors_are_looked_for_in_the_subject_only():
    mask = torch.zeros(1, 1, 100, 100)
    mask[..., :50] = 1
    found = colors(Palette(count=2), mask=mask)
    assert (found[:, 0] > found[:, 1]).all()  # all red, also where the picture is green
    assert np.isfinite(colors(Palette(count=2), mask=torch.zeros(1, 1, 100, 100))).all()


def test_one_color_is_one_color():
    assert len(np.unique(colors(Palette(count=1)), axis=0)) == 1


def test_colors_stand_out_from_the_paper():
    pale = tensor(blank(100, 100, 250))
    assert colors(Palette(count=2), pale).mean() < 0.85
    assert colors(Palette(count=2), tensor(blank(100, 100, 5)), (0.0, 0.0, 0.0)).mean() > 0.15


def test_vividness_makes_colors_more_colorful():
    def spread(vividness):
        found = colors(Palette(count=2, vividness=vividness))
        return float(np.ptp(found, axis=1).mean())

    assert spread(0.0) < 0.05
    assert spread(0.5) < spread(1.0)


def test_without_colors_there_is_no_palette():
    assert not Palette()
    assert Palette(count=1)
