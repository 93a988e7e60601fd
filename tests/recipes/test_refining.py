from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch

from backend.core.bezier import sample
from backend.core.doubling import doubled_share
from backend.core.strokes import Strokes
from backend.initialize.meet import met
from backend.initialize.streamlines import Trace
from backend.initialize.trace import Lines, TracedStart
from backend.recipes.refining import DOUBLES, NO_NEARER, RefiningSettings, better, off_lines, refined, undoubled
from backend.recipes.region import Region, RegionSettings, trace_region
from backend.recipes.steering import Steering
from tests.pictures import along, ridge_field, tensor
from tests.pools import bare_pool

SIZE = (160, 200)
PEN = RefiningSettings(pen=0.015)  # on so small a canvas
POOL = bare_pool()
WHITE = torch.ones(3)


def curve(*ends):
    start, end = (torch.tensor(point, dtype=torch.float32) for point in ends)
    return start + torch.linspace(0, 1, 4)[:, None] * (end - start)


def start_on(*rows, curves=(), enlarged=None):
    """A traced start of these lines, whose strokes are curves."""
    lines = [Trace(row, np.ones(len(row))) for row in rows]
    count = len(curves)
    field = Lines(*ridge_field(SIZE, *rows), np.zeros(SIZE, np.float32))
    return TracedStart(
        list(curves), [False] * count, ["contour"] * count, [1.0] * count, enlarged or [1.0] * count, lines, field
    )


def level(*rows):
    """Lines from left to right at y = rows."""
    return [along((20, y), (180, y)) for y in rows]


def strokes_of(start, width=3.0):
    return Strokes.build(start.curves, width, closed=start.closed)


def fitted(start, steps=30, settings=PEN, strokes=None):
    strokes = strokes or strokes_of(start)
    *_, last = refined(start, strokes, SIZE, WHITE, steps, Steering(), POOL, settings)
    return last


def lengths(strokes):
    dense = sample(strokes.points.double(), strokes.segments, 300)[0]
    return (dense[:, 1:] - dense[:, :-1]).norm(dim=-1).sum(1)


def test_a_stroke_beside_its_line_is_put_on_it():
    start = start_on(*level(80), curves=[curve((20.5, 82.0), (180.5, 83.0))])
    after = fitted(start).strokes
    assert off_lines(strokes_of(start), start, SIZE, RefiningSettings()) > 1.5
    assert off_lines(after, start, SIZE, RefiningSettings()) < 0.6
    assert (after.points[0, :, 1] - 80.5).abs().max() < 0.8


def test_every_term_of_the_issue_has_a_say():
    start = start_on(*level(80, 100), curves=[curve((20, 80), (180, 83)), curve((20, 100), (180, 100))])
    assert set(fitted(start, 1).losses) == {"ink", "bending", "along", "apart", "ends"}


def test_strokes_keep_their_widths_and_no_point_goes_far():
    start = start_on(*level(80), curves=[curve((20, 84), (180, 85))])
    wide = strokes_of(start, 20.0)
    after = fitted(start, strokes=wide).strokes
    assert torch.equal(after.widths, wide.widths)
    assert 0.5 < float((after.points - wide.points).norm(dim=-1).max()) <= 3.0 + 1e-4


def test_a_stroke_seen_from_close_by_moves_less_far():
    curves = [curve((20, 84), (180, 86))]
    ways = []
    for enlarged in (1.0, 4.0):
        start = start_on(*level(80), curves=curves, enlarged=[enlarged])
        ways.append(float((fitted(start).strokes.points - strokes_of(start).points).norm(dim=-1).max()))
    assert ways[1] <= 3.0 / 4 + 1e-4 < ways[0]


def test_a_small_stroke_keeps_its_form():
    start = start_on(*level(80), curves=[curve((20, 82), (40, 83)), curve((60, 82), (180, 83))])
    away = (fitted(start).strokes.points - strokes_of(start).points).norm(dim=-1).amax(1)
    assert away[0] <= 0.03 * 20.03 < 1.0 < away[1]


def test_strokes_on_neighboring_lines_push_each_other_apart():
    start = start_on(*level(80, 83), curves=[curve((20.5, 80.5), (180.5, 80.5)), curve((20.5, 83.5), (180.5, 83.5))])

    def gap(settings):
        points = fitted(start, settings=settings).strokes.points
        return float((points[1] - points[0])[:, 1].min())

    assert gap(PEN) > 4.0
    assert gap(replace(PEN, apart=0.0)) < 3.3


def test_a_stroke_is_turned_as_its_line_runs():
    start = start_on(along((20, 80), (60, 80)), curves=[curve((24.5, 81.5), (56.5, 79.5))])

    def slope(strokes):
        return abs(float(strokes.points[0, -1, 1] - strokes.points[0, 0, 1]))

    assert slope(fitted(start).strokes) < 0.3 * slope(strokes_of(start))


def test_ends_that_met_stay_together():
    start = start_on(
        along((20, 78), (100, 78)), along((103, 20), (103, 140)),
        curves=[curve((20.5, 80.5), (100.5, 80.5)), curve((100.5, 20.5), (100.5, 140.5))],
    )  # fmt: skip
    after = fitted(start).strokes
    across = after.points[1, 0, 0] + 60 / 120 * (after.points[1, 3, 0] - after.points[1, 0, 0])
    assert abs(float(after.points[0, 3, 0] - across)) < 1.0
    assert float(across) > 101.5


def test_no_steps_are_no_work():
    start = start_on(*level(80), curves=[curve((20, 80), (180, 80))])
    assert list(refined(start, strokes_of(start), SIZE, WHITE, 0, Steering(), POOL)) == []


def kept(before, after, start):
    strokes, notes = better(before, after, start, SIZE)
    assert strokes is before or torch.equal(strokes.points, after.points)
    return strokes is not before, notes


def test_strokes_nearer_to_their_lines_are_kept():
    start = start_on(*level(80), curves=[curve((20, 83), (180, 83))])
    before = strokes_of(start)
    assert kept(before, before.with_points(before.points - torch.tensor([0.0, 2.0])), start) == (True, ())


def test_strokes_farther_from_their_lines_are_not():
    start = start_on(*level(80), curves=[curve((20, 81), (180, 81))])
    before = strokes_of(start)
    assert kept(before, before.with_points(before.points + torch.tensor([0.0, 1.0])), start) == (False, (NO_NEARER,))


@pytest.mark.parametrize("part", [0.8, 0.97])
def test_strokes_that_became_shorter_are_not(part):
    """Not even if what is left lies on the lines."""
    start = start_on(*level(80), curves=[curve((20, 82), (180, 82))])
    shorter = Strokes.build([curve((20, 80.5), (20 + 160 * part, 80.5))], 3.0)
    assert kept(strokes_of(start), shorter, start) == (False, (NO_NEARER,))


def test_one_stroke_must_not_vanish_among_long_ones():
    curves = [curve((20, y), (180, y)) for y in (22, 62, 102)] + [curve((20, 142), (40, 142))]
    start = start_on(*level(20, 60, 100), along((20, 140), (40, 140)), curves=curves)
    points = strokes_of(start).points - torch.tensor([0.0, 1.5])
    assert kept(strokes_of(start), strokes_of(start).with_points(points), start) == (True, ())
    points[3] = curve((20, 140.5), (35, 140.5))
    assert kept(strokes_of(start), strokes_of(start).with_points(points), start) == (False, (NO_NEARER,))


def test_strokes_that_double_lines_are_not_kept():
    start = start_on(*level(80), curves=[curve((20, 77), (180, 77)), curve((20, 84), (180, 84))])
    after = Strokes.build([curve((20, 80), (180, 80)), curve((20, 81), (180, 81))], 3.0)
    assert kept(strokes_of(start), after, start) == (False, (DOUBLES,))
    assert undoubled(strokes_of(start), after)[1] == (DOUBLES,)
    assert undoubled(strokes_of(start), after, most=1.0)[1] == ()


def test_without_strokes_there_is_nothing_to_keep():
    start = start_on(*level(80))
    assert better(strokes_of(start), strokes_of(start), start, SIZE)[1] == ()


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_photographs_gain_by_it(name):
    """Nearer to the lines, nothing doubled that was not, nothing shorter."""
    settings = RegionSettings().at_fidelity(0.5)
    pixels = tensor(getattr(skimage.data, name)())
    region = Region.framed("picture", pixels, torch.ones_like(pixels[:, :1]), settings)
    start, canvas = trace_region(region, 32, settings), region.framing.canvas
    curves = met(start.curves, start.closed, start.enlarged, max(canvas))
    before = Strokes.build(curves, 0.0052 * max(canvas), closed=start.closed)
    *_, last = refined(start, before, canvas, WHITE, settings.steps, Steering(), POOL)
    after = last.strokes
    assert better(before, after, start, canvas)[1] == ()
    assert off_lines(after, start, canvas, RefiningSettings()) < off_lines(before, start, canvas, RefiningSettings()) - 0.02
    assert doubled_share(after) <= doubled_share(before) + 0.003
    share = lengths(after) / lengths(before)
    assert share.mean() > 0.99
    assert share.min() > 0.9
