"""Sketch Sequence… as a user meets it, by real clicks, with the real engine: choose, watch, frames on layers, undo, cancel."""

import base64
import io
import os
from pathlib import Path

import cv2
import gui
import numpy as np
import pytest
import rings
from lxml import etree
from PIL import Image
from test_gui import no_dialogs, save
from test_images_gui import MAIN, labels, open_item, undo_and_redo

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(400), pytest.mark.slow]

WINDOW = "^Sketch Sequence"
OURS = "{https://stylesketch.org/ns/1}"
SVG = "{http://www.w3.org/2000/svg}"
SHOTS = os.environ.get("STYLESKETCH_SHOTS")  # a folder: what the window looks like is kept there


def ball(number):
    """A PNG of a ball with a cross, on its way to the right, as a data URI."""
    pixels = np.full((150, 200, 3), 250, np.uint8)
    x = 60 + 8 * number
    cv2.circle(pixels, (x, 75), 40, (70, 60, 150), -1, cv2.LINE_AA)
    cv2.line(pixels, (x - 18, 75), (x + 18, 75), (230, 220, 90), 4, cv2.LINE_AA)
    cv2.line(pixels, (x, 57), (x, 93), (230, 220, 90), 4, cv2.LINE_AA)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def shot(inkscape, name):
    if SHOTS:
        inkscape.shot(Path(SHOTS) / f"{name}.png")


def test_pictures_become_frames(screen, installed_profile, tmp_path):
    if not gui.python_with_accessibility():
        pytest.skip("no Python with AT-SPI: install python3-gi and gir1.2-atspi-2.0")
    rings.write_pictures(tmp_path)
    body = "".join(
        f'<image id="i{k}" x="{20 + 130 * k}" y="60" width="120" height="90" xlink:href="{ball(k)}" inkscape:label="Ball {k}"/>'
        for k in range(3)
    )
    installed_profile.remember("style_sequence")
    document = rings.write_document(tmp_path / "document.svg", body)
    with gui.inkscape(screen, installed_profile.profile, document) as inkscape:
        open_item(inkscape, "Sketch Sequence…", WINDOW, "Escape", "ctrl+alt+a")
        inkscape.wait_text(WINDOW, "3 pictures")
        inkscape.wait_text(WINDOW, "Technical pen", 60)
        shot(inkscape, "sequence_form")
        inkscape.key("Escape")
        inkscape.wait_gone(WINDOW, 15)
        assert not no_dialogs(inkscape)

        open_item(inkscape, "Sketch Sequence…", WINDOW)
        inkscape.wait_text(WINDOW, "Technical pen", 60)
        inkscape.press(WINDOW, "Start")
        inkscape.wait_gone(WINDOW, 120)
        assert not no_dialogs(inkscape)
        shot(inkscape, "sequence_done")
        undo_and_redo(inkscape, document, lambda: not labels(document))
        inkscape.focus(MAIN)
        save(inkscape)
        layers = [child for child in etree.parse(str(document)).getroot() if child.get(OURS + "recipe") == "sequence"]
        assert len(layers) == 3
        assert ["display:none" in (layer.get("style") or "") for layer in layers] == [False, True, True]
        kept = [{path.get("id").rsplit("-", 1)[1] for path in layer.iter(SVG + "path")} for layer in layers]
        assert len(kept[0] & kept[1] & kept[2]) >= 2  # the same strokes in every frame
