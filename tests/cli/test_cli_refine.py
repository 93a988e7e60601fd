import json
import re

import cv2
import numpy as np
import pytest
from lxml import etree
from PIL import Image

from backend.document.markup import parsed
from backend.document.sketches import find_sketch

SVG = "{http://www.w3.org/2000/svg}"
OURS = "{https://stylesketch.org/ns/1}"
QUICK = ("--steps", 1, "--device", "cpu")


@pytest.fixture
def photo(tmp_path):
    pixels = np.full((240, 240, 3), 255, np.uint8)
    for x in range(40, 240, 53):
        for y in range(40, 240, 53):
            cv2.circle(pixels, (x, y), 17, (30, 30, 30), 3, cv2.LINE_AA)
    path = tmp_path / "circles.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def drawing(command, photo, tmp_path):
    """A sketch of six strokes beside its picture."""
    code, _, err = command("sketch", photo, "--mask", "none", "--strokes", 6, "-o", tmp_path / "a.svg", "--quiet", *QUICK)
    assert code == 0, err
    return tmp_path / "a.svg"


def refine(command, drawing, *options):
    out = drawing.parent / "out.svg"
    code, told, err = command("refine", drawing, "-o", out, "--mask", "none", *QUICK, *options)
    return code, told, err, out.read_bytes().decode() if out.exists() else ""


def ids(text):
    return [path.get("id") for path in etree.fromstring(text.encode()).iter(f"{SVG}path") if path.get(f"{OURS}index")]


def elements(text):
    """The bytes of each path, by its id."""
    return {re.search(r'id="([^"]*)"', found)[1]: found for found in re.findall(r"<path [^>]*>", text)}


def edited(drawing, *changes, more=""):
    text = drawing.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    drawing.write_text(text.replace("</svg>", more + "</svg>"))
    return drawing


def test_more_strokes_leave_every_byte_of_the_others(command, drawing):
    before = drawing.read_text()
    code, told, err, after = refine(command, drawing, "--strokes", "+4")
    assert code == 0, err
    assert "4 new strokes" in told
    assert len(ids(after)) == 10 and len(set(ids(after))) == 10
    lines, old = after.splitlines(), before.splitlines()
    changed = [line for line in old if line not in lines]
    assert all("xmlns" in line or "viewBox" in line for line in changed)  # the facts of the file's head
    assert [line for line in lines if "<path" in line][:6] == [line for line in old if "<path" in line]


def test_fewer_strokes_need_no_picture(command, drawing, photo):
    photo.unlink()
    before = ids(drawing.read_text())
    code, _, err, after = refine(command, drawing, "--strokes", "-2")
    assert code == 0, err
    assert ids(after) == before[:4]


def test_locked_strokes_keep_their_bytes_and_the_rest_is_drawn_anew(command, drawing):
    before = ids(drawing.read_text())
    held = elements(drawing.read_text())
    code, _, err, after = refine(command, drawing, "--lock", before[1], before[3], "--strokes", "8")
    assert code == 0, err
    now = elements(after)
    assert [now[name] for name in (before[1], before[3])] == [held[name] for name in (before[1], before[3])]
    assert len(ids(after)) == 8
    assert not {before[0], before[2], before[4], before[5]} & set(now)


def test_in_a_region_all_else_stays_byte_for_byte(command, drawing):
    lasso = '<path id="lasso" d="M 0,0 H 60 V 240 H -60 Z" transform="translate(60,0)"/><!-- mine --><g id="else"/>'
    text = edited(drawing, more=lasso).read_text()
    root, _ = parsed(text.encode())
    left = {each.element.id for each in find_sketch(root).strokes() if each.points[:, 0].mean() < 120}
    code, _, err, after = refine(command, drawing, "--region", "lasso", "--strokes", "5")
    assert code == 0, err
    kept = {name: found for name, found in elements(text).items() if name not in left}
    assert {name: found for name, found in elements(after).items() if name in kept} == kept
    assert lasso in after
    new = set(ids(after)) - set(ids(text))
    assert len(new) == 5
    root, _ = parsed(after.encode())
    for each in find_sketch(root).strokes():
        if each.element.id in new:
            assert each.points[:, 0].max() < 130


def test_what_was_edited_by_hand_is_seen_as_it_is(command, drawing):
    names = ids(drawing.read_text())
    text = drawing.read_text()
    body = text[text.index("<path") : text.rindex("</g>")]
    moved = f'<g transform="translate(20,0)"><g transform="translate(-20,0)">{body}</g></g>'
    mine = '<path id="mine" d="M 23,40 A 17,17 0 0 0 57,40 A 17,17 0 0 0 23,40 Z" fill="none" stroke="#c00" stroke-width="3"/>'
    gone = elements(text)[names[2]]
    edited(drawing, (body, moved + mine), (gone, ""))
    code, _, err, after = refine(command, drawing, "--strokes", "30")
    assert code == 0, err
    assert mine in after
    root, _ = parsed(after.encode())
    near = [np.abs(np.hypot(*(each.points - (40, 40)).T) - 17).max() < 5 for each in find_sketch(root).strokes()]
    assert sum(near) == 1  # the circle that the user drew is not drawn again


def test_a_stroke_that_inkscape_locked_stays(command, drawing):
    first = ids(drawing.read_text())[0]
    edited(drawing, (f'id="{first}"', f'id="{first}" sodipodi:insensitive="true"'))
    code, _, err, after = refine(command, drawing)
    assert code == 0, err
    assert first in ids(after) and len(ids(after)) == 6


def test_the_same_command_gives_the_same_bytes_and_going_on_gives_others(command, drawing):
    _, _, _, one = refine(command, drawing)
    _, _, _, two = refine(command, drawing)
    assert one == two
    (drawing.parent / "b.svg").write_text(one)
    _, _, _, three = refine(command, drawing.parent / "b.svg")
    assert three != one
    assert etree.fromstring(three.encode()).get(f"{OURS}seed") == "2"


def test_a_png_shows_the_whole_sketch(command, drawing, tmp_path):
    code, told, err = command("refine", drawing, "-o", tmp_path / "x.png", "--strokes", "-5", "--json")
    assert code == 0, err
    assert json.loads(told)["removed"] == 5
    with Image.open(tmp_path / "x.png") as image:
        assert image.size == (240, 240)
        assert np.asarray(image.convert("L")).min() < 128


def test_another_picture_of_the_same_size_is_told_and_one_of_another_size_refused(command, drawing, photo, tmp_path):
    with Image.open(photo) as image:
        image.rotate(90).save(tmp_path / "turned.png")
        image.resize((100, 90)).save(tmp_path / "small.png")
    code, _, err, after = refine(command, drawing, "--strokes", "+2", "--image", tmp_path / "turned.png")
    assert code == 0
    assert "turned.png is not the picture that was drawn at first" in err
    old = etree.parse(str(drawing)).getroot().get(f"{OURS}image")
    assert etree.fromstring(after.encode()).get(f"{OURS}image") != old
    code, _, err, _ = refine(command, drawing, "--strokes", "+2", "--image", tmp_path / "small.png")
    assert code == 1
    assert "100 × 90 px" in err and "240 × 240 px" in err


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--lock", "nobody"), 1, "no element 'nobody' in the sketch"),
        (("--region", "nobody"), 1, "no element 'nobody' in the drawing"),
        (("--region", "far"), 1, "No stroke is free"),
        (("--region", "far", "--strokes", "+3"), 1, "does not lie on the picture"),
        (("--layer", "nobody"), 1, "no element 'nobody'"),
        (("--strokes", "+0"), 2, "neither +N, -N nor N"),
        (("--strokes", "-7"), 1, "only 6 strokes"),
        (("--style", "nothing"), 1, "nothing"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(command, drawing, options, code, told):
    edited(drawing, more='<rect id="far" x="900" y="900" width="50" height="50"/>')
    found, _, err, _ = refine(command, drawing, *options)
    assert found == code
    assert told in err
    assert err.count("\n") == 1


def test_files_that_are_no_sketches(command, drawing, photo, tmp_path):
    other = tmp_path / "other.svg"
    other.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    for path, told in ((other, "no StyleSketch layer"), (photo, "cannot be read as SVG"), (tmp_path / "no.svg", "no file")):
        code, _, err, _ = refine(command, path, "--strokes", "+2")
        assert (code, told in err) == (1, True)
    code, _, err = command("refine", drawing, "-o", drawing)
    assert code == 1 and "is the drawing itself" in err
    photo.unlink()
    code, _, err, _ = refine(command, drawing, "--strokes", "+2")
    assert code == 1 and "Name it with --image" in err
