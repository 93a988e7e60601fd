import numpy as np
import pytest
import torch

from backend.guidance.along_lines import AlongLines
from backend.guidance.stroke_places import StrokePlaces
from tests.guidance.lines import seen, shifted, straight

SIZE = (40, 60)
ONE = torch.ones(1, dtype=torch.float64)


def field(angle, strength=1.0):
    """Lines of one direction everywhere, as strong at every place as `strength` says."""
    strong = torch.as_tensor(strength, dtype=torch.float64).expand(SIZE)
    return torch.stack([strong * np.cos(2 * angle), strong * np.sin(2 * angle)])[None]


def ridge(row):
    """A level line, strongest at y = row."""
    y = torch.arange(SIZE[0], dtype=torch.float64)[:, None] + 0.5
    return field(0.0, torch.exp(-0.5 * ((y - row) / 2) ** 2))


def missed(lines, stroke, counts=ONE):
    return float(AlongLines(StrokePlaces(stroke, 4.0), lines, counts)(seen(stroke)))


@pytest.mark.parametrize(("turned", "expected"), [(0.0, 0.0), (np.pi / 4, 0.5), (np.pi / 2, 1.0), (np.pi, 0.0)])
def test_it_is_the_share_that_does_not_run_as_the_lines_do(turned, expected):
    assert missed(field(0.3 + turned), straight(((20, 10), (20 + 20 * np.cos(0.3), 10 + 20 * np.sin(0.3))))) == pytest.approx(
        expected, abs=1e-6
    )


def test_a_stroke_against_its_line_runs_along_it_as_well():
    there, back = straight(((10, 10), (50, 10))), straight(((50, 10), (10, 10)))
    assert missed(field(0.0), there) == pytest.approx(missed(field(0.0), back), abs=1e-9)


def test_directions_do_not_matter_where_no_line_is():
    assert (
        missed(field(0.0, 0.0), straight(((10, 10), (50, 10))))
        == missed(field(1.0, 0.0), straight(((10, 10), (50, 10))))
        == 0.5
    )


def test_a_stroke_is_turned_and_pulled_onto_its_line():
    points = straight(((10, 18), (50, 21))).points.requires_grad_()
    stroke = straight(((10, 18), (50, 21)))
    AlongLines(StrokePlaces(stroke, 2.0), ridge(20.0), ONE)(seen(stroke.with_points(points))).backward()
    left, right = points.grad[0, 0, 1], points.grad[0, 3, 1]
    assert left < 0 < right  # down at its left end, up at its right one


def test_pixels_are_where_the_strokes_have_them():
    assert min(range(35), key=lambda y: missed(ridge(17.5), straight(((10, y + 0.5), (50, y + 0.5))))) == 17


def test_strokes_that_do_not_count_are_not_looked_at():
    pair = straight(((10, 10), (50, 10)), ((10, 5), (10, 35)))
    counts = torch.tensor([1.0, 0.0], dtype=torch.float64)
    term = AlongLines(StrokePlaces(pair, 4.0), field(0.0), counts)
    assert float(term(seen(pair))) == pytest.approx(0, abs=1e-9)
    assert float(term(seen(shifted(pair, 1, 9, 9)))) == pytest.approx(0, abs=1e-9)
    assert missed(field(0.0), pair, torch.zeros(2, dtype=torch.float64)) == 0


def test_a_stroke_that_left_the_canvas_does_no_harm():
    assert 0 <= missed(ridge(20.0), straight(((-30, -30), (90, 70)))) <= 1
