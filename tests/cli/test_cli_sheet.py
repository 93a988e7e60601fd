import pytest
from PIL import Image


def test_a_sheet_shows_photographs_beside_their_sketches(command, picture, tmp_path):
    sheet = tmp_path / "sheet.png"
    code, out, err = command("sheet", picture, picture, "-o", sheet, "--strokes", "2,4,6", "--cell", 160, "--device", "cpu")
    assert code == 0, err
    assert out.strip() == str(sheet)
    with Image.open(sheet) as image:
        assert image.width > 4 * 160 and 2 * 160 < image.height < 3 * 160
        cells = [image.convert("L").crop((12 + 172 * i, 34, 172 + 172 * i, 194)) for i in (1, 2, 3)]
    dark = [sum(cell.histogram()[:128]) for cell in cells]
    assert dark[0] <= dark[1] <= dark[2] and dark[2] > 0


@pytest.mark.parametrize("arguments", [("--strokes", "0"), ("--strokes", "a,b"), ("--cell", "9"), ("--fidelity", "3")])
def test_wrong_numbers_are_wrong_usage(command, picture, tmp_path, arguments):
    code, _out, err = command("sheet", picture, "-o", tmp_path / "x.png", *arguments)
    assert code == 2 and arguments[0] in err and err.count("\n") == 1


def test_a_picture_that_cannot_be_read_is_named_before_others_are_drawn(command, picture, tmp_path, monkeypatch):
    broken = tmp_path / "broken.png"
    broken.write_bytes(picture.read_bytes()[:200])
    monkeypatch.setattr("backend.core.work.completed", None)  # nothing is drawn
    code, _out, err = command("sheet", picture, broken, "-o", tmp_path / "x.png")
    assert code == 1 and "broken.png: The picture is damaged or cut short" in err


def test_a_sheet_is_no_svg(command, picture, tmp_path):
    code, _out, err = command("sheet", picture, "-o", tmp_path / "x.svg")
    assert code == 1 and ".png" in err
    assert not (tmp_path / "x.svg").exists()
