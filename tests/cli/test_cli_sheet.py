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
    assert code == 2 and "usage:" in err


def test_a_sheet_is_no_svg(command, picture, tmp_path):
    code, _out, err = command("sheet", picture, "-o", tmp_path / "x.svg")
    assert code == 1 and ".png" in err
    assert not (tmp_path / "x.svg").exists()
