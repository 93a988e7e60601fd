import numpy as np
import pytest

from backend.initialize.outlines import Outline, OutlineSettings, cleared, enclosed_by, less_beside, traced_outline
from backend.initialize.trace import Lines, traced_start

HEIGHT, WIDTH = 200, 300


def field(x, strength=1.0):
    """An upright line at x."""
    columns = np.arange(WIDTH)
    profile = strength * np.exp(-0.5 * ((columns - x) / 1.5) ** 2)
    return np.repeat(profile[None], HEIGHT, axis=0).astype(np.float32)


def upright(x, told=1.0):
    rows = np.stack([np.full(120, float(x)), np.linspace(40, 159, 120)], 1)
    return Outline(rows, np.full(120, told))


@pytest.mark.parametrize("away", [-4, 0, 3])
def test_an_outline_is_drawn_to_the_edge_beside_it(away):
    trace = traced_outline(upright(150 + away), field(150), OutlineSettings())
    assert np.abs(trace.row[:, 0] - 150).max() < 0.5
    assert np.array_equal(trace.row[:, 1], upright(150).row[:, 1])


def test_an_edge_out_of_reach_does_not_move_it():
    trace = traced_outline(upright(120), field(150), OutlineSettings())
    assert np.abs(trace.row[:, 0] - 120).max() < 0.1


def test_it_is_as_strong_as_the_picture_tells_it():
    settings = OutlineSettings()
    assert traced_outline(upright(150, 0.0), field(150), settings).strength == pytest.approx(settings.least)
    assert traced_outline(upright(150, 1.0), field(150), settings).strength == pytest.approx(1.0)


def test_nothing_else_is_traced_beside_it():
    strength = field(150)
    left = less_beside(strength, [traced_outline(upright(150), strength, OutlineSettings())], 4)
    assert left[100].max() < 0.05 and left[10].max() > 0.9


def test_what_it_encloses():
    around = Outline(np.array([[100.0, 100], [100, 20], [200, 20], [200, 100]]), np.ones(4))
    inside = enclosed_by([around], (HEIGHT, WIDTH))
    assert (inside[60, 150], inside[150, 150], inside[60, 250]) == (1, 0, 0)


def test_a_known_outline_is_one_stroke_and_comes_first():
    strength = np.maximum(field(150, 0.5), field(40, 0.6))
    ones, zeros = np.ones_like(strength), np.zeros_like(strength)
    lines, worth = Lines(strength, zeros, ones, zeros), ones
    start = traced_start(lines, worth, 8, outlines=[upright(152)])
    first = start.curves[0].numpy()
    assert np.abs(first[:, 0] - 150.5).max() < 1.5 and 35 < first[:, 1].min() < 50 and 150 < first[:, 1].max() < 165
    beside = [curve for curve in start.curves[1:] if np.abs(curve[:, 0].numpy() - 150).max() < 8]
    assert all(curve[:, 1].max() < 45 or curve[:, 1].min() > 154 for curve in beside)  # above and below it only


def ring(radius: float = 20.0, **more) -> Outline:
    angles = np.linspace(0, 2 * np.pi, 80)
    row = np.array([100.0, 90.0]) + radius * np.stack([np.cos(angles), np.sin(angles)], 1)
    row[-1] = row[0]
    return Outline(row, np.ones(80), closed=True, **more)


def test_a_closed_outline_lies_where_it_should():
    trace = traced_outline(ring(), field(150), OutlineSettings())
    assert trace.closed
    assert np.array_equal(trace.row, ring().row)


def test_a_closed_outline_encloses_nothing_that_is_worth_more():
    assert enclosed_by([ring()], (200, 200)).max() == 0


def test_nothing_else_is_drawn_within_a_closed_outline_and_around_it():
    worth = np.ones((200, 200), np.float32)
    left = cleared(worth, [ring(clear=(0.0, 1.5))])
    assert left[90, 100] == 0 and left[90, 127] == 0 and left[90, 134] == 1
    band = cleared(worth, [ring(clear=(0.5, 1.5))])
    assert band[90, 100] == 1 and band[90, 120] == 0 and band[90, 134] == 1
    assert cleared(worth, [upright(150)]).min() == 1


def test_a_close_up_is_cleared_in_its_own_pixels():
    left = cleared(np.ones((160, 160), np.float32), [ring(clear=(0.0, 1.0))], origin=(80.0, 70.0), scale=2.0)
    assert left[40, 40] == 0 and left[40, 78] == 0 and left[40, 86] == 1


def test_a_feature_lies_where_it_should_and_encloses_nothing():
    lid = Outline(np.stack([np.linspace(140, 160, 30), np.full(30, 100.0)], 1), np.ones(30), feature=True)
    trace = traced_outline(lid, field(150), OutlineSettings())
    assert np.array_equal(trace.row, lid.row) and not trace.closed
    assert enclosed_by([lid], (HEIGHT, WIDTH)).max() == 0


def test_no_ellipse_is_made_of_what_is_around_one_of_a_pair_of_rings():
    angles = np.linspace(0, 2 * np.pi, 60)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    away = np.hypot(x - 150, y - 100)
    strength = np.exp(-0.5 * ((away - 40) / 1.5) ** 2).astype(np.float32)
    lines = Lines(strength, -(y - 100) / np.maximum(away, 1), (x - 150) / np.maximum(away, 1), np.zeros_like(strength))
    ring = np.array([150.0, 100.0]) + 6 * np.stack([np.cos(angles), np.sin(angles)], 1)

    def rounds(pair):
        outline = Outline(ring, np.ones(60), closed=True, pair=pair)
        return [line for line in traced_start(lines, np.ones_like(strength), 8, outlines=[outline]).lines if line.even]

    assert rounds(None) and not rounds(0)
