import re

import pytest
from PIL import Image

from tests.pictures import two_squares

QUICK = ("--steps", 0, "--strokes", 8, "--device", "cpu", "--quiet")
LEFT, RIGHT = "60,100 80,100", "220,100 240,100"
AROUND_RIGHT = "170,40 290,40 290,160 170,160"


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "squares.png"
    Image.fromarray(two_squares()).save(path)
    return path


def drawn_places(svg):
    """All x in the paths of an SVG file."""
    paths = re.findall(r' d="([^"]*)"', svg.read_text())
    return [float(x) for path in paths for x in re.findall(r"(-?[\d.]+),-?[\d.]+", path)]


@pytest.mark.parametrize(("options", "low", "high"), [
    (("--keep", LEFT), 20, 120),
    (("--keep", RIGHT), 180, 280),
    (("--keep", LEFT, "--keep", RIGHT), 20, 280),
    (("--around", AROUND_RIGHT), 180, 280),
    (("--around", "5,5 295,5 295,195 5,195", "--leave", RIGHT), 20, 120),
])  # fmt: skip
def test_what_is_marked_is_drawn(command, picture, tmp_path, options, low, high):
    out = tmp_path / "out.svg"
    code, _out, err = command("sketch", picture, "-o", out, *QUICK, *options)
    assert (code, err) == (0, "")
    places = drawn_places(out)
    assert low < min(places) < low + 20 and high - 20 < max(places) < high


def test_marks_stand_instead_of_the_mask(command, picture, tmp_path):
    out = tmp_path / "out.svg"
    assert command("sketch", picture, "-o", out, *QUICK, "--mask", "none", "--keep", LEFT)[0] == 0
    assert max(drawn_places(out)) < 120


def test_leaving_out_alone_tells_no_subject(command, picture, tmp_path):
    code, _out, err = command("sketch", picture, "-o", tmp_path / "out.svg", *QUICK, "--leave", LEFT)
    assert code == 1 and "Mark what is to be drawn" in err


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "1,nan", "1 2"])
def test_positions_are_pairs_of_numbers(command, picture, tmp_path, text):
    code, _out, err = command("sketch", picture, "-o", tmp_path / "out.svg", "--keep", text)
    assert code == 2 and "is not a row of positions" in err
