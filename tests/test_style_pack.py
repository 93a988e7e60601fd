import pytest

from backend.core.errors import BadRequest
from backend.style_library import bundled_packs
from backend.style_pack import Pen, parse_pack, read_pack, write_pack

FULL = """
title = "Red chalk"
strokes = 24
paper = "#f4ecd8"
[pen]
width = 0.01
color = "#ff0033"
"""


@pytest.fixture
def pack(tmp_path):
    """Writes a style.toml into a pack's folder and returns that folder."""

    def write(text, name="chalk"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "style.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder

    return write


def test_a_pack_says_how_a_stroke_looks(pack):
    read = read_pack(pack(FULL))
    assert (read.name, read.title, read.strokes) == ("chalk", "Red chalk", 24)
    assert read.pen == Pen(0.01, (1.0, 0.0, 0.2))
    assert read.paper == pytest.approx((244 / 255, 236 / 255, 216 / 255))


def test_a_title_is_enough(pack):
    read = read_pack(pack('title = "Pen"'))
    assert read.pen == Pen()
    assert read.paper == (1, 1, 1)
    assert read.strokes > 0


@pytest.mark.parametrize("text", [
    "", "strokes = 3", "title =", "title = \"x\"\ntitle = \"y\"", b"title = \"\xff\xfe\"", "\0",
    'title = "x"\nstrokes = "many"', 'title = "x"\nstrokes = nan', 'title = "x"\npaper = "white"', 'title = "x"\npaper = 5',
    'title = "x"\npen = 3', 'title = "x"\n[pen]\nwidth = "thick"', 'title = "x"\n[pen]\ncolor = "#ff00"',
    'title = "x"\n[pen]\ncolor = "#gg0000"', 'title = "x"\n[pen]\ncolor = [1, 2, 3]',
])  # fmt: skip
def test_a_wrong_file_is_told_with_its_place(pack, text):
    folder = pack(text)
    with pytest.raises(BadRequest) as error:
        read_pack(folder)
    assert str(folder / "style.toml") in str(error.value)
    assert str(error.value).endswith(".")


def test_a_folder_without_a_file_is_told(tmp_path):
    with pytest.raises(BadRequest, match=r"style\.toml"):
        read_pack(tmp_path)


@pytest.mark.parametrize("folder", [path.parent for path in bundled_packs().glob("*/style.toml")], ids=lambda path: path.name)
def test_every_bundled_pack_can_be_drawn_with(folder):
    read = read_pack(folder)
    assert read.title
    assert 0 < read.pen.width < 0.1
    assert read.strokes >= 1
    assert read.pen.color != read.paper


@pytest.mark.parametrize(
    "text",
    [
        "strokes = inf",
        "strokes = 0",
        "strokes = -4",
        "[pen]\nwidth = -1",
        "[pen]\nwidth = nan",
        "[pen]\nwidth = inf",
        "[pen]\nwidth = 0",
        "[pen]\ncolor = '#+1+1+1'",
        "strokes = true",
    ],
)
def test_packs_that_cannot_draw_are_told(tmp_path, text):
    (tmp_path / "style.toml").write_text('title = "x"\n' + text)
    with pytest.raises(BadRequest):
        read_pack(tmp_path)


EVERY_TABLE = """
format = 1
title = "All"
description = "Every table."
author = "us"
licence = "GPL-3.0-or-later"
[pen]
pressure = 0.5
taper_end = 0.25
[gesture]
wobble = 0.002
restate = 2
single_line = true
[hatch]
share = 0.5
angles = [30, -60]
[palette]
colors = ["#ff0000", "#0000ff"]
[texture]
kind = "grain"
[measured]
line_width = 0.004
orientations = [0.25, 0.75]
"""


def test_every_table_is_read_and_written_back():
    pack = parse_pack(EVERY_TABLE, "all")
    assert pack.gesture.single_line
    assert pack.hatch.angles == (30, -60)
    assert pack.palette.colors == ((1, 0, 0), (0, 0, 1))
    assert parse_pack(write_pack(pack), "all") == pack


@pytest.mark.parametrize("folder", [path.parent for path in bundled_packs().glob("*/style.toml")], ids=lambda path: path.name)
def test_every_bundled_pack_is_written_back(folder):
    pack = read_pack(folder)
    assert parse_pack(write_pack(pack), pack.name) == pack


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[hatch]\nangle = 45", "hatch.angle is unknown"),
        ("[hatch]\nshare = 1.5", "hatch.share is a number from 0 to 0.95, not 1.5"),
        ("[gesture]\nrestate = 0", "gesture.restate is a whole number from 1 to 5"),
        ("[texture]\nkind = 'oil'", "texture.kind is one of: none"),
        ("[pens]\nwidth = 1", "pens is unknown"),
        ("name = 'x'", "name is unknown"),
        ("format = 0", "format is a whole number"),
        (f"[hatch]\nshare = {'9' * 4000}", "hatch.share is a number from 0 to 0.95, not 999"),
        (f"[hatch]\nshare = 0x{'9' * 9000}", "hatch.share is a number from 0 to 0.95, not that"),
    ],
)
def test_a_wrong_entry_is_told_with_its_path(pack, toml, told):
    with pytest.raises(BadRequest, match="has a wrong entry") as error:
        read_pack(pack("title = 'x'\n" + toml))
    assert told in str(error.value)


def test_a_newer_format_asks_for_an_update(pack):
    with pytest.raises(BadRequest, match="Update StyleSketch"):
        read_pack(pack("format = 2\ntitle = 'x'\nsomething = 1"))


@pytest.mark.parametrize("number", ["9" * 5000, f"0x{'9' * 9000}"])
def test_numbers_of_thousands_of_digits_are_told(pack, number):
    with pytest.raises(BadRequest) as error:
        read_pack(pack(f"title = 'x'\nformat = {number}"))
    assert len(str(error.value)) < 300


def test_a_huge_file_is_not_read(pack):
    with pytest.raises(BadRequest, match="too large"):
        read_pack(pack("title = 'x'\n" + 200_000 * "#"))
