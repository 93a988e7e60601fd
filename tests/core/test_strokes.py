import pytest
import torch

from backend.core.strokes import Strokes


def strokes():
    curves = [torch.arange(8.0).reshape(4, 2), torch.arange(14.0).reshape(7, 2), torch.ones(4, 2)]
    return Strokes.build(curves, 2.0, (0.1, 0.2, 0.3), [False, True, False])


def test_shorter_strokes_are_padded_with_their_last_point():
    built = strokes()
    assert built.points.shape == (3, 7, 2)
    assert built.segments.tolist() == [1, 2, 1]
    assert built.points[0, 3:].tolist() == [[6, 7]] * 4


def test_build_sets_every_stroke():
    built = strokes()
    assert len(built) == 3
    assert built.closed.tolist() == [False, True, False]
    assert built.widths.tolist() == [[2]] * 3
    torch.testing.assert_close(built.colors, torch.tensor([[0.1, 0.2, 0.3]] * 3))
    assert built.opacities.tolist() == [1, 1, 1]


def test_each_stroke_may_have_its_own_width():
    built = Strokes.build([torch.zeros(4, 2)] * 2, torch.tensor([1.0, 3.0]))
    assert built.widths.tolist() == [[1], [3]]


def test_no_strokes_at_all_have_the_right_shapes():
    none = Strokes.build([], 2.0)
    assert len(none) == 0
    assert none.points.shape == (0, 4, 2)
    assert none.widths.shape == (0, 1)
    assert none.colors.shape == (0, 3)


def test_build_keeps_the_precision_of_its_curves():
    assert Strokes.build([torch.zeros(4, 2, dtype=torch.float64)], 1.0).widths.dtype == torch.float64


@pytest.mark.parametrize("i", range(3))
def test_a_curve_comes_without_padding(i):
    assert len(strokes().curve(i)) == [4, 7, 4][i]


@pytest.mark.parametrize("index", [torch.tensor([2, 0]), slice(0, 2), torch.tensor([True, False, True])])
def test_select_takes_every_field_in_that_order(index):
    built, places = strokes(), torch.arange(3)[index]
    chosen = built.select(index)
    assert chosen.segments.tolist() == built.segments[places].tolist()
    for name in ("points", "closed", "widths", "colors", "opacities"):
        assert torch.equal(getattr(chosen, name), getattr(built, name)[places])


def test_with_points_changes_the_points_only():
    moved = strokes().with_points(strokes().points + 1)
    assert torch.equal(moved.points, strokes().points + 1)
    assert torch.equal(moved.widths, strokes().widths)


def test_to_moves_every_field():
    moved = strokes().to("meta")
    assert all(getattr(moved, name).device.type == "meta" for name in Strokes.__dataclass_fields__)
