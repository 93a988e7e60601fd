"""Restyle…, Texture… and Prompt… as a user meets them, by real clicks: choose, watch, pick, insert, undo, cancel."""

import json
import time
from pathlib import Path

import gui
import pytest
import rings
from lxml import etree
from test_gui import no_dialogs, save

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(300), pytest.mark.slow]

MAIN = " - Inkscape$"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
SVG = "{http://www.w3.org/2000/svg}"
BODY = (
    '<image id="i" x="60" y="60" width="300" height="225" xlink:href="{png}" inkscape:label="A ring"/>'
    '<rect id="r" x="60" y="300" width="90" height="60" fill="#fc0"/>'
)


@pytest.fixture(autouse=True)
def need_accessibility():
    if not gui.python_with_accessibility():
        pytest.skip("no Python with AT-SPI: install python3-gi and gir1.2-atspi-2.0")


def labels(document):
    found = [child.get(LABEL) or "" for child in etree.parse(str(document)).getroot()]
    return [label for label in found if label.endswith("(StyleSketch)")]


def read_slowly(installed, seconds=15.0):
    """Notes stay longer: clicks take their time on a busy machine."""
    window = installed.profile / "extensions/stylesketch/inkscape_ext/stylesketch_ext/dialogs/job_window.py"
    text = window.read_text(encoding="utf-8")
    assert "READING = 4.0" in text
    window.write_text(text.replace("READING = 4.0", f"READING = {seconds}"), encoding="utf-8")


def open_item(inkscape, entry, window, *keys):
    inkscape.focus(MAIN)
    inkscape.key(*keys)
    inkscape.menu("Extensions", "StyleSketch", entry)
    inkscape.wait_for(window)


def undo_and_redo(inkscape, document, undone):
    """One step each; before the first save, which adds an undo step of its own in 1.2."""
    inkscape.focus(MAIN)
    inkscape.key("ctrl+z")
    time.sleep(0.5)
    save(inkscape)
    assert undone()
    inkscape.key("ctrl+shift+z")
    time.sleep(0.5)
    save(inkscape)


def test_restyle_and_prompt(screen, fake_profile, tmp_path):
    installed, engine = fake_profile
    installed.remember()
    read_slowly(installed)
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", BODY)
    with gui.inkscape(screen, installed.profile, document) as inkscape:
        window = "^Restyle"
        engine.mode, engine.seconds = "slow", 25.0
        open_item(inkscape, "Restyle…", window, "Escape", "ctrl+alt+a")
        inkscape.wait_text(window, "A ring")
        inkscape.pick(window, "Charcoal")
        inkscape.press(window, "Start")
        inkscape.wait_text(window, "Drawing the lines")
        inkscape.press(window, "Cancel")
        inkscape.wait_text(window, "Restyling was canceled.", 15)
        assert engine.cancelled == {"job1"}
        engine.mode = "fails"
        inkscape.press(window, "Start")
        inkscape.wait_text(window, "(?s)There was not enough memory: choose fewer strokes\\..*Troubleshooting.*")
        inkscape.key("Escape")
        inkscape.wait_gone(window, 15)
        assert not no_dialogs(inkscape)

        engine.mode = "good"
        open_item(inkscape, "Restyle…", window)
        inkscape.wait_text(window, "Technical pen")
        inkscape.pick(window, "Charcoal")
        inkscape.press(window, "Start")
        inkscape.wait_gone(window, 30)
        time.sleep(0.5)
        assert not no_dialogs(inkscape)
        undo_and_redo(inkscape, document, lambda: labels(document) == [])
        assert labels(document) == ["A ring — Charcoal (StyleSketch)"]

        open_item(inkscape, "Restyle…", window, "Escape", "ctrl+alt+a")
        inkscape.wait_text(window, "2 pictures")  # the photograph, and what it was restyled to
        inkscape.pick(window, "Charcoal")
        inkscape.key("alt+l")  # Result
        inkscape.key("Down")
        inkscape.key("alt+i")  # Insert the picture too
        inkscape.shot(tmp_path / "sketch.png")
        inkscape.press(window, "Start")
        inkscape.wait_text(window, "CLIP was not used: it is not installed.")
        inkscape.press(window, "Insert now")
        inkscape.wait_gone(window, 15)
        time.sleep(0.5)
        assert not no_dialogs(inkscape)
        save(inkscape)
        found = etree.parse(str(document)).getroot()
        names = [child.get(LABEL) or "" for child in found]
        assert "A ring — Technical pen (StyleSketch)" in names and "A ring (picture)" in names
        assert [engine.jobs[job].sketch.style for job in ("job4", "job5")] == ["charcoal", "charcoal"]

        window = "^Prompt"
        open_item(inkscape, "Prompt…", window, "Escape", "Escape")
        inkscape.wait_text(window, "What is to be drawn\\?")
        inkscape.wait_text(window, "Technical pen")
        inkscape.press(window, "Start")
        inkscape.wait_text(window, "(?s)Write in a few words what is to be drawn.*")
        inkscape.key("a", "space", "h", "o", "r", "s", "e")  # into the field that is meant
        inkscape.shot(tmp_path / "prompt.png")
        inkscape.key("Return")
        inkscape.wait_text(window, "CLIP was not used: it is not installed.")
        inkscape.press(window, "Insert now")
        inkscape.wait_gone(window, 15)
        time.sleep(0.5)
        save(inkscape)
        assert "a horse — Technical pen (StyleSketch)" in labels(document)
        assert engine.jobs["job6"].prompt == "a horse"
        kept = json.loads((Path(installed.engine["data"]) / "inkscape-prompt.json").read_text())
        assert kept["text"] == "a horse"


def test_texture(screen, fake_profile, tmp_path):
    installed, engine = fake_profile
    installed.remember()
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", BODY.partition("/>")[2])
    window = "^Texture"
    with gui.inkscape(screen, installed.profile, document) as inkscape:
        open_item(inkscape, "Texture…", window, "Escape", "ctrl+alt+a")
        inkscape.wait_text(window, "Charcoal")
        inkscape.pick(window, "Charcoal")
        inkscape.press(window, "Start")
        inkscape.wait_text(window, "3 textures are ready: pick one.")
        inkscape.pick(window, "seed 2")
        inkscape.shot(tmp_path / "pick.png")
        inkscape.press(window, "Cancel")
        inkscape.wait_text(window, "The texture was not inserted.")
        inkscape.press(window, "Start")
        inkscape.wait_text(window, "3 textures are ready: pick one.")
        inkscape.pick(window, "seed 1")
        inkscape.press(window, "Insert")
        inkscape.wait_gone(window, 15)
        time.sleep(0.5)
        assert not no_dialogs(inkscape)
        undo_and_redo(inkscape, document, lambda: b"<pattern" not in document.read_bytes())
        root = etree.parse(str(document)).getroot()
        (pattern,) = root.iter(SVG + "pattern")
        assert pattern.get("{https://stylesketch.org/ns/1}seed") == "1"
        assert f"fill:url(#{pattern.get('id')})" in root.find(".//*[@id='r']").get("style").replace('"', "")
        inkscape.shot(tmp_path / "filled.png")
    assert [request.tries for request in engine.jobs.values()] == [3, 3]
