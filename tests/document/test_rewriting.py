import numpy as np
import pytest

from backend.document.markup import INKSCAPE, STYLESKETCH, parsed
from backend.document.rewriting import NewStroke, redrawn
from backend.document.sketches import find_sketch
from tests.document.drawings import layered, plain, stroke

THREE = "\n    ".join(
    stroke(name, f"M 1,{y} L 4,{y}", index) for index, (name, y) in enumerate((("a", 2), ("b", 30), ("c", 40)))
)


def new(name="n", points=((10, 10), (20, 10), (30, 10), (40, 20)), **more):
    given = {"closed": False, "widths": (3.0,), "color": "#ff0000", "opacity": 1.0, "profile": (), "outline": ()}
    return NewStroke(name, points, facts={"index": "9"}, **{**given, **more})


WIDE = {
    "widths": (2.0, 4.0),
    "profile": ((0.0, 2.0), (1.0, 4.0)),
    "outline": (((9.0, 9.0), (20.0, 9.0), (30.0, 12.0), (9.0, 9.0)),),
}


def rewritten(text, removed=(), strokes=(), facts=()):
    root, data = parsed(text.encode())
    sketch = find_sketch(root)
    gone = [each for each in root.walk() if each.id in removed]
    again = redrawn(root, data, sketch, gone, strokes, dict(facts), {"effect": "powerstroke"}).decode()
    return again, parsed(again.encode())[0]


def ids(root):
    return [each.id for each in root.walk() if each.tag == "path"]


def test_what_stays_is_byte_for_byte_as_it_was():
    text = plain(THREE, more="<!-- kept --> <g id='else'  ></g>\n")
    again, root = rewritten(text, ["b"])
    assert again == text.replace("\n    " + stroke("b", "M 1,30 L 4,30", 1), "")
    assert ids(root) == ["a", "c"]


def test_a_new_stroke_takes_the_place_of_one_that_goes_and_others_come_above():
    again, root = rewritten(plain(THREE), ["b"], [new("n1"), new("n2")])
    assert ids(root) == ["a", "n1", "c", "n2"]
    assert stroke("a", "M 1,2 L 4,2", 0) in again and stroke("c", "M 1,40 L 4,40", 2) in again
    path = next(each for each in root.walk() if each.id == "n1")
    assert path.get("d") == "M 10,10 C 20,10 30,10 40,20"
    assert path.get("index", STYLESKETCH) == "9"
    assert "stroke-width:3;" in path.get("style")


def test_a_name_that_is_taken_gets_a_number():
    assert ids(rewritten(plain(THREE), (), [new("a"), new("a")])[1]) == ["a", "b", "c", "a-2", "a-3"]


@pytest.mark.parametrize("group", ["", "translate(5,-7)", "rotate(30) scale(2)", "matrix(-1 0 0 1 3 4)"])
@pytest.mark.parametrize("make", [plain, layered])
def test_new_strokes_lie_where_they_should_under_any_transform(make, group):
    text = make(f'<g transform="{group}">{THREE}</g>')
    _, root = rewritten(text, (), [new(**WIDE), new("m")])
    found = {each.element.id: each for each in find_sketch(root).strokes()}
    for name, widths in (("n", (2, 4)), ("m", (3,))):
        np.testing.assert_allclose(found[name].points, [(10, 10), (20, 10), (30, 10), (40, 20)], atol=2e-3)
        np.testing.assert_allclose(found[name].widths, widths, rtol=1e-4)


@pytest.mark.parametrize("definitions", ["", "<defs/>", "<defs><filter id='f'/></defs>"])
def test_effects_come_and_go_with_their_strokes(definitions):
    text = plain(THREE).replace('<g id="ss-1-l0"', definitions + '<g id="ss-1-l0"')
    again, root = rewritten(text, (), [new(**WIDE)])
    effect = next(each for each in root.walk() if each.id == "n-width")
    assert effect.get("effect") == "powerstroke" and effect.get("offset_points") == "0,1 | 1,2"
    assert next(each for each in root.walk() if each.id == "n").get("path-effect", INKSCAPE) == "#n-width"
    assert ("id='f'" in again) == ("'f'" in definitions)
    less, root = rewritten(again, ["n"])
    assert "n-width" not in less
    assert ids(root) == ["a", "b", "c"]


def test_an_effect_that_others_have_stays():
    again, _ = rewritten(plain(THREE), (), [new(**WIDE)])
    shared = again.replace('id="a" ', 'id="a" inkscape:path-effect="#n-width" ')
    assert 'id="n-width"' in rewritten(shared, ["n"])[0]


def test_facts_are_noted_on_the_sketch():
    again, root = rewritten(layered(THREE), (), (), {"seed": "5", "image": "def"})
    assert find_sketch(root).fact("seed") == "5"
    assert find_sketch(root).fact("image") == "def"
    assert THREE in again


def test_a_sketch_without_strokes_gets_some():
    text = layered("").replace('<g id="ss-2-object">\n      \n    </g>', "")
    _, root = rewritten(text, (), [new()])
    assert ids(root) == ["n"]
