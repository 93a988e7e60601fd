import numpy as np
import pytest

from backend.core.drawing import StrokeNote
from backend.core.moving import MovingDrawing, MovingStroke

NOTE = StrokeNote("contour", "object", 1.0)
LINE = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.0, 0.0]])


def stroke(name, first, opacities, speed=2.0):
    points = np.stack([LINE + np.array([speed * k, 0]) for k in range(len(opacities))])
    return MovingStroke(name, first, points, np.array(opacities, float), False, (1.0, 3.0), (0.0, 0.0, 0.0), NOTE)


def drawing(*strokes, frames=5, rate=10.0):
    return MovingDrawing((40, 60), frames, rate, (0,), strokes)


def test_at_a_frame_strokes_are_where_they_are_there():
    moving = drawing(stroke(0, 0, [1] * 5), stroke(1, 2, [0.5, 0.5, 0.5]))
    [layer] = moving.at(3).layers
    assert layer.strokes.points[:, 0, 0].tolist() == [6.0, 2.0]
    assert layer.strokes.opacities.tolist() == [1.0, 0.5]
    assert layer.strokes.widths.tolist() == [[1.0, 3.0]] * 2
    assert [s.id for s in moving.seen_at(1)] == [0]


@pytest.mark.parametrize("time", [0.5, 1.25, 3.75])
def test_between_frames_even_motion_stays_even(time):
    [layer] = drawing(stroke(0, 0, [1] * 5)).at(time).layers
    assert layer.strokes.points[0, 0, 0].item() == pytest.approx(2 * time, abs=0.15)


def test_between_frames_the_way_bends():
    points = np.stack([LINE + np.array([0, k * k]) for k in range(4)])
    bent = MovingStroke(0, 0, points, np.ones(4), False, (1.0,), (0.0, 0.0, 0.0), NOTE)
    assert bent.points_at(1.5)[0, 1] == pytest.approx(2.25)  # straight, it would be 2.5


def test_a_stroke_fades_between_frames_and_is_gone_after_its_last():
    fading = stroke(0, 1, [1.0, 0.0])
    assert [fading.opacity_at(time) for time in (0.9, 1, 1.5, 2, 3)] == [0, 1, 0.5, 0, 0]


def test_a_picture_without_strokes_is_drawn_too():
    [layer] = drawing(stroke(0, 3, [1, 1])).at(0).layers
    assert len(layer.strokes) == 0


@pytest.mark.parametrize(("rate", "count", "second"), [(10, 5, 1.0), (20, 10, 0.5), (4, 2, 2.5), (0.1, 1, None)])
def test_there_are_as_many_pictures_as_the_rate_asks_for(rate, count, second):
    times = drawing(stroke(0, 0, [1] * 5)).times(rate)
    assert len(times) == count and times[0] == 0
    assert second is None or times[1] == second
    assert max(times) < 5
