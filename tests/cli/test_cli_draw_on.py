import io

import cv2
import numpy as np
import pytest
from lxml import etree
from PIL import Image

QUICK = ("--steps", 0, "--strokes", 5, "--device", "cpu", "--mask", "none")
SHORT = ("--seconds", 1)


@pytest.fixture
def picture(tmp_path):
    pixels = np.full((90, 120, 3), 225, np.uint8)
    cv2.rectangle(pixels, (25, 20), (90, 70), (40, 30, 90), -1)
    cv2.circle(pixels, (58, 45), 15, (200, 160, 40), -1)
    Image.fromarray(pixels).save(tmp_path / "box.png")
    return tmp_path / "box.png"


def test_a_sketch_can_be_watched_while_it_is_drawn(command, picture, tmp_path):
    names = [tmp_path / name for name in ("x.gif", "x.mp4", "x.svg", "x.png")]
    outputs = [part for name in names for part in ("-o", name)]
    code, out, err = command("sketch", picture, *outputs, "--animate", "--style", "pencil", *SHORT, *QUICK)
    assert code == 0, err
    assert all(str(name) in out for name in names)
    film = Image.open(io.BytesIO(names[0].read_bytes()))
    assert film.n_frames > 10 and film.size == (120, 90)
    capture = cv2.VideoCapture(str(names[1]))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) > 10
    assert "prefers-reduced-motion" in names[2].read_text()
    assert Image.open(names[3]).size == (120, 90)


def test_without_the_option_an_svg_stands_still(command, picture, tmp_path):
    code, _out, err = command("sketch", picture, "-o", tmp_path / "x.svg", *QUICK)
    assert code == 0, err
    assert etree.parse(str(tmp_path / "x.svg")).find(".//{http://www.w3.org/2000/svg}style") is None


def test_what_cannot_play_is_refused_before_it_is_drawn(command, picture, tmp_path):
    code, _out, err = command("sketch", picture, "-o", tmp_path / "x.png", "--animate", *QUICK)
    assert code == 1 and ".svg" in err and not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("command_name", ["sketch", "scene"])
def test_a_time_for_what_does_not_play_is_refused(command, picture, tmp_path, command_name):
    output = ("-o", tmp_path / "x.svg", "-o", tmp_path / "x.png")
    code, _out, err = command(command_name, picture, *output, "--seconds", 3, *QUICK)
    assert code == 1 and "--animate" in err and len(err.splitlines()) == 1 and not (tmp_path / "x.svg").exists()


@pytest.mark.parametrize("options", [("--seconds", "0"), ("--seconds", "soon"), ("-o", "x.avi")])
def test_wrong_usage_is_told(command, picture, tmp_path, options):
    assert command("sketch", picture, "-o", tmp_path / "x.svg", *options)[0] == 2
