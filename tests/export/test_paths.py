import re
from dataclasses import replace

import pytest
import torch

from backend.core.drawing import Drawing, Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.export.paths import drawing_paths, layer_paths, path_data

FRAMING = Framing((100, 200), (150, 150), (20.0, 10.0), 3.0)


def layer(name="object"):
    curves = [torch.tensor([[0.0, 0], [3, 6], [1, 1], [10, 20]]), torch.arange(14.0).reshape(7, 2) / 7]
    strokes = Strokes.build(curves, torch.tensor([6.0, 1.0]), (1.0, 0.5, 0.0), [False, True])
    return Layer(name, FRAMING, strokes, (StrokeNote("contour", "object", 1.0), StrokeNote("detail", "object", 0.123456)))


def test_points_and_widths_are_in_source_px():
    first, _second = layer_paths(layer())
    assert first.points[0] == (20, 10)
    assert first.points[1] == (21, 12)
    assert first.widths == (2,)


def test_a_path_has_no_padding():
    assert [len(path.points) for path in layer_paths(layer())] == [4, 7]


def test_numbers_have_at_most_three_decimals():
    for path in layer_paths(layer()):
        for number in (*(n for point in path.points for n in point), *path.widths, path.opacity):
            assert number == round(number, 3)


def test_what_is_known_about_a_stroke_comes_along():
    first, second = layer_paths(layer(), ranks=(5, 6))
    assert (first.color, first.kind, first.region, first.index) == ("#ff8000", "contour", "object", 5)
    assert (second.closed, second.index, second.importance) == (True, 6, pytest.approx(0.1235))


def test_colors_beyond_the_range_are_cut():
    strokes = Strokes.build([torch.zeros(4, 2)], 1.0, (-0.2, 1.7, 0.5))
    [path] = layer_paths(Layer("x", FRAMING, strokes, (StrokeNote("contour", "x", 1.0),)))
    assert path.color == "#00ff80"


def test_strokes_are_numbered_by_importance_through_all_layers():
    named = drawing_paths(Drawing((100, 200), (layer("background"), layer("object"))))
    assert [name for name, _paths in named] == ["background", "object"]
    assert [path.index for _name, paths in named for path in paths] == [0, 2, 1, 3]


def test_points_that_are_still_optimized_can_be_written():
    start = layer()
    moving = start.strokes.with_points(start.strokes.points.requires_grad_())
    assert list(layer_paths(Layer("object", FRAMING, moving, start.notes))) == list(layer_paths(layer()))


@pytest.mark.parametrize("closed", [False, True])
def test_path_data_reads_back_as_its_points(closed):
    points = ((0.0, -0.5), (10.125, 100.0), (1e-9, 0.1), (123456.789, -3.001), (20.0, 2.0), (7.0, 8.0), (1000.0, 0.0))
    data = path_data(points, closed)
    assert re.fullmatch(r"M \S+ C( \S+,\S+){6}( Z)?", data)
    assert data.endswith(" Z") == closed
    numbers = [float(number) for number in re.findall(r"[-\d.]+", data)]
    assert numbers == pytest.approx([n for point in points for n in point], abs=5e-4)


def test_path_data_is_short():
    assert path_data([(0.0, 1.5), (2.0, 30.0), (4.25, 5.0), (6.1, 7.123)], False) == "M 0,1.5 C 2,30 4.25,5 6.1,7.123"


def brushed(*widths):
    curve = torch.tensor([[0.0, 0], [90, 0], [210, 0], [300, 0]])
    strokes = Strokes.build([curve], 1.0)
    return next(layer_paths(Layer("x", FRAMING, replace(strokes, widths=torch.tensor([widths])), layer().notes[:1])))


def test_a_changing_width_has_a_profile_and_an_outline_in_source_px():
    path = brushed(0.0, 15.0, 30.0)
    assert path.widths == (0, 5, 10)
    assert path.profile == ((0, 0), (1, 10))
    (ring,) = path.outline
    assert ring[0] == ring[-1] == path.points[0] == (20, 10)
    xs, ys = zip(*ring, strict=True)
    assert (max(xs), min(ys), max(ys)) == pytest.approx((125, 5, 15), abs=0.5)


@pytest.mark.parametrize("widths", [(3.0,), (3.0, 3.0), (3.0, 3.03)])
def test_one_width_needs_no_outline(widths):
    path = brushed(*widths)
    assert (path.profile, path.outline) == ((), ())


def test_a_dot_is_as_wide_as_its_widest_knot():
    strokes = replace(Strokes.build([torch.ones(4, 2)], 1.0), widths=torch.tensor([[0.0, 6.0, 3.0]]))
    [path] = layer_paths(Layer("x", FRAMING, strokes, layer().notes[:1]))
    assert (path.widths, path.outline) == ((2,), ())
