import pytest
import torch

from backend.core.errors import BadRequest
from backend.core.strokes import Strokes
from backend.recipes.hatch_spacing import hatch_spacing
from backend.recipes.known_strokes import Known, KnownStroke, Plan, Wish, filled, places_of, planned, reached

BOX = (((0.0, 0.0), (50.0, 0.0), (50.0, 100.0), (0.0, 100.0)),)


def line(x0, y0, x1, y1):
    t = torch.linspace(0, 1, 4)[:, None]
    return torch.tensor([[x0, y0]]) * (1 - t) + torch.tensor([[x1, y1]]) * t


def known(*strokes):
    """strokes: x of the middle of a line 20 px long, and whether it is locked."""
    curves = [line(x - 10.0, 50.0, x + 10.0, 50.0) for x, _ in strokes]
    elements = [KnownStroke(f"s{i}", locked, i, 1 / (i + 1)) for i, (_, locked) in enumerate(strokes)]
    return Known(Strokes.build(curves, 2.0), tuple(range(len(strokes))), tuple(elements))


FOUR = known((20, False), (40, True), (47, False), (90, False))


@pytest.mark.parametrize(
    ("wish", "removed", "drawn"),
    [
        (Wish(), (0, 2, 3), 3),
        (Wish(more=2), (0, 2, 3), 5),
        (Wish(more=-1), (0, 2, 3), 2),
        (Wish(redraw=False, more=8), (), 8),
        (Wish(redraw=False, more=-2), (2, 3), 0),
        (Wish(count=10), (0, 2, 3), 9),
        (Wish(region=BOX), (0, 2), 2),
        (Wish(region=BOX, count=10), (0, 2), 9),
        (Wish(region=BOX, redraw=False, more=-1), (2,), 0),
    ],
)
def test_what_goes_and_how_many_come(wish, removed, drawn):
    plan = planned(FOUR, wish)
    assert (plan.removed, plan.drawn) == (removed, drawn)
    assert set(plan.stays(FOUR)) == {0, 1, 2, 3} - set(removed)


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (Wish(redraw=False), "Nothing is to change"),
        (Wish(more=-3), "only 3 strokes"),
        (Wish(redraw=False, more=-4), "only 3 strokes"),
        (Wish(count=1), "1 strokes are locked"),
        (Wish(region=(((60.0, 0.0), (70.0, 0.0), (70.0, 9.0)),)), "No stroke is free"),
    ],
)
def test_wishes_that_cannot_be(wish, told):
    with pytest.raises(BadRequest, match=told):
        planned(FOUR, wish)


def test_an_element_of_several_parts_lies_where_most_of_it_lies():
    parts = known((20, False), (80, False), (90, False))
    one = Known(parts.strokes, (0, 0, 0), parts.elements[:1])
    with pytest.raises(BadRequest):
        planned(one, Wish(region=BOX))
    assert len(one.parts([0])) == 3
    assert len(one.parts([])) == 0


def test_hatches_are_counted_among_what_goes_and_what_stays():
    elements = tuple(KnownStroke(f"s{i}", i == 2, i, kind="hatch" if i else "contour") for i in range(3))
    shaded = Known(known((20, False), (40, False), (60, False)).strokes, (0, 1, 2), elements)
    plan = planned(shaded, Wish())
    assert plan.hatches == 1
    assert shaded.hatches([0, 2]) == [1]


def test_a_region_is_filled_and_reaches_as_far_as_what_it_replaces():
    mask = filled(BOX, (100, 100))
    assert float(mask.mean()) == pytest.approx(0.505, abs=0.02)
    wider = reached(BOX, FOUR.parts([2]), 3, (100, 100))
    assert wider[0, 0, 50, 56] == 1 and wider[0, 0, 60, 56] == 0
    with pytest.raises(BadRequest, match="does not lie on the picture"):
        filled((((200.0, 0.0), (300.0, 0.0), (300.0, 9.0)),), (100, 100))


def test_new_strokes_take_over_places_and_importances():
    indices, importances = places_of(FOUR, Plan((0, 2), 4, 0), 4)
    assert indices == [0, 2, 4, 5]
    assert importances[:2] == [1, 1 / 3]
    assert 1 / 4 > importances[2] > importances[3] > 0
    assert places_of(FOUR, Plan((0, 2), 4, 0), 1) == ([0], [1])


def test_the_spacing_of_hatches_is_seen():
    curves = [line(10.0 + 3 * i, 4.0 * i, 60.0 + 3 * i, 4.0 * i) for i in range(12)]
    curves += [line(100.0 + 4 * i, 0.0, 100.0 + 4 * i, 60.0) for i in range(12)]
    elements = tuple(KnownStroke(str(i), False, i, kind="hatch") for i in range(24))
    assert hatch_spacing(Known(Strokes.build(curves, 1.0), tuple(range(24)), elements)) == pytest.approx(4, rel=0.01)
    assert hatch_spacing(FOUR) is None
