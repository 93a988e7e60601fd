"""The menu entry as a user meets it, by real clicks: sketch, undo, and a sketch that is canceled."""

import re
import time
from pathlib import Path

import gui
import pytest
import rings
from lxml import etree

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(240)]

MAIN = " - Inkscape$"
OURS = "^(Sketch|Skizze) – StyleSketch$"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
BODY = '<image id="i" x="60" y="60" width="300" height="225" xlink:href="{png}" inkscape:label="A ring"/>'


def layers(document):
    """The labels of the sketches in a saved document."""
    labels = [child.get(LABEL) or "" for child in etree.parse(str(document)).getroot()]
    return [label for label in labels if label.endswith("(StyleSketch)")]


def save(inkscape):
    inkscape.focus(MAIN)
    inkscape.key("ctrl+s")
    time.sleep(1.0)


def open_window(inkscape, menu="Extensions", entry="Sketch…"):
    inkscape.focus(MAIN)
    inkscape.menu(menu, "StyleSketch", entry)
    inkscape.wait_for(OURS)


def no_dialogs(inkscape):
    return [title for role, title in inkscape.titles() if role in ("dialog", "alert")]


@pytest.fixture(autouse=True)
def need_accessibility():
    if not gui.python_with_accessibility():
        pytest.skip("no Python with AT-SPI: install python3-gi and gir1.2-atspi-2.0")


def test_sketch_undo_and_cancel(screen, fake_profile, tmp_path):
    installed, engine = fake_profile
    installed.remember()
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", BODY)
    with gui.inkscape(screen, installed.profile, document) as inkscape:
        engine.mode, engine.seconds, engine.queue = "slow", 12.0, 1
        open_window(inkscape)
        inkscape.wait_text(OURS, "Drawing engine .* 1 waiting before yours")
        inkscape.wait_text(OURS, "Technical pen")
        inkscape.pick(OURS, "Charcoal")
        inkscape.shot(tmp_path / "choose.png")
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, "Drawing the lines")
        inkscape.wait_text(OURS, "Drawing engine [^—]*")
        inkscape.wait_text(OURS, "Charcoal · Main subject · automatic number of strokes")
        inkscape.wait_text(OURS, ".* left")
        inkscape.shot(tmp_path / "working.png")
        inkscape.wait_text(OURS, "CLIP was not used: it is not installed.")
        inkscape.shot(tmp_path / "notes.png")
        inkscape.wait_text(OURS, "12 of 12 strokes.")
        inkscape.press(OURS, "Insert")
        inkscape.wait_gone(OURS, 20)
        time.sleep(1.0)
        inkscape.shot(tmp_path / "result.png")
        assert not no_dialogs(inkscape)

        inkscape.focus(MAIN)
        inkscape.key("ctrl+z")  # before the first save: that adds an undo step of its own in 1.2
        time.sleep(0.5)
        save(inkscape)
        assert layers(document) == []
        inkscape.key("ctrl+shift+z")
        time.sleep(0.5)
        save(inkscape)
        assert layers(document) == ["A ring — Technical pen (StyleSketch)"]

        assert engine.jobs["job1"].settings.style == "charcoal"

        before = document.read_bytes()
        kept = (Path(installed.engine["data"]) / "inkscape-choices.json").read_text()
        engine.seconds, engine.queue = 60.0, 0
        open_window(inkscape)
        inkscape.press(OURS, "Automatic")
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, "Drawing the lines")
        inkscape.press(OURS, "Cancel")
        inkscape.wait_text(OURS, "The sketch was canceled.", 15)
        inkscape.shot(tmp_path / "canceled.png")
        assert engine.cancelled == {"job2"}
        engine.mode = "fails"
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, "(?s)There was not enough memory: choose fewer strokes\\..*Troubleshooting.*")
        inkscape.shot(tmp_path / "failure.png")
        engine.mode = "good"
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, "CLIP was not used: it is not installed.")
        inkscape.press(OURS, "Cancel")
        inkscape.wait_text(OURS, "The sketch was not inserted.")
        inkscape.key("Escape")
        inkscape.wait_gone(OURS, 15)
        assert len(engine.jobs) == 4
        time.sleep(0.5)
        assert not no_dialogs(inkscape)
        save(inkscape)
        assert document.read_bytes() == before
        assert (Path(installed.engine["data"]) / "inkscape-choices.json").read_text() == kept

        engine.mode = "good"
        del engine.styles.packs["charcoal"]
        open_window(inkscape)
        inkscape.wait_text(OURS, "The style “charcoal” is no longer installed, so “Technical pen” is chosen.")
        inkscape.key("alt+o")
        inkscape.key("Down", "Down")
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, "CLIP was not used: it is not installed.")
        inkscape.press(OURS, "Insert")
        inkscape.wait_gone(OURS, 3)
        assert engine.jobs["job5"].settings.style == "technical-pen"
        assert sorted(engine.images.values()) == [rings.SIZE, (1200, 900)]  # the file; what is visible


def test_a_canceled_job_ends_in_the_real_engine(screen, installed_profile, tmp_path):
    from stylesketch_ext.launcher import read_endpoint

    installed_profile.remember(steps=5000)
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", BODY)
    before = document.read_bytes()
    with gui.inkscape(screen, installed_profile.profile, document) as inkscape:
        open_window(inkscape)
        inkscape.wait_text(OURS, "Drawing engine .*")
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, ".* left", 60)
        inkscape.shot(tmp_path / "working.png")
        inkscape.press(OURS, "Cancel")
        inkscape.wait_text(OURS, "The sketch was canceled.", 20)
        inkscape.press(OURS, "Close")
        inkscape.wait_gone(OURS)
        assert not no_dialogs(inkscape)
    client = read_endpoint(installed_profile.engine["endpoint"]).client()
    limit = time.monotonic() + 10
    while client.health().queue and time.monotonic() < limit:
        time.sleep(0.2)
    assert client.health().queue == 0
    log = Path(installed_profile.engine["state"], "inkscape-extension.log").read_text()
    canceled = re.findall(r"job (\w+) canceled", log)[-1]
    assert client.job(canceled).state == "cancelled"
    assert document.read_bytes() == before


PAIR = (
    '<defs><clipPath id="c"><circle cx="120" cy="110" r="60"/></clipPath></defs>'
    '<image id="i" x="20" y="20" width="200" height="150" xlink:href="{png}" clip-path="url(#c)" inkscape:label="Clipped"/>'
    '<g inkscape:groupmode="layer" id="l"><image id="j" x="60" y="220" width="240" height="180" xlink:href="{png}"/></g>'
)


@pytest.mark.slow
def test_two_pictures_in_german_and_cancel_in_every_stage(screen, fake_profile, tmp_path):
    """One layer each and one undo step; what is clipped is drawn by Inkscape; each stage can be left."""
    installed, engine = fake_profile
    installed.remember()
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", PAIR)
    before = document.read_bytes()
    with gui.inkscape({**screen, "LANGUAGE": "de"}, installed.profile, document) as inkscape:
        for stage, pause in (("connecting", "/health"), ("handing over", "/images"), ("waiting", "/jobs")):
            engine.pauses = {pause: 2.5}
            select_all_and_open(inkscape)
            if stage == "connecting":
                inkscape.wait_text(OURS, "Die Stile erscheinen, sobald das Zeichenprogramm antwortet.", 2)
            else:
                inkscape.press(OURS, "Start")
                time.sleep(0.7)
            inkscape.shot(tmp_path / f"{stage}.png")
            inkscape.press(OURS, "Abbrechen")
            if stage != "connecting":
                inkscape.wait_text(OURS, "Die Skizze wurde abgebrochen.", 15)
                inkscape.press(OURS, "Schließen")
            inkscape.wait_gone(OURS, 15)
            engine.pauses = {}
            assert not no_dialogs(inkscape)

        select_all_and_open(inkscape)
        inkscape.wait_text(OURS, "2 Bilder")
        inkscape.shot(tmp_path / "german.png")
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, "2 Skizzen sind fertig.", 60)
        inkscape.shot(tmp_path / "ready.png")
        inkscape.press(OURS, "Abbrechen")
        inkscape.press(OURS, "Schließen")
        inkscape.wait_gone(OURS, 15)
        save(inkscape)
        assert document.read_bytes() == before

        engine.mode, engine.seconds = "slow", 5.0
        select_all_and_open(inkscape)
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, ".*Bild 2 von 2.", 60)
        inkscape.shot(tmp_path / "second.png")
        inkscape.wait_text(OURS, "Clipped, j: CLIP was not used: it is not installed.")
        inkscape.press(OURS, "Einfügen")
        inkscape.wait_gone(OURS)
        time.sleep(1.0)
        inkscape.shot(tmp_path / "two-layers.png")
        inkscape.focus(MAIN)
        inkscape.key("ctrl+z")  # before the first save: that adds an undo step of its own in 1.2
        time.sleep(0.5)
        save(inkscape)
        assert layers(document) == []
        inkscape.key("ctrl+shift+z")
        time.sleep(0.5)
        save(inkscape)
        assert layers(document) == ["Clipped — Technical pen (StyleSketch)", "j — Technical pen (StyleSketch)"]
        assert not no_dialogs(inkscape)


def select_all_and_open(inkscape):
    inkscape.focus(MAIN)
    inkscape.key("ctrl+alt+a")
    open_window(inkscape, "Erweiterungen|Extensions", "Skizze…|Sketch…")  # German where the system knows it


def test_a_scene_s_plane_is_looked_at_and_inserted_as_a_whole(screen, fake_profile, tmp_path):
    """Rows come while the pad is there; keys move its dot; all sketches become layers of one layer, one of them visible."""
    installed, engine = fake_profile
    installed.remember(mask="scene")
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", BODY)
    with gui.inkscape(screen, installed.profile, document) as inkscape:
        open_window(inkscape)
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, "12 of 12 strokes\\..*")
        inkscape.shot(tmp_path / "first.png")
        inkscape.wait_text(OURS, "12 of 12 strokes\\.")  # all rows are there
        inkscape.key("shift+Tab", "shift+Tab", "shift+Tab")
        inkscape.shot(tmp_path / "rows.png")
        inkscape.press(OURS, "Insert all")
        inkscape.wait_gone(OURS, 20)
        time.sleep(1.0)
        inkscape.shot(tmp_path / "inserted.png")
        assert not no_dialogs(inkscape)
        save(inkscape)
    assert layers(document) == ["A ring — Technical pen (StyleSketch)"]
    [layer] = [child for child in etree.parse(str(document)).getroot() if (child.get(LABEL) or "").endswith("(StyleSketch)")]
    parts = [child for child in layer if child.get(LABEL)]
    assert len(parts) == 16
    assert [part.get(LABEL) for part in parts if "display:none" not in (part.get("style") or "")] == [
        "fidelity 1, simplicity 0"
    ]
    assert engine.jobs["job2"].fidelities == pytest.approx([2 / 3, 1 / 3, 0.0])


def test_one_of_several_attempts_is_picked_and_inserted(screen, fake_profile, tmp_path):
    """Of four attempts the best is chosen at first; a click on another one puts that into the document."""
    installed, engine = fake_profile
    installed.remember()
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", BODY)
    with gui.inkscape(screen, installed.profile, document) as inkscape:
        open_window(inkscape)
        inkscape.key("alt+p", "4")  # which selects what is there
        inkscape.shot(tmp_path / "form.png")
        inkscape.press(OURS, "Start")
        inkscape.wait_text(OURS, "11 of 11 strokes.")  # of the second one, which is the best
        inkscape.shot(tmp_path / "attempts.png")
        inkscape.pick(OURS, "0.600")
        inkscape.wait_text(OURS, "9 of 9 strokes.")
        inkscape.shot(tmp_path / "picked.png")
        inkscape.press(OURS, "Insert")
        inkscape.wait_gone(OURS, 20)
        time.sleep(1.0)
        assert not no_dialogs(inkscape)
        save(inkscape)
    assert engine.jobs["job1"].settings.candidates == 4
    [layer] = [child for child in etree.parse(str(document)).getroot() if (child.get(LABEL) or "").endswith("(StyleSketch)")]
    assert len([path for path in layer.iter() if str(path.tag).endswith("}path")]) == 9
    assert layer.get("{https://stylesketch.org/ns/1}seed") == "3"
