import json

import cv2
import numpy as np
import pytest
from lxml import etree
from PIL import Image

from backend.cli import sequence
from backend.recipes.sequence_notebook import Notebook

SVG = "{http://www.w3.org/2000/svg}"
QUICK = ("--steps", 0, "--strokes", 6, "--device", "cpu", "--mask", "none")


@pytest.fixture
def frames(tmp_path):
    """A box with a lid that moves to the right by 3 px a frame."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(4):
        pixels = np.full((60, 80, 3), 225, np.uint8)
        cv2.rectangle(pixels, (15 + 3 * number, 15), (50 + 3 * number, 45), (40, 30, 90), -1)
        cv2.rectangle(pixels, (15 + 3 * number, 15), (50 + 3 * number, 24), (200, 160, 40), -1)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_a_clip_becomes_every_kind_of_file(command, frames, tmp_path):
    names = [tmp_path / name for name in ("x.svg", "x.gif", "x.mp4", "x.json")]
    outputs = [part for name in names for part in ("-o", name)]
    options = ("--frames-dir", tmp_path / "drawn", "--fps", 20, "--every", 1, "--max-frames", 3, "--json")
    code, out, err = command("sequence", frames, *outputs, *options, *QUICK)
    assert code == 0, err
    account = json.loads(out)
    assert (account["frames"], account["rate"], account["shots"], account["frames_kept"]) == (3, 10.0, [0], 0)
    drawn = [f"frame_{k:05d}{ending}" for k in range(6) for ending in (".png", ".svg")]  # twice as many as frames
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == drawn
    assert account["outputs"][:4] == [str(name) for name in names] and len(account["outputs"]) == 16
    svg = etree.parse(str(names[0])).getroot()
    labels = [group.get("{http://www.inkscape.org/namespaces/inkscape}label") for group in svg.findall(f"{SVG}g")]
    assert labels == ["frame 0", "frame 1", "frame 2"]
    assert len(json.loads(names[3].read_text())["strokes"]) == account["strokes"] <= 6
    assert all(name.stat().st_size > 100 for name in names)
    assert not list((tmp_path / "home" / "data" / "sequences").iterdir())  # nothing is left of the run


def test_an_svg_can_play(command, frames, tmp_path):
    code, out, err = command("sequence", str(frames / "*.png"), "-o", tmp_path / "x.svg", "--animate", *QUICK)
    assert code == 0, err
    assert "4 frames" in out
    assert list(etree.parse(str(tmp_path / "x.svg")).getroot().iter(f"{SVG}animate"))


def test_a_stopped_run_is_told_of_and_goes_on(command, frames, tmp_path, monkeypatch):
    add = Notebook.add

    def stopped(self, page):
        add(self, page)
        if page.number == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Notebook, "add", stopped)
    code, _out, err = command("sequence", frames, "-o", tmp_path / "x.svg", *QUICK)
    assert code == 130 and "goes on from there" in err
    assert not (tmp_path / "x.svg").exists()
    monkeypatch.setattr(Notebook, "add", add)
    code, out, err = command("sequence", frames, "-o", tmp_path / "x.svg", *QUICK)
    assert code == 0, err
    assert "2 of them by an earlier run" in out
    command("sequence", frames, "-o", tmp_path / "y.svg", *QUICK)
    assert (tmp_path / "x.svg").read_bytes() == (tmp_path / "y.svg").read_bytes()


@pytest.mark.parametrize("other", [("--seed", 5), ("--rasterizer", "culled"), ()])
def test_other_settings_do_not_go_on_from_there(command, frames, tmp_path, monkeypatch, other):
    add = Notebook.add

    def stopped(self, page):
        add(self, page)
        raise KeyboardInterrupt

    monkeypatch.setattr(Notebook, "add", stopped)
    command("sequence", frames, "-o", tmp_path / "x.svg", *QUICK)
    monkeypatch.setattr(Notebook, "add", add)
    if not other:
        monkeypatch.setenv("STYLESKETCH_RASTERIZER", "culled")
    code, out, _err = command("sequence", frames, "-o", tmp_path / "x.svg", *QUICK, *other)
    assert code == 0 and "earlier" not in out


@pytest.mark.parametrize(("name", "expected"), [
    ("nothing.mp4", "Check its name"),
    ("empty", "no pictures"),
    ("broken.mp4", "no video that can be read"),
    ("/dev/null", "is a device or a pipe"),
])  # fmt: skip
def test_what_is_no_clip_is_told_in_a_sentence(command, tmp_path, name, expected):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    code, _out, err = command("sequence", tmp_path / name, "-o", tmp_path / "x.svg", *QUICK)
    assert code == 1 and expected in err and err.rstrip().endswith(".") and "\n" not in err.rstrip()


def test_frames_are_never_overwritten(command, frames, tmp_path):
    code, _out, err = command("sequence", frames, "-o", tmp_path / "x.svg", "--frames-dir", frames, *QUICK)
    assert code == 1 and "so that nothing is lost" in err


def test_masks_that_do_not_fit_are_told(command, frames, tmp_path):
    (tmp_path / "masks").mkdir()
    for number in range(2):
        Image.new("L", (80, 60), 255).save(tmp_path / "masks" / f"{number}.png")
    code, _out, err = command("sequence", frames, "-o", tmp_path / "x.svg", *QUICK, "--mask", tmp_path / "masks")
    assert code == 1 and "only 2 masks" in err


@pytest.mark.parametrize("options", [("--fps", "0"), ("--fps", "fast"), ("--every", "0"), ("-o", "x.png")])
def test_wrong_usage_is_told(command, frames, tmp_path, options):
    code, _out, _err = command("sequence", frames, "-o", tmp_path / "x.svg", *options)
    assert code == 2


@pytest.mark.parametrize(
    ("output", "options", "told"),
    [
        ("x.svg", ("--fps", 5), "--frames-dir"),
        ("x.gif", ("--animate",), "for an .svg"),
        ("x.json", ("--fps", 5), "--frames-dir"),
    ],
)
def test_what_changes_nothing_is_refused(command, frames, tmp_path, output, options, told):
    code, _out, err = command("sequence", frames, "-o", tmp_path / output, *options, *QUICK)
    assert code == 1 and told in err and len(err.splitlines()) == 1 and not (tmp_path / output).exists()


def test_the_formats_are_those_that_the_command_writes():
    assert sequence.ENDINGS == (".svg", ".gif", ".mp4", ".json")


TRACKER = """
import numpy as np

def right(before, after, points):
    return points + (3, 0), np.ones(len(points), bool)

def broken(before, after, points):
    raise ValueError("no weights here")
"""


def test_a_tracker_of_the_user_s_follows_the_points(command, frames, tmp_path):
    (tmp_path / "mine.py").write_text(TRACKER)
    name = f"{tmp_path / 'mine.py'}:"
    code, out, err = command("sequence", frames, "-o", tmp_path / "x.json", "--tracker", name + "right", "--json", *QUICK)
    assert code == 0, err
    assert f"Points were followed by {name}right." in json.loads(out)["notes"]
    first = json.loads((tmp_path / "x.json").read_text())["strokes"][0]
    ways = np.array(first["points"])
    assert (ways[3] - ways[0]).mean(0) == pytest.approx([9, 0], abs=1)
    code, _out, err = command("sequence", frames, "-o", tmp_path / "y.json", "--tracker", name + "broken", *QUICK)
    assert code == 1 and "no weights here" in err
    code, _out, err = command("sequence", frames, "-o", tmp_path / "y.json", "--tracker", name + "gone", *QUICK)
    assert code == 1 and "Check the name after the colon" in err


def test_the_seed_that_is_best_for_the_first_frame_draws_the_clip(command, frames, tmp_path):
    code, out, err = command("sequence", frames, "-o", tmp_path / "best.json", "--candidates", 3, "--seed", 4, "--json", *QUICK)
    assert code == 0, err
    account = json.loads(out)
    [note] = [note for note in account["notes"] if note.startswith("Of 3 attempts")]
    assert account["seed"] in (4, 5, 6) and f"the one of seed {account['seed']} was kept" in note
    assert command("sequence", frames, "-o", tmp_path / "alone.json", "--seed", account["seed"], *QUICK)[0] == 0
    assert (tmp_path / "best.json").read_text() == (tmp_path / "alone.json").read_text()
