"""What is measured is what was drawn."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_lines import SIZE, hatching, length, page, segment
from PIL import Image

from backend.perception.line_style import edge_density, measure, observe, summary

SIDE = max(SIZE)
STYLES = Path(__file__).parents[2].parent / "shared" / "data" / "styles"


@pytest.mark.parametrize(
    ("width", "spacing", "angle"),
    [(2.0, 8, 17), (2.5, 9, -33), (3.0, 14, 0), (3.0, 25, 90), (4.0, 12, 45), (5.0, 14, -70), (6.0, 20, 60), (9.0, 25, 10)],
)
def test_thickness_spacing_density_and_angle_come_back(width, spacing, angle):
    lines = hatching(spacing, angle)
    style = measure(page(lines, width))
    inked = length(lines) * width / (SIZE[0] * SIZE[1])
    assert style.line_width * SIDE == pytest.approx(width, rel=0.1)
    assert style.hatch_spacing * SIDE == pytest.approx(spacing, rel=0.1)
    assert style.ink_coverage == pytest.approx(inked, rel=0.1)
    assert style.line_density == pytest.approx(length(lines) * SIDE / (SIZE[0] * SIZE[1]), rel=0.1)
    [found] = style.hatch_angles
    assert abs((found - angle + 90) % 180 - 90) < 5
    assert style.hatch_share > 0.7 and style.hatch_bend < 0.1
    assert style.strokes == pytest.approx(len(lines), rel=0.25)
    assert style.width_variation < 0.05 and style.width_spread < 0.1 and style.taper == 0


def test_an_enlargement_measures_alike():
    small, large = (measure(page(hatching(14 * k, 30, (420 * k, 600 * k)), 4.0 * k, (420 * k, 600 * k))) for k in (1, 2))
    for name in ("line_width", "hatch_spacing", "ink_coverage", "line_density", "stroke_length", "edge_density"):
        assert getattr(small, name) == pytest.approx(getattr(large, name), rel=0.12), name


INKS = [
    ((0.9, 0.95, 1.0), (0.1, 0.2, 0.4)), ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)), ((0.2, 0.15, 0.1), (0.9, 0.82, 0.62)),
    ((0.7, 0.1, 0.1), (1.0, 1.0, 1.0)), ((0.6, 0.6, 0.6), (0.75, 0.7, 0.6)),
]  # fmt: skip


@pytest.mark.parametrize(("ink", "paper"), INKS)
@pytest.mark.parametrize("spacing", [14, 30])
def test_light_on_dark_and_colored_paper(ink, paper, spacing):
    style = measure(page(hatching(spacing, 30), 4.0, ink=ink, paper=paper))
    assert style.line_width * SIDE == pytest.approx(4, rel=0.1)
    assert style.hatch_spacing * SIDE == pytest.approx(spacing, rel=0.1)
    assert style.light_on_dark == (sum(ink) > sum(paper))
    assert style.paper == pytest.approx(paper, abs=0.02)
    assert style.color == pytest.approx(ink, abs=0.05)


def test_aged_uneven_paper_and_noise():
    clean = page(hatching(14, 30), 4.0)
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    shade = 0.75 + 0.25 * np.cos((x - 200) / 260) * np.cos((y - 150) / 240)
    aged = clean * (shade[..., None] * np.array([0.95, 0.9, 0.75])) + np.random.default_rng(0).normal(0, 0.02, clean.shape)
    style = measure(np.clip(aged, 0, 1).astype(np.float32))
    assert style.line_width * SIDE == pytest.approx(4, rel=0.1)
    assert style.hatch_spacing * SIDE == pytest.approx(14, rel=0.1)
    assert style.ink_coverage == pytest.approx(measure(clean).ink_coverage, rel=0.1)
    assert not style.light_on_dark


def test_crossed_hatching_has_two_directions():
    style = measure(page(hatching(14, 30) + hatching(14, -50), 2.5))
    assert sorted(style.hatch_angles) == pytest.approx([-50, 30], abs=5)
    assert style.hatch_spacing * SIDE == pytest.approx(14, rel=0.1)
    assert style.line_width * SIDE == pytest.approx(2.5, rel=0.12)


def test_lines_far_apart_are_no_hatching():
    assert measure(page(hatching(90, 20), 3.0)).hatch_share < 0.2


def test_strokes_cross_without_being_cut():
    lines = [segment((40, 60 + 90 * i), (560, 80 + 90 * i)) for i in range(4)]
    lines += [segment((80 + 110 * i, 30), (60 + 110 * i, 390)) for i in range(5)]
    style = measure(page(lines, 3.0))
    assert style.strokes == pytest.approx(len(lines), abs=2)
    assert style.stroke_length * SIDE > 340


def test_tapered_strokes_are_told_from_blunt_ones():
    lines = [segment((60, 40 + 38 * i), (540, 40 + 38 * i)) for i in range(10)]
    knots = torch.tensor([[0.4, 4.0, 8.0, 8.0, 8.0, 8.0, 8.0, 4.0, 0.4]]).expand(10, -1)
    tapered, blunt = measure(page(lines, knots)), measure(page(lines, 8.0))
    assert blunt.taper == 0 and blunt.tip > 0.9
    assert 0.1 < tapered.taper < 0.3 and tapered.tip < 0.4
    assert tapered.width_variation > 0.15 > 0.05 > blunt.width_variation


def test_wobbling_strokes_are_told_from_straight_ones():
    y = np.arange(40, 400, 36)
    x = np.linspace(40, 560, 61)
    rows = [np.stack([x, top + 2.5 * np.sin(x / 6 + top)], 1) for top in y]
    curves = [torch.tensor(np.repeat(row, 3, 0)[1:-1], dtype=torch.float32) for row in rows]  # corners, close enough
    straight = measure(page([segment((40, top), (560, top + 20)) for top in y], 3.0))
    wavy = measure(page(curves, 3.0))
    assert straight.wobble * SIDE < 0.15
    assert wavy.wobble * SIDE == pytest.approx(2.5 / math.sqrt(2), rel=0.35)
    assert wavy.curvature > 5 * max(straight.curvature, 1)


def test_colors_of_inks():
    lines = hatching(25, 0)
    pages = [page(lines[i::3], 9.0, ink=ink) for i, ink in enumerate([(0.8, 0.1, 0.1), (0.1, 0.3, 0.8), (0.1, 0.1, 0.1)])]
    style = measure(np.minimum(np.minimum(pages[0], pages[1]), pages[2]))
    assert len(style.palette) == 3
    for ink in ((0.8, 0.1, 0.1), (0.1, 0.3, 0.8), (0.1, 0.1, 0.1)):
        assert min(max(abs(a - b) for a, b in zip(ink, found, strict=True)) for found in style.palette) < 0.06
    assert measure(pages[2]).palette == ()


def test_several_pictures_are_one_style():
    pictures = [observe(page(hatching(14, angle), width)) for angle, width in ((30, 3.0), (30, 4.0), (30, 5.0))]
    assert summary(pictures).line_width * SIDE == pytest.approx(4, rel=0.15)
    blank = observe(np.ones((300, 300, 3), np.float32))
    assert summary([blank, *pictures]) == summary(pictures)


@pytest.mark.parametrize("shade", [0.0, 0.5, 1.0])
def test_a_blank_page_has_nothing_to_measure(shade):
    picture = observe(np.full((200, 300, 3), shade, np.float32))
    assert picture.is_blank and not picture.is_drawn
    style = summary([picture])
    assert style.line_width is None and style.hatch_angles == () and style.strokes == 0


def test_a_soft_picture_is_not_drawn():
    y, x = np.mgrid[0:300, 0:400]
    soft = 0.5 + 0.25 * np.sin(x / 23) * np.cos(y / 31) + 0.2 * np.sin((x + 2 * y) / 57)
    assert not observe(np.repeat(soft[..., None], 3, 2).astype(np.float32)).is_drawn
    assert observe(page(hatching(14, 30), 4.0)).is_drawn


def test_edges_are_counted_at_one_size():
    assert edge_density(np.ones((50, 80, 3), np.float32)) == 0
    assert 0.05 < edge_density(page(hatching(25, 30), 3.0)) < edge_density(page(hatching(12, 30), 3.0)) < 0.8


def test_the_same_picture_measures_the_same():
    picture = page(hatching(14, 30) + hatching(17, -50), 2.5)
    assert measure(picture) == measure(picture.copy())


@pytest.mark.parametrize(
    ("name", "box", "width", "spacing", "angle"),
    [  # by a ruler, on the enlarged picture; px, degrees
        ("dore_red_riding_hood_wood_engraving", (280, 2980, 440, 3100), 2.7, 8.6, -9.3),
        ("dore_red_riding_hood_wood_engraving", (3880, 880, 4000, 1000), 3.0, 8.0, -83.8),
        ("woodcut_rossellius_1579", (200, 250, 450, 500), 2.4, None, None),
        ("shishkin_1854_self_portrait_pencil", (530, 450, 670, 590), 3.3, 8.5, 28),
    ],
)
def test_real_prints_measure_as_by_a_ruler(name, box, width, spacing, angle):
    path = STYLES / f"{name}.jpg"
    if not path.is_file():
        pytest.skip("the reference pictures are not here")
    with Image.open(path) as picture:
        rgb = np.asarray(picture.convert("RGB").crop(box), np.float32) / 255
    style, side = measure(rgb), max(rgb.shape)
    assert style.line_width * side == pytest.approx(width, rel=0.2)
    if spacing:
        assert style.hatch_spacing * side == pytest.approx(spacing, rel=0.15)
        assert style.hatch_angles[0] == pytest.approx(angle, abs=5)
