import cv2
import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.initialize.ellipses import EllipseSettings, _brought, find_ellipses, with_ellipses, worth_of_each
from backend.initialize.link import link_traces
from backend.initialize.streamlines import Trace, trace_lines
from backend.initialize.trace import Lines, traced_start
from backend.perception.line_field import line_field
from tests.pictures import tensor

SIDE = 320
SETTINGS = EllipseSettings()


def paper():
    return np.full((SIDE, SIDE), 0.9, np.float32)


def filled(picture, middle, axes, degrees=0.0, value=0.3):
    """An ellipse with whole axes, antialiased."""
    large = cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    box = (tuple(4 * v for v in middle), tuple(4 * v for v in axes), degrees)
    cv2.ellipse(large, box, value, -1)
    return cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def seen(picture):
    """Its traces, and its field as three maps."""
    field = line_field(tensor(255 * picture))
    maps = field.strength, field.tangent_x, field.tangent_y
    return link_traces(trace_lines(*maps)), maps


def found(picture):
    traces, maps = seen(picture)
    return find_ellipses(traces, np.dstack(maps))


@pytest.mark.parametrize(
    ("axes", "degrees"), [((16, 16), 0), ((24, 30), 20), ((120, 120), 0), ((90, 220), 65), ((150, 80), 10)]
)
def test_an_ellipse_is_found_where_it_is(axes, degrees):
    [(middle, size, _angle)] = found(filled(paper(), (160, 150), axes, degrees))
    assert np.allclose(middle, (159.5, 149.5), atol=1.5)
    assert np.allclose(sorted(size), sorted(axes), atol=3.0)


def test_rings_around_each_other_are_two():
    wheel = filled(filled(paper(), (160, 160), (220, 220)), (160, 160), (150, 150), value=0.8)
    assert sorted(round(max(axes), -1) for _, axes, _ in found(wheel)) == [150, 220]


def polygon(*points):
    picture = paper()
    cv2.fillPoly(picture, [np.array(points, np.int32)], 0.3, cv2.LINE_AA)
    return cv2.GaussianBlur(picture, (0, 0), 0.7)


def leaf():
    angle = np.linspace(-1.1, 1.1, 60)
    side = np.stack([160 * np.cos(angle) - 72, 160 * np.sin(angle)], 1)
    return polygon(*(np.concatenate([side, -side]) + 160))


def star():
    angle, reach = np.arange(10) * np.pi / 5, np.tile([110, 55], 5)
    return polygon(*np.stack([160 + reach * np.cos(angle), 160 + reach * np.sin(angle)], 1))


def noise():
    return np.random.default_rng(3).random((SIDE, SIDE)).astype(np.float32)


@pytest.mark.parametrize("picture", [
    polygon((60, 60), (260, 60), (260, 260), (60, 260)), leaf(), star(), noise(), paper(),
], ids=["square", "leaf", "star", "noise", "nothing"])  # fmt: skip
def test_other_shapes_are_none(picture):
    assert not found(picture)


def test_what_stands_before_an_ellipse_is_not_drawn_through():
    picture = filled(paper(), (160, 160), (240, 240))
    picture[:100, 115:205] = 0.9
    traces, maps = seen(picture)
    drawn, _left = with_ellipses(traces, *maps)
    assert len(drawn) == 1 and not drawn[0].closed
    angles = np.degrees(np.arctan2(*(drawn[0].row - 159.5).T[::-1]))
    hidden = np.degrees(np.arcsin(45 / 120))
    assert np.abs(angles + 90).min() > hidden - 4
    assert drawn[0].length > 0.95 * 240 * np.pi * (1 - 2 * hidden / 360)


def test_small_gaps_are_closed():
    picture = filled(paper(), (160, 160), (240, 240))
    picture[:60, 150:170] = 0.9
    traces, maps = seen(picture)
    [ring], left = with_ellipses(traces, *maps)
    assert ring.closed and np.array_equal(ring.row[0], ring.row[-1])
    assert np.abs(np.linalg.norm(ring.row - 159.5, axis=1) - 120).max() < 2.0
    assert sum(trace.length for trace in left) < 80  # the notch, and nothing of the ring twice


def test_lines_that_cross_it_or_go_on_from_it_stay():
    picture = filled(paper(), (160, 160), (140, 140))
    picture[158:161, :] = 0.1  # across
    traces, maps = seen(picture)
    _drawn, left = with_ellipses(traces, *maps)
    ends = np.concatenate([trace.row[[0, -1], 0] for trace in left])
    assert ends.min() < 20 and ends.max() > 300


def test_without_ellipses_the_lines_are_the_same():
    traces, maps = seen(star())
    drawn, left = with_ellipses(traces, *maps)
    assert not drawn and left == traces


def test_it_is_one_even_closed_stroke_and_comes_before_its_like():
    picture = filled(paper(), (220, 80), (60, 60))
    cv2.polylines(picture, [np.array([(30, 300), (90, 240), (130, 290), (190, 230)], np.int32)], False, 0.3, 2, cv2.LINE_AA)
    field = line_field(tensor(255 * picture))
    lines = Lines(field.strength, field.tangent_x, field.tangent_y, field.fine)
    start = traced_start(lines, np.ones((SIDE, SIDE), np.float32), 4)
    assert start.closed[0]
    curve = start.curves[0]
    at = sample(curve[None], torch.tensor([len(curve) // 3]), 400)[0][0].numpy()
    assert np.abs(np.linalg.norm(at - (220, 80), axis=1) - 30).max() < 1.5


def test_many_are_a_pattern():
    assert worth_of_each(1, SETTINGS) == worth_of_each(SETTINGS.few, SETTINGS) == SETTINGS.worth
    assert 1 < worth_of_each(40, SETTINGS) < 1.2


def pear():
    """A round body that passes smoothly into a neck, px."""
    inside = np.zeros((SIDE, SIDE), np.float32)
    cv2.circle(inside, (160, 205), 74, 1, -1)
    cv2.circle(inside, (160, 95), 40, 1, -1)
    inside = cv2.GaussianBlur(inside, (0, 0), 14) > 0.45
    return cv2.GaussianBlur(np.where(inside, 0.3, 0.9).astype(np.float32), (0, 0), 0.7)


@pytest.mark.parametrize(("settings", "apart"), [(SETTINGS, 0.01), (EllipseSettings(meet=0.0), 10.0)])
def test_a_line_that_goes_on_where_a_part_of_an_ellipse_ends_meets_it(settings, apart):
    traces, maps = seen(pear())
    [body], left = with_ellipses(traces, *maps, settings)
    gaps = [min(np.hypot(*(trace.row[at] - end)) for trace in left for at in (0, -1)) for end in body.row[[0, -1]]]
    assert not body.closed
    assert max(gaps) < apart and (min(gaps) > 3 or settings is SETTINGS)


def test_what_ends_beside_an_ellipse_but_runs_another_way_is_not_bent():
    traces, maps = seen(pear())
    [body], _left = with_ellipses(traces, *maps)
    end, onward = body.row[-1], body.row[-1] - body.row[-17]
    across = np.array([onward[1], -onward[0]]) / np.hypot(*onward)
    line = Trace(end + 8 * across + np.arange(40)[:, None] * across, np.ones(40))
    assert np.array_equal(_brought(line, [body], SETTINGS).row, line.row)
