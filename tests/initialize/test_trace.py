from dataclasses import replace

import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.initialize.attention import Attention, AttentionSettings
from backend.initialize.forms import FormSettings
from backend.initialize.streamlines import Trace
from backend.initialize.trace import Closeup, Lines, TracedStartSettings, far_lines, traced_start
from backend.perception.line_field import line_field
from tests.pictures import along, around, disc, distances, ridge_field, square, tensor

COARSE = np.zeros((160, 160), np.float32)
NONE = Lines(COARSE, COARSE, COARSE, COARSE)
EVERYWHERE = np.ones((160, 160), np.float32)


def lines_of(picture):
    field = line_field(tensor(picture))
    return Lines(field.strength, field.tangent_x, field.tangent_y, field.fine)


def drawn_lines(*rows):
    return Lines(*ridge_field((160, 160), *rows), COARSE)


def on_curve(curve, count=2000):
    points, _tangents = sample(curve[None], torch.tensor([(len(curve) - 1) // 3]), count)
    return points[0].numpy()


@pytest.mark.parametrize(("picture", "outline"), [
    (disc(), around((80.5, 80.5), 50)),
    (square(), along((35, 35), (125, 35), (125, 125), (35, 125), (35, 35))),
], ids=["disc", "square"])  # fmt: skip
def test_the_outline_of_a_shape_is_one_closed_stroke_on_it(picture, outline):
    start = traced_start(lines_of(picture), EVERYWHERE, 8)
    assert len(start.curves) == 1
    assert start.closed == [True]
    assert start.kinds == ["contour"]
    assert torch.equal(start.curves[0][0], start.curves[0][-1])
    drawn = on_curve(start.curves[0])
    away = distances(drawn, outline)
    assert away.max() < 3.5  # at the square's corners, which the field rounds
    assert away.mean() < 1.2
    assert distances(outline, drawn).max() < 3.5


def test_strokes_lie_half_a_pixel_right_of_pixel_indices():
    field = drawn_lines(along((20, 60), (140, 60)))
    [curve] = traced_start(field, EVERYWHERE, 8).curves
    assert np.allclose(curve[:, 1].numpy(), 60.5, atol=0.2)


def test_no_more_strokes_than_asked_for_and_the_same_first_ones():
    rows = [along((20, y), (140, y)) for y in range(20, 150, 20)]
    field = drawn_lines(*rows)
    many, few = (traced_start(field, EVERYWHERE, count) for count in (7, 3))
    assert (len(many.curves), len(few.curves)) == (7, 3)
    assert all(torch.equal(a, b) for a, b in zip(few.curves, many.curves, strict=False))
    assert len(few.lines) == len(many.lines) == 7


def test_a_line_that_is_only_seen_finely_is_a_detail():
    coarse, fine = along((20, 40), (140, 40)), along((20, 120), (120, 120))
    lines = drawn_lines(coarse, fine)
    seen_finely = COARSE.copy()
    seen_finely[80:] = 1
    start = traced_start(Lines(lines.strength, lines.tangent_x, lines.tangent_y, seen_finely), EVERYWHERE, 8)
    assert start.kinds == ["contour", "detail"]
    assert start.curves[1][:, 1].numpy() == pytest.approx(120.5, abs=0.3)


def test_no_line_is_drawn_where_nothing_matters():
    field = drawn_lines(along((20, 40), (140, 40)), along((20, 120), (140, 120)))
    worth = EVERYWHERE.copy()
    worth[80:] = 0
    [curve] = traced_start(field, worth, 8).curves
    assert curve[:, 1].max() < 45


def test_importance_starts_at_one_and_never_rises():
    rows = [along((20, y), (20 + y, y)) for y in range(20, 120, 9)]
    importances = traced_start(drawn_lines(*rows), EVERYWHERE, 20).importances
    assert importances[0] == 1
    assert importances == sorted(importances, reverse=True)
    assert min(importances) >= 0


def test_an_empty_field_starts_nothing():
    start = traced_start(NONE, EVERYWHERE, 8)
    assert (start.curves, start.closed, start.kinds, start.gains, start.lines) == ([], [], [], [], [])
    assert start.importances == []


def test_the_lines_as_ink_are_dark_where_lines_are():
    start = traced_start(drawn_lines(along((20, 40), (140, 40))), EVERYWHERE, 8)
    ink = start.lines_as_ink((160, 160), 3.0)
    assert ink.shape == (1, 1, 160, 160)
    assert float(ink[0, 0, 40, 40:120].min()) > 0.8
    assert not ink[0, 0, 50:].any()
    assert float(ink.max()) <= 1


def test_a_closeups_lines_stand_for_the_canvas_own_where_it_shows_something():
    field = drawn_lines(along((20, 60), (140, 60)), along((20, 120), (140, 120)))
    seen = Lines(*ridge_field((160, 160), along((40, 80), (120, 80))), COARSE)  # at 4 times the size: from 90 to 110 at 120
    worth = np.zeros((160, 160), np.float32)
    worth[40:120] = 1
    start = traced_start(field, EVERYWHERE, 8, closeups=[Closeup(seen, worth, (80.0, 100.0), 4.0)])
    near = [i for i, enlarged in enumerate(start.enlarged) if enlarged == 4]
    [drawn] = [on_curve(start.curves[i]) for i in near]
    assert np.allclose(drawn[:, 1], 120.125, atol=0.1)  # the middle of the close-up's pixel row 80
    assert drawn[:, 0].min() == pytest.approx(90, abs=1.5) and drawn[:, 0].max() == pytest.approx(110, abs=1.5)
    others = np.concatenate(
        [on_curve(curve) for curve, enlarged in zip(start.curves, start.enlarged, strict=True) if enlarged == 1]
    )
    shown = (others[:, 0] > 81) & (others[:, 0] < 119) & (others[:, 1] > 111) & (others[:, 1] < 129)
    assert not shown.any()  # but on both sides of it the canvas' own line goes on
    assert ((others[:, 1] > 115) & (others[:, 0] < 80)).any() and ((others[:, 1] > 115) & (others[:, 0] > 120)).any()


@pytest.mark.parametrize(("strength", "curly", "drawn"), [
    (0.25, True, False), (0.25, False, True), (0.6, True, True),
], ids=["pore", "straight", "strong"])  # fmt: skip
def test_short_weak_curls_are_texture(strength, curly, drawn):
    far = drawn_lines(along((20, 140), (140, 140)))
    angles = np.linspace(0, 4.4, 30)
    short = np.stack([80 + 7 * np.cos(angles), 60 + 7 * np.sin(angles)], 1) if curly else along((80, 45), (80, 75))
    near = drawn_lines(short)
    both = Lines(np.maximum(far.strength, strength * near.strength), *(
        np.where(near.strength > far.strength, getattr(near, name), getattr(far, name)) for name in ("tangent_x", "tangent_y")
    ), COARSE)  # fmt: skip
    assert len(traced_start(both, EVERYWHERE, 8).curves) == (2 if drawn else 1)


def test_flecks_are_left_out_and_forms_are_drawn_where_it_is_not_looked_closely():
    field = drawn_lines(along((20, 40), (140, 40)), along((60, 80), (70, 80)))
    form = Trace(along((20, 120.0), (140, 120)), np.full(121, 0.5))
    nowhere = np.zeros((160, 160), np.float32)
    plain = traced_start(field, EVERYWHERE, 8)
    assert len(plain.curves) == 2
    here = traced_start(field, EVERYWHERE, 8, attention=Attention(nowhere, [form], AttentionSettings(fleck=0.2)))
    heights = sorted(float(curve[:, 1].mean()) for curve in here.curves)
    assert heights == pytest.approx([40.5, 120.5], abs=0.3)
    everywhere = traced_start(field, EVERYWHERE, 8, attention=Attention(EVERYWHERE, (), AttentionSettings(fleck=0.2)))
    assert len(everywhere.curves) == 2


def test_far_lines_lie_on_the_canvas():
    small = Lines(*ridge_field((80, 80), along((10, 30), (70, 30))), COARSE[:80, :80])
    [line] = far_lines(small, EVERYWHERE, 0.5, TracedStartSettings(), FormSettings())
    assert np.allclose(line.row[:, 1], 60.5, atol=0.3)
    assert np.ptp(line.row[:, 0]) == pytest.approx(120, abs=14)


def test_a_picture_of_nothing_but_flecks_is_drawn_even_where_nobody_looks():
    field = drawn_lines(*(along((x, 80), (x + 9, 80)) for x in (20, 60, 100)))
    unseen = Attention(COARSE, settings=AttentionSettings(fleck=0.5))
    assert len(traced_start(field, EVERYWHERE, 8, attention=unseen).curves) == 3


@pytest.mark.parametrize(("count", "drawn"), [(1, 1), (2, 2), (8, 2)])
def test_faint_lines_are_drawn_where_the_others_do_not_suffice(count, drawn):
    strong, faint = along((20, 60), (140, 60)), along((20, 110), (140, 110))
    field = drawn_lines(strong, faint)
    field.strength[90:] *= 0.1  # by which no line starts
    start = traced_start(field, EVERYWHERE, count)
    assert [round(float(curve[0, 1])) for curve in start.curves] == [60, 110][:drawn]
    less = replace(TracedStartSettings(), faint=1.0)
    assert len(traced_start(field, EVERYWHERE, count, less).curves) == 1


def test_the_field_is_told_by_doubled_angles():
    start = traced_start(drawn_lines(along((20, 60), (140, 60)), along((80, 90), (80, 150))), EVERYWHERE, 8)
    doubled = start.doubled_angles()
    assert doubled.shape == (1, 2, 160, 160)
    assert doubled[0, :, 60, 70].tolist() == pytest.approx([1.0, 0.0], abs=1e-3)
    assert doubled[0, :, 120, 80].tolist() == pytest.approx([-1.0, 0.0], abs=1e-3)
    assert float(doubled[0, :, 20, 20].abs().max()) < 1e-3
