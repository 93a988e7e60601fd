"""What is painted of a sketch: seen through a context that notes what it is told."""

from dataclasses import replace

import pytest
from fake_engine import ring
from stylesketch_ext.dialogs.painting import paint_sketch, placed, rgb
from stylesketch_ext.wire.messages import DrawingData, LayerData


class Context:
    """Stands for cairo's; `told` is every call."""

    def __init__(self):
        self.told = []

    def __getattr__(self, name):
        return lambda *arguments: self.told.append((name, *arguments))

    def calls(self, name):
        return [arguments for called, *arguments in self.told if called == name]


def painted(paths, room=(100, 100), thinnest=0.0, paper="#ffffff"):
    context = Context()
    paint_sketch(context, DrawingData(40, 20, [LayerData("object", paths)], "0123abcd", paper), room, thinnest)
    return context


def test_a_picture_stands_in_the_middle_of_its_room():
    assert placed(40, 20, (100, 100)) == (2.5, 0, 25)
    context = painted([])
    assert context.calls("translate") == [[0, 25]]
    assert context.calls("scale") == [[2.5, 2.5]]


def test_every_stroke_is_a_curve_of_its_color_and_width():
    paths = [replace(path, color="#ff0080", opacity=0.5, widths=[2.0, 4.0]) for path in ring(40, 20, 3)]
    context = painted(paths, paper="#336699")
    assert context.calls("curve_to") == [[*path.points[1], *path.points[2], *path.points[3]] for path in paths]
    assert context.calls("move_to") == [list(path.points[0]) for path in paths]
    assert context.calls("set_line_width") == [[3.0]] * 3
    assert context.calls("set_source_rgba") == [[1.0, 0.0, pytest.approx(0.502, abs=1e-3), 0.5]] * 3
    assert context.calls("set_source_rgb") == [[0.2, 0.4, 0.6]]
    assert len(context.calls("stroke")) == 3 and not context.calls("fill")


def test_a_stroke_of_changing_width_is_filled_unless_it_would_vanish():
    [path] = ring(40, 20, 1)
    brushed = replace(path, widths=[0.0, 2.0], outline=[path.points, path.points])
    assert len(painted([brushed]).calls("close_path")) == 2
    assert len(painted([brushed]).calls("fill")) == 1
    thin = painted([brushed], room=(10, 10), thinnest=0.7)
    assert thin.calls("set_line_width") == [[pytest.approx(2.8)]]
    assert not thin.calls("fill")


def test_closed_strokes_are_closed():
    [path] = ring(40, 20, 1)
    assert len(painted([replace(path, closed=True)]).calls("close_path")) == 1
    assert not painted([path]).calls("close_path")


def test_what_was_changed_is_given_back():
    context = painted(ring(40, 20, 2))
    assert len(context.calls("save")) == len(context.calls("restore")) == 1


def test_colors():
    assert rgb("#00ff33") == (0.0, 1.0, 0.2)
