import pytest
import torch

from backend.core.strokes import Strokes
from backend.parameterize.touch import TouchedStrokes, TouchSettings

LINES = [torch.tensor([[0, y], [10, y], [20, y], [30, y]], dtype=torch.float32) for y in (5.0, 15.0)]


def strokes(knots=1, opacity=0.5):
    built = Strokes.build(LINES, 3.0)
    built.opacities[:] = opacity
    return Strokes(built.points, built.segments, built.closed, built.widths.repeat(1, knots), built.colors, built.opacities)


@pytest.mark.parametrize("knots", [1, 2, 9])
def test_it_begins_as_the_strokes_were(knots):
    start = strokes(knots)
    begun = TouchedStrokes(start).strokes()
    assert torch.equal(begun.widths, start.widths)
    assert torch.equal(begun.opacities, start.opacities)
    assert begun.points is start.points


@pytest.mark.parametrize("far", [-50.0, 50.0])
def test_it_stays_within_its_bounds(far):
    touched = TouchedStrokes(strokes(9), TouchSettings(most=1.5))
    for parameter in touched.parameters:
        parameter.data.fill_(far)
    drawn, factor = touched.strokes(), 1.5 if far > 0 else 1 / 1.5
    assert torch.allclose(drawn.widths, torch.full_like(drawn.widths, 3 * factor))
    assert torch.allclose(drawn.opacities, torch.full_like(drawn.opacities, 0.5 * factor))


def test_opacities_never_exceed_one():
    touched = TouchedStrokes(strokes(opacity=0.9))
    touched.parameters[1].data.fill_(9.0)
    assert touched.strokes().opacities.tolist() == [1, 1]


@pytest.mark.parametrize("far", [-9.0, 9.0])
def test_opaque_ink_stays_opaque(far):
    touched = TouchedStrokes(strokes(opacity=1.0))
    touched.parameters[1].data.fill_(far)
    assert touched.strokes().opacities.tolist() == [1, 1]


def test_each_stroke_has_its_own_touch():
    touched = TouchedStrokes(strokes(9))
    touched.strokes().widths[0].sum().backward()
    assert (touched.parameters[0].grad[0] > 0).all()
    assert (touched.parameters[0].grad[1] == 0).all()
