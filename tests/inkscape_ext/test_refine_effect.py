"""Re-sketch… without a window: what the selection means, where strokes lie, and what becomes of the document."""

import base64
import hashlib
import io
import re

import pytest
from documents import PICTURE, svg_text
from fake_engine import FakeEngine, png, ring_picture
from lxml import etree

SVG = "{http://www.w3.org/2000/svg}"
OURS = "{https://stylesketch.org/ns/1}"
PHOTO = ring_picture(40, 30)
HASH = hashlib.sha256(PHOTO).hexdigest()
PEN = "fill:none;stroke:#102030;stroke-width:2"


def image(data=PHOTO, more='x="30" y="40" width="80" height="60"', name="i"):
    return f'<image id="{name}" {more} xlink:href="data:image/png;base64,{base64.b64encode(data).decode()}"/>'


def stroke(name, d, index, more=""):
    facts = f'stylesketch:index="{index}" stylesketch:importance="{1 / (index + 1):g}" stylesketch:kind="contour"'
    return f'<path id="{name}" d="{d}" style="{PEN}" {facts} {more}/>'


PLACES = (("a", 35), ("b", 60), ("c", 90))
THREE = "".join(stroke(name, f"M {x},50 L {x + 10},50", index) for index, (name, x) in enumerate(PLACES))
OTHERS = THREE.replace('id="', 'id="z')


def sketch(inside=THREE, more="", group="", name="ss"):
    """Placed as the picture is: two user units for each of its px."""
    return (
        f'<g inkscape:groupmode="layer" id="{name}" xmlns:stylesketch="https://stylesketch.org/ns/1" '
        f'stylesketch:placement="2 0 0 2 30 40" stylesketch:size="40 30" stylesketch:image="{HASH}" stylesketch:seed="5" '
        f'stylesketch:style="charcoal" stylesketch:recipe="object" {more}><g id="{name}-object" {group}>{inside}</g></g>'
    )


@pytest.fixture
def run(tmp_path, install_json, monkeypatch):
    """Runs the menu entry; gives (the written document or None, the sentences told, what the engine was asked)."""

    def run_on(body, *arguments, mode="good"):
        from stylesketch_ext import job_effect, refine_effect

        path = tmp_path / "input.svg"
        path.write_text(svg_text(body), encoding="utf-8")
        monkeypatch.setenv("DOCUMENT_PATH", str(path))
        told, written = [], io.BytesIO()
        monkeypatch.setattr(job_effect.inkex, "errormsg", told.append)
        with FakeEngine(mode) as engine:
            engine.write_endpoint(install_json()["endpoint"])
            refine_effect.RefineEffect().run(["--gui=false", *arguments, str(path)], output=written)
        assert len(told) <= 1 and all("\n" not in text for text in told)
        return (etree.fromstring(written.getvalue()) if written.getvalue() else None), told, list(engine.jobs.values())

    return run_on


def ids(root):
    return [path.get("id") for path in root.iter(SVG + "path") if path.get(OURS + "index")]


def named(root, name):
    return root.xpath(f"//*[@id='{name}']")[0]


def test_selected_strokes_are_drawn_anew_and_all_others_are_locked(run):
    root, told, [request] = run(image() + sketch(), "--id=b")
    assert not told
    assert [(each.locked, each.index) for each in request.strokes] == [(True, 0), (False, 1), (True, 2)]
    assert (request.image, request.redraw, request.more, request.region) == (HASH, True, 0, [])
    assert (request.settings.style, request.settings.seed, request.size) == ("charcoal", 6, (40, 30))
    assert request.strokes[0].points[0] == (2.5, 5.0) and request.strokes[0].points[-1] == (7.5, 5.0)
    assert request.strokes[0].widths == [1.0]
    assert ids(root)[0] == "a" and ids(root)[2] == "c" and ids(root)[1].startswith("ss-0123abcd")
    assert (named(root, "a").get("d"), named(root, "a").get("style")) == ("M 35,50 L 45,50", PEN)
    layer = named(root, "ss")
    assert (layer.get(OURS + "seed"), layer.get(OURS + "job"), layer.get(OURS + "style")) == ("6", "job1", "charcoal")


def test_a_selected_shape_is_the_region_wherever_it_is_drawn(run):
    lasso = '<g transform="translate(50 0)"><rect id="r" x="0" y="40" width="20" height="20" transform="scale(1 2)"/></g>'
    root, told, [request] = run(image() + sketch() + lasso, "--id=r")
    assert not told
    [ring] = request.region
    assert (min(ring), max(ring)) == ((10.0, 20.0), (20.0, 40.0))
    assert not any(each.locked for each in request.strokes)
    assert named(root, "r").get("transform") == "scale(1 2)"


def test_a_lasso_drawn_into_the_layer_of_the_sketch_is_no_stroke_of_it(run):
    lasso = '<path id="l" d="M 40,45 L 80,45 L 80,60 Z"/>'
    _, _, [request] = run(image() + sketch(THREE + lasso), "--id=l")
    assert len(request.strokes) == 3 and len(request.region) == 1
    _, _, [request] = run(image() + sketch(THREE + lasso))
    assert [each.locked for each in request.strokes] == [False, False, False, True] and not request.region


def test_a_group_a_layer_and_nothing_selected(run):
    for selected, free in ((["--id=ss-object"], 3), (["--id=ss"], 3), ([], 3)):
        _, _, [request] = run(image() + sketch(), *selected)
        assert sum(not each.locked for each in request.strokes) == free


def test_what_inkscape_locked_or_hides_is_left_alone(run):
    inside = stroke("a", "M 35,50 L 45,50", 0, 'sodipodi:insensitive="true"') + stroke("b", "M 60,50 L 70,50", 1)
    inside += stroke("c", "M 90,50 L 99,50", 2).replace("fill:none", "display:none;fill:none")
    root, _, [request] = run(image() + sketch(inside))
    assert [each.locked for each in request.strokes] == [True, False]
    assert named(root, "c") is not None


@pytest.mark.parametrize("group", ["", "translate(7 -9)", "rotate(40) scale(2)"])
def test_new_strokes_lie_on_the_picture_whatever_was_done_to_their_group(run, group):
    root, _, _ = run(image() + sketch(group=f'transform="{group}"'), "--id=ss")
    from inkex import Transform

    first = named(root, ids(root)[0])
    x, y = (float(number) for number in re.findall(r"-?[\d.]+", first.get("d"))[:2])
    found = Transform(group).apply_to_point((x, y))
    radius, middle = 0.25 * 30, (0.35 * 40, 0.4 * 30)  # of the ring, px
    assert tuple(found) == pytest.approx((30 + 2 * (middle[0] + radius), 40 + 2 * middle[1]), abs=1e-2)


def test_picture_and_strokes_that_were_moved_together_still_belong_together(run):
    moved = image(more='x="130" y="40" width="80" height="60"')
    _, _, [request] = run(moved + sketch(group='transform="translate(100 0)"'), "--id=a")
    assert request.strokes[0].points[0] == (2.5, 5.0)
    _, _, [request] = run(moved + sketch(), "--id=a")  # the picture alone was put aside
    assert request.strokes[0].points[0] == (2.5, 5.0)
    _, _, [request] = run(image() + sketch(group='transform="translate(10 0)"'), "--id=a")  # the strokes alone were moved
    assert request.strokes[0].points[0] == (7.5, 5.0)


def test_strokes_are_added_above_the_others(run):
    root, told, [request] = run(image() + sketch(), "--deed=keep", "--more=4")
    assert not told and (request.redraw, request.more, request.settings.seed) == (False, 4, 5)
    assert ids(root)[:3] == ["a", "b", "c"] and len(set(ids(root))) == 7
    assert named(root, "c").getparent().get("id") == "ss-object"
    assert named(root, "ss").get(OURS + "seed") == "5"


def test_more_come_than_go(run):
    root, _, [request] = run(image() + sketch(), "--id=a", "--id=b", "--more=2", "--seed=9")
    assert (request.more, request.settings.seed) == (2, 9)
    found = ids(root)
    assert len(found) == 5 and found[2] == "c"


def test_strokes_are_taken_away_without_their_picture(run):
    root, told, [request] = run(sketch(), "--deed=keep", "--more=-2")
    assert not told and (request.image, request.more) == ("", -2)
    assert ids(root) == ["a"]


def test_strokes_of_changing_width_bring_and_take_their_effects(run):
    wide = '<path id="w" d="M 0,0 L 9,9 L 0,9 Z" inkscape:original-d="M 40,50 L 60,50" inkscape:path-effect="#w-width" '
    wide += 'style="fill:#ff0000" stylesketch:widths="2 6" stylesketch:index="0"/>'
    defs = '<defs><inkscape:path-effect id="w-width" effect="powerstroke"/><inkscape:path-effect id="other"/></defs>'
    root, _, [request] = run(defs + image() + sketch(wide), "--id=w")
    assert request.strokes[0].points[0] == (5.0, 5.0) and request.strokes[0].widths == [1.0, 3.0]
    assert request.strokes[0].color == (1.0, 0.0, 0.0)
    text = etree.tostring(root).decode()
    assert "w-width" not in text and 'id="other"' in text


def test_a_drawing_of_the_command_line_can_be_drawn_on(run):
    space = 'xmlns:stylesketch="https://stylesketch.org/ns/1"'
    body = f'<g inkscape:groupmode="layer" id="l0" {space}>{THREE}</g>' + image()
    text = svg_text(body, f'{space} viewBox="0 0 40 30" stylesketch:recipe="object" stylesketch:image="{HASH}" '
                          'stylesketch:style="chalk" stylesketch:seed="3"')  # fmt: skip
    from inkex.elements import load_svg
    from stylesketch_ext.redrawing import redrawing

    found = redrawing(load_svg(text.encode()).getroot(), ["/nowhere"])
    request = found.request("ab", True, 0, 0)
    assert (request.settings.style, request.settings.seed, request.size) == ("chalk", 4, (40, 30))
    assert request.strokes[0].points[0] == (35.0, 50.0)


def test_another_picture_of_its_size_is_told(run):
    other = png(40, 30, lambda x, y: 7 * x % 255)
    _, told, [request] = run(image(other) + sketch(), "--id=a")
    assert not told and request.image == hashlib.sha256(other).hexdigest()


@pytest.mark.parametrize(
    ("body", "arguments", "words"),
    [
        (image(), [], "There is no sketch of StyleSketch"),
        (
            image() + sketch() + sketch("<!-- -->" + OTHERS, name="tt"),
            [],
            "The document holds 2 sketches",
        ),
        (sketch(), ["--id=a"], "The picture of this sketch is not in the document: import it"),
        (image(png(41, 30, lambda x, y: 0)) + sketch(), ["--id=a"], "has another size"),
        (image() + sketch(), ["--more=1001"], "more must be between -1000 and 1000, not 1001"),
        (image() + sketch(), ["--deed=magic"], "deed must be one of anew, keep, not magic"),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(run, body, arguments, words):
    root, told, _ = run(body, *arguments)
    assert root is None and words in told[0] and "Details" not in told[0]


@pytest.mark.parametrize(("mode", "words"), [("fails", "There was not enough memory"), ("error500", "The engine broke")])
def test_a_failure_changes_nothing(run, mode, words):
    root, told, _ = run(image() + sketch(), "--id=a", mode=mode)
    assert root is None and words in told[0]


def test_one_of_two_sketches_is_meant_by_a_selected_stroke_or_because_the_other_one_is_hidden(run):
    two = image() + sketch() + sketch(OTHERS, name="tt")
    root, _, [request] = run(two, "--id=zb")
    assert ids(root)[:3] == ["a", "b", "c"] and sum(not each.locked for each in request.strokes) == 1
    hidden = image() + sketch(more='style="display:none"') + sketch(OTHERS, name="tt")
    root, _, _ = run(hidden)
    assert ids(root)[:3] == ["a", "b", "c"] and len(ids(root)) == 6


def test_pictures_that_cannot_be_read_do_not_hinder(run):
    gone = '<image id="g" width="9" height="9" xlink:href="gone.png"/>'
    _, told, [request] = run(gone + image(PICTURE, name="p") + image() + sketch(), "--id=a")
    assert not told and request.image == HASH


def test_what_stays_is_written_as_it_was(run):
    """Transforms and styles as Inkscape and people write them, which inkex would write in its own way."""
    odd = stroke("a", "M35,50 45.12345678 50", 0, 'transform="matrix(1.0000000123 0 0 1 1e-9,0)"')
    odd = odd.replace("fill:none;", "fill : none ; ")
    mine = '<path id="mine" d="m 35 50,1 1" transform="rotate( 3 )" style="stroke:red;"/>'
    root, _, _ = run(image() + sketch(odd + stroke("b", "M 60,50 L 70,50", 1) + mine), "--id=b")
    before = etree.fromstring(svg_text(image() + sketch(odd + mine)))
    for name in ("a", "mine", "i", "ss-object"):
        assert dict(named(root, name).attrib) == dict(named(before, name).attrib)
