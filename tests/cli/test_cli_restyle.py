import json

import numpy as np
import pytest
from PIL import Image, ImageDraw
from stylesketch_ext.wire.messages import DrawingData, SketchResult, SketchSettings

from backend.cli import restyle_sketch


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

    real, seen = restyle._made, []

    def stopped(*arguments):
        seen.append(arguments)
        if len(seen) > 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(restyle, "_made", stopped)
    code, _out, err = command("restyle", folder, "--style", style, "-o", tmp_path / "out", "--strength", 0)
    assert code == 130 and "1 files were finished" in err
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["one.png"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("-o", "x.png", "--edges-out", "x.png"), "file of its own"),
        (("-o", "nowhere/x.png"), "does not exist"),
        (("-o", "x.png", "--pen", "charcoal"), "--pen is for sketches: add --sketch"),
        (("-o", "x.png", "--sketch-steps", "3"), "--sketch-steps is for sketches"),
        (("-o", "x.png", "--image-out", "y.png"), "--image-out is for sketches"),
        (("-o", "x.png", "--keep", "1,2 3,4"), "--keep is for sketches"),
        (("-o", "x.png", "--sketch", "--image-out", "x.png"), "file of its own"),
        (("-o", "x.png", "--sketch", "--seconds", "2"), "--seconds is for a drawing that plays"),
        (("-o", "x.png", "--sketch", "--guidance", "magic"), "no guidance named 'magic'"),
        (("-o", "x.png", "--sketch", "--pen", "gone"), "gone"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(command, picture, style, tmp_path, monkeypatch, options, word):
    monkeypatch.chdir(tmp_path)
    code, _out, err = command("restyle", picture, "--style", style, *options)
    assert code == 1 and word in err and err.rstrip().endswith(".")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("-o", "x.jpg"), "'x.jpg' must end in .png"),
        (("-o", "x.svg"), "'x.svg' must end in .png"),
        (("-o", "x.png", "-o", "y.png"), "given once"),
        (("-o", "x.png", "--edges-out", "y.jpg"), "--edges-out: 'y.jpg' must end in .png"),
        (("-o", "x.jpg", "--sketch"), "must end in one of: .svg, .png, .gif, .mp4"),
        (("-o", "x.svg", "--sketch", "--image-out", "y.jpg"), "--image-out: 'y.jpg' must end in .png"),
    ],
)
def test_a_wrong_ending_is_wrong_usage(command, picture, style, tmp_path, monkeypatch, options, word):
    monkeypatch.chdir(tmp_path)
    code, _out, err = command("restyle", picture, "--style", style, *options)
    assert code == 2 and word in err


@pytest.fixture
def disc(tmp_path):
    image = Image.new("RGB", (120, 90), "#e8e8e0")
    ImageDraw.Draw(image).ellipse((30, 15, 90, 75), fill="#303040")
    path = tmp_path / "disc.png"
    image.save(path)
    return path


def test_a_restyled_photograph_becomes_a_sketch(command, disc, tmp_path):
    out, drawn, film, seen = (tmp_path / name for name in ("x.svg", "x.png", "x.gif", "restyled.png"))
    options = ("--style", "woodcut", "--pen", "charcoal", "--strokes", 5, "--sketch-steps", 0, "--seconds", 0.5)
    files = ("-o", out, "-o", drawn, "-o", film, "--image-out", seen, "--edges-out", tmp_path / "edges.png")
    code, told, err = command("restyle", disc, "--sketch", *options, *files, "--json")
    assert code == 0, err
    account = json.loads(told)
    assert account["outputs"] == [str(path) for path in (out, drawn, film, seen, tmp_path / "edges.png")]
    assert (account["recipe"], account["style"], account["pen"]) == ("restyled", "woodcut", "charcoal")
    assert 1 <= account["strokes"] <= 5 and out.read_text().count("<path") >= account["strokes"]
    assert Image.open(drawn).size == Image.open(seen).size == (120, 90) and Image.open(film).n_frames > 3
    code, _told, err = command("restyle", disc, "--style", "woodcut", "-o", tmp_path / "plain.png")
    assert code == 0 and (tmp_path / "plain.png").read_bytes() == seen.read_bytes()


def test_the_device_that_is_told_of_a_sketch_is_the_one_that_drew_it():
    drawing = DrawingData(4, 3, [], "0123abcd")
    result = SketchResult(drawing, "ab", "x", "restyled", SketchSettings(), "Pen", "squeezenet", "cuda", "native", 3, "0")
    told = restyle_sketch.account(result)
    assert (told["device"], told["engine"]) == ("cuda", "native")


def test_the_pen_is_the_style_s_or_the_usual_one(command, disc, style, tmp_path):
    pens = []
    for name in ("woodcut", style):
        options = ("--style", name, "--sketch", "--strokes", 3, "--sketch-steps", 0, "-o", tmp_path / "x.svg", "--json")
        code, told, err = command("restyle", disc, *options)
        assert code == 0, err
        pens.append(json.loads(told)["pen"])
    assert pens == ["woodcut", "technical-pen"]


def test_a_folder_becomes_a_folder_of_sketches(command, folder, disc, style, tmp_path):
    (folder / "broken.png").unlink()
    (folder / "two.png").write_bytes(disc.read_bytes())
    (folder / "one.png").write_bytes(disc.read_bytes())
    options = ("--style", style, "--sketch", "--strokes", 3, "--sketch-steps", 0, "--image-out", tmp_path / "pictures")
    code, told, err = command("restyle", folder, *options, "-o", tmp_path / "out")
    assert code == 0 and "4 files" in told, err
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["one.svg", "two.svg"]
    assert sorted(p.name for p in (tmp_path / "pictures").iterdir()) == ["one.png", "two.png"]
    code, _told, err = command("restyle", folder, *options, "-o", tmp_path / "out", "--mask", disc)
    assert code == 1 and "single photograph" in err


def test_an_empty_folder_is_said(command, style, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _out, err = command("restyle", tmp_path / "empty", "--style", style, "-o", tmp_path / "out")
    assert code == 1 and "no picture" in err


def test_a_strength_out_of_range_is_wrong_usage(command, picture, style, tmp_path):
    assert command("restyle", picture, "--style", style, "-o", tmp_path / "x.png", "--strength", "1.5")[0] == 2
