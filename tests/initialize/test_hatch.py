import numpy as np
import pytest
import torch

from backend.initialize.hatch import Hatch, Lattice, hatch_lines

SHAPE = (300, 400)
NOTHING = np.zeros(SHAPE, np.float32)


def box(value=0.8):
    """A shadow of one darkness at x 100 … 300, y 75 … 225."""
    tone = NOTHING.copy()
    tone[75:225, 100:300] = value
    return tone


def hatched(tone, count=500, drawn=NOTHING, seed=0, **settings):
    hatch = Hatch(**{"share": 0.5, "spacing": 0.025, "margin": 0.0, **settings})
    return hatch_lines(tone, drawn, hatch, count, torch.Generator().manual_seed(seed))


def directions(lines):
    ways = np.array([line.row[-1] - line.row[0] for line in lines])
    return np.degrees(np.arctan2(-ways[:, 1], ways[:, 0])) % 180


@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0, 90.0, -60.0])
def test_lines_run_at_the_angle_evenly_spaced(angle):
    lines, spacing = hatched(box(), angles=(angle,))
    assert spacing == pytest.approx(10.0)
    apart = (directions(lines) - angle + 90) % 180 - 90
    assert np.abs(apart).max() < 0.5
    normal = np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    offsets = np.unique(np.round([line.row.mean(0) @ normal for line in lines], 2))
    assert np.allclose(np.diff(offsets), 10.0, atol=0.05)


@pytest.mark.parametrize("angle", [0.0, 30.0, -60.0])
@pytest.mark.parametrize("shift", [(0, 0), (37, 12)])
def test_lines_of_a_lattice_run_through_its_point_wherever_the_canvas_begins(angle, shift):
    across, down = shift
    tone = box()[down:, across:]
    hatch = Hatch(share=0.5, spacing=0.5, margin=0.0, angles=(angle,))
    lattice, lines = Lattice((5.0 - across, 3.0 - down), 11.0), []
    for count in (500, 5):  # also where they are too many
        found, spacing = hatch_lines(tone, np.zeros_like(tone), hatch, count, torch.Generator().manual_seed(0), lattice)
        assert spacing == 11.0 and len(found) <= count
        lines = found or lines
    assert len(lines) > 10
    normal = np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    rows = np.array([(line.row.mean(0) - lattice.origin) @ normal for line in lines]) / 11.0
    assert np.allclose(rows, np.round(rows), atol=0.01)


def test_lines_stay_within_the_shadow():
    lines, _ = hatched(box())
    assert len(lines) > 15
    points = np.concatenate([line.row for line in lines])
    assert points.min(0)[0] > 100 - 4
    assert points.max(0)[0] < 300 + 4
    assert points[:, 1].min() > 75 - 4
    assert points[:, 1].max() < 225 + 4


def test_white_paper_stays_white():
    assert hatched(NOTHING)[0] == []
    assert hatched(box(0.3), lightest=0.35)[0] == []


def test_there_are_no_crumbs():
    tone = (np.random.default_rng(0).random(SHAPE) > 0.7).astype(np.float32)
    assert hatched(tone)[0] == []
    lines, spacing = hatched(box())
    assert min(np.linalg.norm(line.row[-1] - line.row[0]) for line in lines) > 1.8 * spacing


def test_short_gaps_in_a_shadow_are_passed_over_and_wide_ones_are_not():
    for gap, pieces in ((6, 1), (60, 2)):
        tone = box()
        tone[:, 200 : 200 + gap] = 0
        lines, _ = hatched(tone, angles=(0.0,))
        heights = [round(line.row[0, 1]) for line in lines]
        assert max(heights.count(height) for height in heights) == pieces


def test_darker_places_get_more_layers_of_other_angles():
    tone = box(0.5)
    tone[75:225, 200:300] = 0.95
    lines, _ = hatched(tone, angles=(0.0, 90.0), levels=2, lightest=0.3)
    crossing = [line for line in lines if line.level == 1]
    assert {line.level for line in lines} == {0, 1}
    assert all(line.row[:, 0].min() > 195 for line in crossing)
    assert np.allclose(directions(crossing), 90, atol=0.5)
    assert all(line.floor > 0.5 for line in crossing)


def test_levels_of_one_angle_lie_between_each_other():
    lines, spacing = hatched(box(0.9), angles=(0.0,), levels=2, lightest=0.2)
    heights = np.unique(np.round([line.row[0, 1] for line in lines], 2))
    assert np.allclose(np.diff(heights), spacing / 2, atol=0.05)


def test_fewer_lines_than_wanted_are_laid_farther_apart_over_the_whole_shadow():
    many, spacing = hatched(box())
    few, wider = hatched(box(), count=len(many) // 2)
    assert len(few) <= len(many) // 2
    assert wider > spacing

    def reach(lines):
        return np.ptp(np.concatenate([line.row for line in lines]), axis=0)

    assert np.all(reach(few) > 0.85 * reach(many))


def test_the_first_lines_are_spread_over_the_shadow():
    lines, _ = hatched(box(), angles=(0.0,))
    heights = np.array([line.row[0, 1] for line in lines])
    assert np.ptp(heights[:4]) > 0.4 * np.ptp(heights)


def test_lines_keep_away_from_contours():
    drawn = NOTHING.copy()
    drawn[:, 200] = 1
    lines, _ = hatched(box(), drawn=drawn, angles=(0.0,), margin=0.02)
    points = np.concatenate([line.row for line in lines])
    assert np.abs(points[:, 0] - 200).min() >= 0.02 * 400 - 2


def test_long_lines_are_broken():
    lines, _ = hatched(box(), angles=(0.0,), longest=0.15)
    lengths = [np.ptp(line.row[:, 0]) for line in lines]
    assert max(lengths) <= 1.35 * 0.15 * 400
    assert np.mean(lengths) > 0.3 * 0.15 * 400


def ball():
    """A shaded ball of radius 110: light above left, dark below right."""
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]].astype(float)
    nx, ny = (x - 200) / 110, (y - 150) / 110
    inside = nx**2 + ny**2 < 1
    nz = np.sqrt(np.clip(1 - nx**2 - ny**2, 0, 1))
    light = np.clip(-0.5 * nx - 0.5 * ny + 0.7 * nz, 0, 1)
    return np.where(inside, 1 - light, 0).astype(np.float32)


def bend(lines):
    """How far lines stray from straight, px, the median."""
    strays = []
    for line in lines:
        way = line.row[-1] - line.row[0]
        normal = np.array([-way[1], way[0]]) / np.linalg.norm(way)
        strays.append(np.abs((line.row - line.row[0]) @ normal).max())
    return float(np.median(strays))


def test_lines_follow_the_form_without_crossing():
    straight, _ = hatched(ball(), angles=(0.0,), lightest=0.1)
    bent, _ = hatched(ball(), angles=(0.0,), lightest=0.1, form=1.0)
    assert bend(straight) < 0.01
    assert bend(bent) > 2
    whole = {}
    for line in bent:  # parts of one line lie on one height at the canvas' border, so compare neighbors where they overlap
        for x, y in line.row:
            whole.setdefault(round(x / 3), []).append(y)
    for heights in whole.values():
        assert np.diff(np.sort(heights)).min(initial=99) > 1.0


def test_same_generator_same_lines():
    one, other = hatched(ball(), seed=4)[0], hatched(ball(), seed=4)[0]
    assert all(np.array_equal(a.row, b.row) for a, b in zip(one, other, strict=True))
    assert any(a.row.shape != b.row.shape for a, b in zip(one, hatched(ball(), seed=5)[0], strict=False))


def test_hatching_of_no_strength_is_none():
    assert Hatch(share=0.6).at(0.0).share == 0
    assert Hatch(share=0.6).at(1.0) == Hatch(share=0.6)
