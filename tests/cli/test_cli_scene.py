import itertools
import json

import pytest
from lxml import etree
from PIL import Image, ImageDraw

SVG = "{http://www.w3.org/2000/svg}"
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
QUICK = ("--steps", 1, "--strokes", 24, "--device", "cpu")


@pytest.fixture
def scene(tmp_path):
    """A picture of a ball before a wall with windows, and the ball's mask."""
    image = Image.new("RGB", (160, 120), "#d8d4cc")
    pen = ImageDraw.Draw(image)
    pen.line((0, 90, 160, 90), fill="#403830", width=3)
    for x in range(6, 150, 24):
        for y in (8, 40):
            pen.rectangle((x, y, x + 14, y + 20), outline="#405060", width=2)
    mask = Image.new("L", (160, 120))
    for target, color in ((pen, "#a02818"), (ImageDraw.Draw(mask), 255)):
        target.ellipse((52, 38, 108, 94), fill=color)
    for x in (66, 80, 94):
        pen.line((x, 54, x, 80), fill="#f0e0d0", width=3)
    image.save(tmp_path / "ball.png")
    mask.save(tmp_path / "mask.png")
    return tmp_path / "ball.png", ("--mask", tmp_path / "mask.png")


def strokes(file):
    """What every stroke of an SVG looks like, the most important first, and the labels of its layers."""
    root = etree.parse(str(file)).getroot()
    order = "{https://stylesketch.org/ns/1}index"
    paths = sorted(root.iter(f"{SVG}path"), key=lambda path: int(path.get(order)))
    return [path.get("d") for path in paths], [group.get(f"{INKSCAPE}label") for group in root.findall(f"{SVG}g")]


def test_a_scene_has_its_object_above_its_background(command, scene, tmp_path):
    code, out, err = command("scene", scene[0], *scene[1], "-o", tmp_path / "x.svg", "-o", tmp_path / "x.png", *QUICK)
    assert code == 0, err
    assert "strokes in" in out
    paths, labels = strokes(tmp_path / "x.svg")
    assert labels == ["background", "object"]
    assert 16 < len(paths) <= 24
    with Image.open(tmp_path / "x.png") as image:
        assert image.size == (160, 120)


def test_a_matrix_is_an_overview_and_a_file_for_every_cell(command, scene, tmp_path):
    folder = tmp_path / "cells"
    options = ("--matrix", "2x3", "--matrix-dir", folder, "-o", tmp_path / "all.svg", "-o", tmp_path / "all.png", "--json")
    code, out, err = command("scene", scene[0], *scene[1], *options, *QUICK)
    assert code == 0, err
    account = json.loads(out)
    names = [f"row{r}_column{c}.svg" for r in (1, 2) for c in (1, 2, 3)]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert account["outputs"] == [str(tmp_path / "all.svg"), str(tmp_path / "all.png"), *(str(folder / name) for name in names)]
    cells = [[strokes(folder / f"row{r}_column{c}.svg")[0] for c in (1, 2, 3)] for r in (1, 2)]
    assert account["matrix"] == [[len(cell) for cell in row] for row in cells]
    whole = etree.parse(str(tmp_path / "all.svg")).getroot()
    assert len(list(whole.iter(f"{SVG}path"))) == sum(len(cell) for row in cells for cell in row)
    with Image.open(tmp_path / "all.png") as image:
        assert image.width > 3 * 480 and 2 * 480 < image.height < 3 * 480


def test_every_cell_is_the_first_strokes_of_its_left_neighbor(command, scene, tmp_path):
    command("scene", scene[0], *scene[1], "--matrix", "2x4", "--matrix-dir", tmp_path, "-o", tmp_path / "all.svg", *QUICK)
    for row in (1, 2):
        cells = [strokes(tmp_path / f"row{row}_column{column}.svg")[0] for column in (1, 2, 3, 4)]
        for left, right in itertools.pairwise(cells):
            assert right == left[: len(right)]
            assert len(right) < len(left)
        assert len(cells[-1]) == 16


def test_a_cell_is_what_its_fidelity_and_simplicity_give(command, scene, tmp_path):
    command("scene", scene[0], *scene[1], "--matrix", "2x2", "--matrix-dir", tmp_path, "-o", tmp_path / "all.svg", *QUICK)
    chosen = ("--fidelity", 0, "--simplicity", 1)
    command("scene", scene[0], *scene[1], "-o", tmp_path / "one.svg", *chosen, *QUICK)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "row2_column2.svg").read_bytes()


@pytest.mark.parametrize("shape", ["4", "0x3", "3x", "axb", "13x2", "-1x2", "2x2x2"])
def test_a_matrix_that_is_none_is_wrong_usage(command, scene, tmp_path, shape):
    code, _out, err = command("scene", scene[0], "-o", tmp_path / "x.svg", f"--matrix={shape}")
    assert code == 2 and "4x4" in err


@pytest.mark.parametrize(
    "options",
    [
        ("--matrix-dir", "cells"),
        ("--matrix", "2x2", "--daemon"),
        ("--matrix", "2x2", "--method", "clipascene"),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_a_sentence(command, scene, tmp_path, options):
    code, _out, err = command("scene", scene[0], "-o", tmp_path / "x.svg", *options)
    assert code == 1 and "matrix" in err and err.rstrip().endswith(".")
    assert not (tmp_path / "x.svg").exists()


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_drawn(command, scene, tmp_path):
    (tmp_path / "file").touch()
    options = ("--matrix", "2x2", "--matrix-dir", tmp_path / "file" / "cells")
    code, _out, err = command("scene", scene[0], "-o", tmp_path / "x.svg", *options)
    assert code == 1 and "cannot be made" in err


def test_the_published_method_names_the_weights_that_it_needs(command, scene, tmp_path):
    code, _out, err = command("scene", scene[0], *scene[1], "-o", tmp_path / "x.svg", "--method", "clipascene")
    assert code == 3 and "models pull squeezenet" in err
    assert not (tmp_path / "x.svg").exists()


def test_a_scene_can_be_watched_while_it_is_drawn_but_not_a_matrix(command, scene, tmp_path):
    code, _out, err = command("scene", scene[0], *scene[1], "--animate", "-o", tmp_path / "x.svg", *QUICK)
    assert code == 0, err
    assert "@keyframes" in (tmp_path / "x.svg").read_text()
    code, _out, err = command("scene", scene[0], "--animate", "--matrix", "2x2", "-o", tmp_path / "y.svg", *QUICK)
    assert code == 1 and "Leave out --animate" in err
    code, _out, err = command("scene", scene[0], "--matrix", "2x2", "-o", tmp_path / "y.gif", *QUICK)
    assert code == 1 and not (tmp_path / "y.gif").exists()
