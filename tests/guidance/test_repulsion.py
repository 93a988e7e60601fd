import pytest
import torch

from backend.guidance.repulsion import PushApart
from backend.guidance.stroke_places import StrokePlaces
from backend.guidance.view import Objective
from backend.optimize import Schedule, optimize
from backend.parameterize.direct import DirectStrokes
from tests.guidance.lines import seen, shifted, straight


def pair(gap, slope=0.0):
    """A level stroke, and one `gap` px below it that falls by `slope`."""
    return straight(((10, 30), (90, 30)), ((10, 30 + gap), (90, 30 + gap + 80 * slope)))


def term(start, spacing=4.0, clear=6.0, one=1.0, room=10.0):
    return PushApart(StrokePlaces(start, spacing), start, clear, one, room, reach=3.0)


def pushed(start, **settings):
    return float(term(start, **settings)(seen(start)))


def test_nearer_than_clear_is_pushed_by_the_square_of_what_is_missing():
    assert pushed(pair(4.0)) == pytest.approx(4.0)
    assert pushed(pair(5.0)) == pytest.approx(1.0)
    assert pushed(pair(6.0)) == pytest.approx(0, abs=1e-12)
    assert pushed(pair(9.0)) == 0


@pytest.mark.parametrize("spacing", [2.0, 4.0, 9.0])
def test_distances_do_not_depend_on_where_places_are(spacing):
    crossing = straight(((10, 30), (90, 30)), ((13.3, 33), (93.3, 33)))
    assert pushed(crossing, spacing=spacing) == pytest.approx(9.0, rel=0.12)  # one end of each has nothing beside it


def test_strokes_that_cross_leave_each_other_alone():
    assert pushed(straight(((10, 30), (90, 30)), ((50, 0), (50, 60)))) == 0
    assert pushed(pair(2.0, slope=1.2)) == 0


def test_the_less_parallel_the_less_they_push():
    amounts = [pushed(pair(2.0, slope), room=100.0) for slope in (0.0, 0.02, 0.05)]
    assert amounts == sorted(amounts, reverse=True)
    assert 0 < amounts[-1] < amounts[0]


def test_a_stroke_does_not_push_itself():
    folded = straight(((10, 30), (90, 30)))
    points = torch.cat([folded.points, folded.points.flip(1)[:, 1:] + torch.tensor([0.0, 3.0])], 1)
    one = type(folded)(points, torch.tensor([2]), folded.closed, folded.widths, folded.colors, folded.opacities)
    assert pushed(one) == 0


def test_what_begins_as_one_line_stays_one():
    assert pushed(pair(0.5)) == 0
    assert float(term(pair(0.5))(seen(shifted(pair(0.5), 1, 0, 0.3)))) == 0


def test_they_are_pushed_no_farther_than_there_is_room():
    start = pair(3.0)
    assert pushed(start, room=1.0) == pytest.approx(1.0)
    assert float(term(start, room=1.0)(seen(shifted(start, 1, 0, 1.0)))) == pytest.approx(0, abs=1e-12)


def test_strokes_that_come_near_are_pushed_back_to_their_own_side():
    start = pair(7.0)
    assert pushed(start) == 0
    near, beyond = (float(term(start)(seen(shifted(start, 1, 0, y)))) for y in (-3.0, -8.0))
    assert 0 < near < beyond


def test_a_step_moves_them_apart():
    start = pair(4.0)
    objective = Objective({"apart": term(start)})

    def blank(strokes, size, paper, softness):
        return torch.ones(1, 3, *size)

    *_, last = optimize(DirectStrokes(start), objective, Schedule(20), blank, (60, 100), torch.ones(3))
    gap = (last.strokes.points[1] - last.strokes.points[0])[:, 1]
    assert gap.min() > 5.5
    assert last.losses["apart"] < 0.1


def test_one_stroke_alone_has_nobody_to_push():
    assert pushed(straight(((10, 30), (90, 30)))) == 0


def test_places_may_be_many():
    rows = straight(*[((0, 8 * y), (400, 8 * y)) for y in range(8)])
    assert len(StrokePlaces(rows, 2.0)) > 1024
    assert pushed(rows, spacing=2.0, clear=9.0, room=100.0) == pytest.approx(7 * 2 / 8)
