import numpy as np
import pytest

from backend.core.errors import BadRequest
from backend.document.markup import parsed
from backend.document.sketches import find_sketch, is_held, is_ours
from tests.document.drawings import HEAD, layered, plain, stroke


def opened(text, **wanted):
    root, _ = parsed(text.encode())
    return root, find_sketch(root, **wanted)


def rows(sketch):
    return {each.element.id: each for each in sketch.strokes()}


def test_a_file_of_the_command_line_is_in_px_of_its_picture():
    _, sketch = opened(plain(stroke("a", "M 1,2 L 4,2", 0)))
    found = rows(sketch)["a"]
    np.testing.assert_allclose(found.points[[0, -1]], [(1, 2), (4, 2)])
    assert (sketch.size, sketch.fact("style"), found.widths) == ((100, 80), "technical-pen", (2,))
    np.testing.assert_allclose(found.color, (16 / 255, 32 / 255, 48 / 255))


def test_a_layer_in_a_document_is_placed_by_what_is_noted_on_it():
    _, sketch = opened(layered(stroke("a", "M 10,20 L 60,20", 0)))
    found = rows(sketch)["a"]
    np.testing.assert_allclose(found.points[[0, -1]], [(0, 0), (100, 0)])
    assert found.widths == (4,)


def test_transforms_of_strokes_and_groups_count_but_not_that_of_the_layer():
    doubled = stroke("a", "M 10,20 L 60,20", 0, "transform='scale(2)'")
    inside = f'<g transform="translate(5,0)">{doubled}</g>'
    _, sketch = opened(layered(inside, transform='transform="translate(1000,0)"'))
    found = rows(sketch)["a"]
    np.testing.assert_allclose(found.points[[0, -1]], [(30, 40), (230, 40)])  # x: 5 + 2·10 → (25 − 10) / 0.5
    assert found.widths == pytest.approx((8,))


def test_paths_of_changing_width_are_known_by_their_middle_line():
    wide = (
        '<path id="w" d="M 0,0 L 9,9 L 0,9 Z" inkscape:original-d="M 1,1 L 7,1" inkscape:path-effect="#e" '
        'style="fill:#ff0000;stroke:none" stylesketch:widths="1 3 2" stylesketch:index="1"/>'
    )
    found = rows(opened(plain(wide))[1])["w"]
    np.testing.assert_allclose(found.points[[0, -1]], [(1, 1), (7, 1)])
    assert (found.widths, found.color) == ((1, 3, 2), (1, 0, 0))


def test_what_the_user_drew_hid_and_locked():
    inside = (
        stroke("a", "M 1,2 L 4,2", 0)
        + '<path id="mine" d="M 0,0 L 9,9" style="stroke:red"/>'
        + stroke("gone", "M 5,5 L 9,5", 1).replace("fill:none", "display:none;fill:none")
        + '<g sodipodi:insensitive="true">'
        + stroke("held", "M 5,6 L 9,6", 2)
        + "</g>"
        + '<path inkscape:label="paper" id="paper" d="M 0,0 L 9,0 L 9,9 Z"/>'
    )
    _, sketch = opened(plain(inside))
    found = rows(sketch)
    assert list(found) == ["a", "mine", "held"]
    assert [is_ours(each.element) for each in found.values()] == [True, False, True]
    assert [is_held(each.element, sketch) for each in found.values()] == [False, False, True]


def test_a_locked_layer_does_not_lock_its_strokes():
    _, sketch = opened(layered(stroke("a", "M 1,2 L 4,2", 0), transform='sodipodi:insensitive="true"'))
    assert not is_held(rows(sketch)["a"].element, sketch)


def test_ids_choose_strokes_and_groups():
    inside = f"<g id='pair'>{stroke('a', 'M 1,2 L 4,2', 0)}{stroke('b', 'M 1,3 L 4,3', 1)}</g>{stroke('c', 'M 1,4 L 4,4', 2)}"
    _, sketch = opened(plain(inside))
    assert {each.id for each in sketch.chosen(["pair"])} == {"pair", "a", "b"}
    with pytest.raises(BadRequest, match="no element 'nobody' in the sketch"):
        sketch.chosen(["c", "nobody"])


def test_a_region_comes_in_px_of_the_picture_wherever_it_was_drawn():
    more = '<g transform="translate(10,0)"><rect id="lasso" x="0" y="20" width="25" height="10" transform="scale(1,2)"/></g>'
    root, sketch = opened(layered(stroke("a", "M 10,20 L 60,20", 0), more=more))
    [ring] = sketch.region(root, "lasso")
    np.testing.assert_allclose([*ring.min(0), *ring.max(0)], [0, 40, 50, 80], atol=1e-6)


@pytest.mark.parametrize(("name", "told"), [("open", "no closed path"), ("nobody", "no element 'nobody' in the drawing")])
def test_regions_that_are_none(name, told):
    root, sketch = opened(plain(stroke("a", "M 1,2 L 4,2", 0), more='<path id="open" d="M 0,0 L 9,0 L 9,9"/>'))
    with pytest.raises(BadRequest, match=told):
        sketch.region(root, name)


def test_a_lasso_whose_ends_meet_is_closed():
    root, sketch = opened(plain(stroke("a", "M 1,2 L 4,2", 0), more='<path id="l" d="M 0,0 L 50,0 L 50,50 L 0.1,0.1"/>'))
    assert len(sketch.region(root, "l")) == 1


def test_which_sketch_is_meant():
    two = plain(
        stroke("a", "M 1,2 L 4,2", 0),
        more=layered(stroke("b", "M 1,2 L 4,2", 0)).partition("<defs")[2].join(["<defs", ""]).rpartition("</svg>")[0],
    )
    with pytest.raises(BadRequest, match="2 sketches"):
        opened(two)
    assert opened(two, layer="ss-2")[1].layers[0].id == "ss-2"
    assert opened(two, ids=["b"])[1].layers[0].id == "ss-2"
    with pytest.raises(BadRequest, match="no element 'ss-9'"):
        opened(two, layer="ss-9")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"<svg {HEAD}><g/></svg>", "no StyleSketch layer"),
        (plain("").replace("object", "sequence"), "no StyleSketch layer"),
        (plain(stroke("a", "M 1,2 L 4,2", 0)).replace('recipe="object"', 'recipe="sequence"'), "sequence of drawings"),
    ],
)
def test_files_without_a_sketch(text, told):
    with pytest.raises(BadRequest, match=told):
        opened(text)


def test_too_many_strokes(monkeypatch):
    monkeypatch.setattr("backend.document.sketches.MOST_STROKES", 1)
    _, sketch = opened(plain(stroke("a", "M 1,2 L 4,2", 0) + stroke("b", "M 1,2 L 4,2", 1)))
    with pytest.raises(BadRequest, match="more than 1 strokes"):
        sketch.strokes()
