import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.initialize.meet import met

SIDE = 900  # an end reaches 9.9 px


def line(start, end):
    share = torch.linspace(0, 1, 4)[:, None]
    return torch.tensor(start, dtype=torch.float32) + share * (torch.tensor(end, dtype=torch.float32) - torch.tensor(start))


def brought(*lines, enlarged=1.0, closed=False):
    curves = [line(*ends) for ends in lines]
    return met(curves, [closed] * len(curves), [enlarged] * len(curves), SIDE)


def unmoved(*lines, **options):
    return all(torch.equal(a, line(*b)) for a, b in zip(brought(*lines, **options), lines, strict=True))


WALL = ((100.0, 0.0), (100.0, 200.0))


@pytest.mark.parametrize("gap", [1.0, 4.0, 9.0])
def test_a_stroke_that_runs_up_to_another_ends_on_it(gap):
    one, wall = brought(((20.0, 90.0), (100.0 - gap, 90.0)), WALL)
    assert torch.equal(wall, line(*WALL))
    assert one[3].tolist() == pytest.approx([100.0, 90.0], abs=0.6)
    assert one[0].tolist() == [20.0, 90.0]
    assert one[:, 1].tolist() == pytest.approx([90.0] * 4, abs=0.6)


def test_the_first_end_is_an_end_too():
    one, _wall = brought(((95.0, 90.0), (20.0, 90.0)), WALL)
    assert one[0].tolist() == pytest.approx([100.0, 90.0], abs=0.6)
    assert one[3].tolist() == [20.0, 90.0]


def test_farther_away_they_stay_apart():
    assert unmoved(((20.0, 90.0), (88.0, 90.0)), WALL)


def test_a_stroke_seen_from_close_by_reaches_less_far():
    assert unmoved(((20.0, 90.0), (95.0, 90.0)), WALL, enlarged=3.0)
    assert not unmoved(((20.0, 90.0), (97.5, 90.0)), WALL, enlarged=3.0)


def test_a_stroke_that_runs_beside_another_goes_on_beside_it():
    assert unmoved(((94.0, 10.0), (95.0, 90.0)), WALL)
    assert unmoved(((94.0, 10.0), (95.5, 198.0)), WALL)


def test_what_lies_behind_an_end_is_not_met():
    assert unmoved(((105.0, 90.0), (180.0, 90.0)), ((110.0, 0.0), (110.0, 80.0)))


def test_what_meets_already_stays():
    assert unmoved(((20.0, 90.0), (100.0, 90.0)), WALL)


def test_two_ends_make_a_corner_where_their_directions_cross():
    level, upright = brought(((20.0, 90.0), (95.0, 90.0)), ((100.0, 94.0), (100.0, 180.0)))
    assert level[3].tolist() == pytest.approx([100.0, 90.0], abs=1e-3)
    assert upright[0].tolist() == level[3].tolist()
    assert upright[:, 0].tolist() == pytest.approx([100.0] * 4, abs=0.1)


def test_a_corner_that_was_crossed_is_shortened_to_it():
    level, upright = brought(((20.0, 90.0), (103.0, 90.0)), ((100.0, 87.0), (100.0, 180.0)))
    assert level[3].tolist() == upright[0].tolist() == pytest.approx([100.0, 90.0], abs=1e-3)


def test_ends_that_face_each_other_meet_halfway():
    left, right = brought(((20.0, 90.0), (95.0, 90.0)), ((101.0, 90.5), (180.0, 90.5)))
    assert left[3].tolist() == right[0].tolist() == pytest.approx([98.0, 90.25], abs=1e-3)


def test_lines_side_by_side_are_not_bent_towards_each_other():
    assert unmoved(((20.0, 90.0), (95.0, 90.0)), ((98.0, 93.0), (180.0, 93.0)))
    assert unmoved(((20.0, 90.0), (97.0, 90.0)), ((95.0, 93.0), (180.0, 93.0)))
    assert unmoved(((20.0, 90.0), (95.0, 90.0)), ((101.0, 94.0), (101.0, 180.0)), enlarged=2.2)


def test_each_end_meets_one_other_the_nearest():
    first, second, third = brought(
        ((20.0, 90.0), (97.0, 90.0)), ((100.0, 92.0), (100.0, 180.0)), ((102.0, 86.0), (160.0, 20.0))
    )
    assert first[3].tolist() == second[0].tolist()
    assert third[0].tolist() != first[3].tolist()


def test_a_crumb_is_not_stretched():
    assert unmoved(((84.0, 90.0), (94.0, 90.0)), WALL)


def test_closed_strokes_have_no_ends():
    assert unmoved(((20.0, 90.0), (95.0, 90.0)), WALL, closed=True)


def test_a_curve_runs_on_as_it_bent_and_its_other_segments_stay():
    angle = np.linspace(np.pi, 1.6 * np.pi, 3)
    arc = torch.tensor(np.stack([100 + 60 * np.cos(angle), 160 + 60 * np.sin(angle)], 1))
    handle = 60 * 4 / 3 * np.tan(0.3 * np.pi / 4)
    tangent = torch.tensor(np.stack([-np.sin(angle), np.cos(angle)], 1)) * handle
    curve = torch.cat([torch.stack([a, a + s, b - t]) for a, b, s, t in zip(arc, arc[1:], tangent, tangent[1:], strict=False)])
    curve = torch.cat([curve, arc[-1:]])
    wall = torch.stack([torch.tensor([125.0, 60.0 + 80 * k / 3], dtype=torch.float64) for k in range(4)])
    longer, _wall = met([curve, wall], [False, False], [1.0, 1.0], SIDE)
    assert torch.equal(longer[:4], curve[:4])
    assert longer[-1, 0] == pytest.approx(125.0, abs=1e-3)
    points = sample(longer[None], torch.tensor([2]), 100)[0][0].numpy()
    away = np.linalg.norm(points - (100, 160), axis=1)
    assert np.abs(away - 60).max() < 1.5


@pytest.mark.parametrize("count", [0, 1])
def test_few_strokes_have_nobody_to_meet(count):
    assert unmoved(*[((20.0, 90.0), (95.0, 90.0))] * count)


def test_strokes_of_no_length_do_no_harm():
    dot = ((99.0, 90.0), (99.0, 90.0))
    assert unmoved(dot, dot, WALL)
    assert all(bool(torch.isfinite(curve).all()) for curve in brought(((20.0, 90.0), (95.0, 90.0)), dot))


def test_nothing_meets_nothing():
    assert met([], [], [], SIDE) == []


def test_many_strokes_meet_as_each_two_would_alone():
    apart = [(300.0 * column, 40.0 * row) for row in range(30) for column in range(3)]
    pairs = [(((x, y), (x + 60.0, y)), ((x + 66.0, y - 15.0), (x + 66.0, y + 15.0))) for x, y in apart]
    together = brought(*(ends for pair in pairs for ends in pair))
    alone = [curve for pair in pairs for curve in brought(*pair)]
    assert all(torch.equal(a, b) for a, b in zip(together, alone, strict=True))
    assert together[0][3].tolist() == pytest.approx([66.0, 0.0], abs=0.6)
