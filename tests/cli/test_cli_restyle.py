import json

import numpy as np
import pytest
from PIL import Image, ImageDraw


@pytest.fixture
def style(tmp_path):
    image = Image.new("RGB", (120, 100), "#e8dcc0")
    pen = ImageDraw.Draw(image)
    for x in range(-100, 120, 9):
        pen.line((x, 0, x + 100, 100), fill="#203050", width=2)
    path = tmp_path / "lines.png"
    image.save(path)
    return path


@pytest.fixture
def folder(tmp_path, picture):
    """Two photographs, one thing that is none, and a text."""
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    for name in ("one.png", "two.png"):
        Image.open(picture).save(inputs / name)
    (inputs / "broken.png").write_bytes(b"no picture")
    (inputs / "notes.txt").write_text("text")
    return inputs


def test_a_photograph_is_restyled_and_its_edges_kept(command, picture, style, tmp_path):
    options = ("--style", style, "-o", tmp_path / "x.png", "--edges-out", tmp_path / "edges.png", "--json")
    code, out, err = command("restyle", picture, *options)
    assert code == 0, err
    account = json.loads(out)
    assert account["outputs"] == [str(tmp_path / "x.png"), str(tmp_path / "edges.png")]
    assert account["style"] == "lines.png" and account["guidance"] == "classical"
    with Image.open(tmp_path / "x.png") as image, Image.open(tmp_path / "edges.png") as edges:
        assert image.size == edges.size == (96, 72) and edges.mode == "L"


def test_strength_zero_is_the_photograph(command, picture, tmp_path):
    code, _out, err = command("restyle", picture, "--style", "woodcut", "-o", tmp_path / "x.png", "--strength", 0)
    assert code == 0, err
    assert (np.asarray(Image.open(tmp_path / "x.png")) == np.asarray(Image.open(picture))).all()


def test_a_folder_gives_a_folder_and_tells_what_could_not_be_read(command, folder, style, tmp_path):
    out_folder, edges = tmp_path / "out", tmp_path / "edges"
    code, out, err = command("restyle", folder, "--style", style, "-o", out_folder, "--edges-out", edges, "--strength", 0)
    assert code == 1 and "broken.png" in err and "4 files" in out
    assert sorted(p.name for p in out_folder.iterdir()) == sorted(p.name for p in edges.iterdir()) == ["one.png", "two.png"]


def test_what_holds_of_all_photographs_is_said_once(command, folder, style, tmp_path):
    (folder / "broken.png").unlink()
    Image.open(folder / "one.png").resize((1200, 900)).save(folder / "one.png")
    code, _out, err = command("restyle", folder, "--style", style, "-o", tmp_path / "out", "--strength", 0.5)
    assert code == 0 and err.count("diffusion network") == 1
    assert "stylesketch: one.png: The result has 1024" in err and "stylesketch: Restyled without" in err


def test_pictures_of_one_name_do_not_overwrite_each_other(command, folder, style, tmp_path):
    Image.open(folder / "one.png").save(folder / "one.bmp")
    command("restyle", folder, "--style", style, "-o", tmp_path / "out", "--strength", 0)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["one.bmp.png", "one.png.png", "two.png"]


def test_nothing_is_written_over_its_input(command, picture, folder, style):
    before = picture.read_bytes()
    for arguments, word in (
        ((picture, "--style", style, "-o", picture), "itself"),
        ((picture, "--style", style, "-o", style), "itself"),
        ((folder, "--style", style, "-o", folder), "folder each"),
    ):
        code, _out, err = command("restyle", *arguments)
        assert code == 1 and word in err
    assert picture.read_bytes() == before


def test_ctrl_c_writes_nothing_more(command, folder, style, tmp_path, monkeypatch):
    from backend.cli import restyle

    real, seen = restyle._restyled, []

    def stopped(*arguments):
        seen.append(arguments)
        if len(seen) > 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(restyle, "_restyled", stopped)
    code, _out, err = command("restyle", folder, "--style", style, "-o", tmp_path / "out", "--strength", 0)
    assert code == 130 and "1 files were finished" in err
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["one.png"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("-o", "x.jpg"), ".png"),
        (("-o", "x.png", "--edges-out", "x.png"), "file of their own"),
        (("-o", "nowhere/x.png"), "does not exist"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(command, picture, style, tmp_path, monkeypatch, options, word):
    monkeypatch.chdir(tmp_path)
    code, _out, err = command("restyle", picture, "--style", style, *options)
    assert code == 1 and word in err and err.rstrip().endswith(".")


def test_an_empty_folder_is_said(command, style, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _out, err = command("restyle", tmp_path / "empty", "--style", style, "-o", tmp_path / "out")
    assert code == 1 and "no picture" in err


def test_a_strength_out_of_range_is_wrong_usage(command, picture, style, tmp_path):
    assert command("restyle", picture, "--style", style, "-o", tmp_path / "x.png", "--strength", "1.5")[0] == 2
