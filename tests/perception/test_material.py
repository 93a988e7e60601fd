"""The part of a drawing that shows its material."""

import numpy as np
import pytest

from backend.perception.material import LINES, PAPER, material_square


def drawing():
    """Stripes in a block, one thick line elsewhere, grain on all paper but a corner."""
    y, x = np.mgrid[:240, :320]
    pixels = 0.9 + 0.02 * np.random.default_rng(0).standard_normal((240, 320))
    pixels[:120, 200:] = 0.9
    pixels[100:220, 40:160] = np.where((x + y) % 8 < 4, 0.1, 0.9)[100:220, 40:160]
    pixels[30:36, 20:180] = 0.0
    return np.repeat(pixels[..., None], 3, 2).clip(0, 1).astype(np.float32)


def test_lines_are_where_all_of_a_square_is_drawn():
    x, y, width, height = material_square(drawing(), LINES, 48)
    assert width == height >= 48
    assert x >= 36 and y >= 96 and x + width <= 164 and y + height <= 224


def test_paper_is_where_nothing_is_drawn():
    x, y, width, height = material_square(drawing(), PAPER, 48)
    assert width == height >= 48
    assert x >= 196 and y + height <= 124


@pytest.mark.parametrize("shape", [(100, 300), (40, 60), (96, 96)])
@pytest.mark.parametrize("kind", [LINES, PAPER])
def test_squares_lie_in_the_picture(shape, kind):
    pixels = np.random.default_rng(1).random((*shape, 3)).astype(np.float32)
    x, y, width, height = material_square(pixels, kind, 96)
    assert width == height == min(96, *shape) or width == height >= 96
    assert 0 <= x <= shape[1] - width and 0 <= y <= shape[0] - height
