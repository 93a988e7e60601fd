import pytest
import torch

from backend.guidance.patches import PatchMatch, PatchSettings, exemplar_ink, ink_of, usual_ink
from backend.guidance.tones import KeepTones, tone_change
from backend.guidance.view import View

WHITE = torch.ones(3)
SETTINGS = PatchSettings(places=3000)


def lines(width, shade=1.0, pitch=12, size=96):
    """Upright lines on white, an image [1, 3, size, size]."""
    image = torch.ones(1, 3, size, size)
    for x in range(4, size, pitch):
        image[..., x : x + width] = 1 - shade
    return image


def distance(drawn, exemplar, seed=0):
    match = PatchMatch(
        exemplar_ink(exemplar, False), ink_of(drawn, WHITE), WHITE, torch.Generator().manual_seed(seed), SETTINGS
    )
    return float(match(View(drawn, None)))


def test_a_style_is_nearest_to_itself_wherever_its_lines_lie():
    same, thick, pale = (
        distance(lines(3).roll(6, -1), lines(3)),
        distance(lines(6), lines(3)),
        distance(lines(3, 0.5), lines(3)),
    )
    assert same < 0.02
    assert thick > 10 * same
    assert pale > 10 * same


def test_how_much_paper_is_blank_does_not_count():
    some = lines(3)
    some[..., 48:] = 1
    assert distance(some, lines(3)) < 0.2 * distance(lines(6), lines(3))


def test_equal_generators_give_equal_distances():
    assert distance(lines(5), lines(3)) == distance(lines(5), lines(3))
    assert distance(lines(5), lines(3)) != distance(lines(5), lines(3), seed=1)


def test_its_gradient_points_to_the_exemplar():
    image = lines(3, 0.4).requires_grad_()
    match = PatchMatch(
        exemplar_ink(lines(3), False), ink_of(image.detach(), WHITE), WHITE, torch.Generator().manual_seed(0), SETTINGS
    )
    match(View(image, None)).backward()
    assert torch.isfinite(image.grad).all()
    assert image.grad[..., 4:7].mean() > 0  # darker lines would be nearer


def test_blank_pictures_have_nothing_to_compare():
    blank = torch.zeros(1, 1, 64, 64)
    match = PatchMatch(exemplar_ink(lines(3), False), blank, WHITE, torch.Generator().manual_seed(0), SETTINGS)
    assert not match
    assert float(match(View(torch.ones(1, 3, 64, 64), None))) == 0
    assert float(usual_ink(blank)) == 0


@pytest.mark.parametrize("dark", [False, True])
def test_an_exemplars_ink_is_told_from_its_own_paper(dark):
    picture = 0.8 * lines(3)
    ink = exemplar_ink(1 - picture if dark else picture, dark)
    assert ink[..., 4:7].min() == pytest.approx(0.8)
    assert ink[..., 8:15].max() == pytest.approx(0.0, abs=1e-6)


def test_tones_that_stay_cost_nothing_and_moved_ones_do():
    image = lines(3)
    image[..., 48:] = 1
    ink = ink_of(image, WHITE)
    keep = KeepTones(ink, WHITE, 16)
    assert float(keep(View(image, None))) == pytest.approx(0.0, abs=1e-9)
    assert float(keep(View(image.flip(-1), None))) > 1
    assert tone_change(ink, ink / 2, 16) == (pytest.approx(1.0), pytest.approx(-0.5))
    assert tone_change(ink, ink.flip(-1), 16)[0] < 0
