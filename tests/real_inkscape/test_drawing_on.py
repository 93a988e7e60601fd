"""Re-sketch… in the real Inkscape: selected strokes are drawn anew on the picture's lines, all others stay as they are."""

import os
from pathlib import Path

import gui
import pytest
import rings
from headless import render, run_extension, window_titles
from lxml import etree
from test_gui import no_dialogs
from test_images_gui import MAIN, open_item, undo_and_redo

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(300)]

SVG = "{http://www.w3.org/2000/svg}"
OURS = "{https://stylesketch.org/ns/1}"
BODY = (
    '<g inkscape:groupmode="layer" id="l" transform="translate(300,20) rotate(30)"><g transform="scale(-1,1.2)">'
    '<image id="i" x="5" width="200" height="150" transform="skewX(10)" xlink:href="{png}"/></g></g>'
)
SHOTS = os.environ.get("STYLESKETCH_SHOTS")  # a folder: what the window looks like is kept there


def ran(entry, screen, installed, document, output, select=(), timeout=120):
    done = run_extension(screen, installed.profile, document, output, select, timeout, entry)
    assert (done.windows, done.written) == ((), True), done.output
    assert not [title for title in window_titles(screen) if "Inkscape" in title]
    return etree.parse(str(output)).getroot()


def strokes(root):
    return {path.get("id"): path.get("d") for path in root.iter(SVG + "path") if path.get(OURS + "index")}


def test_selected_strokes_are_drawn_anew_by_the_real_engine(screen, installed_profile, tmp_path):
    rings.write_pictures(tmp_path)
    installed_profile.remember(gui=False, mask="none", strokes=4)
    document = rings.write_document(tmp_path / "document.svg", BODY)
    before = strokes(ran("style_sketch", screen, installed_profile, document, tmp_path / "sketched.svg", ["i"]))
    chosen, *others = before
    installed_profile.remember("style_refine", gui=False, deed="anew")
    root = ran("style_refine", screen, installed_profile, tmp_path / "sketched.svg", tmp_path / "again.svg", [chosen])
    after = strokes(root)
    assert len(after) >= len(others) + 1 and chosen not in after
    assert {name: after[name] for name in others} == {name: before[name] for name in others}
    (layer,) = [child for child in root if child.get(OURS + "recipe")]
    assert layer.get(OURS + "seed") == "1"
    render(screen, installed_profile.profile, document, tmp_path / "picture.png")
    render(screen, installed_profile.profile, tmp_path / "again.svg", tmp_path / "drawn.png", only=layer.get("id"))
    strokes_to_lines, _ = rings.distances(tmp_path / "picture.png", tmp_path / "drawn.png")
    assert strokes_to_lines <= 3


def test_strokes_are_taken_away_and_added_by_a_fake_one(screen, fake_profile, tmp_path):
    installed, _engine = fake_profile
    rings.write_pictures(tmp_path)
    installed.remember(gui=False, strokes=6)
    document = rings.write_document(tmp_path / "document.svg", BODY)
    before = strokes(ran("style_sketch", screen, installed, document, tmp_path / "sketched.svg", ["i"]))
    installed.remember("style_refine", gui=False, deed="keep", more=-2)
    less = strokes(ran("style_refine", screen, installed, tmp_path / "sketched.svg", tmp_path / "less.svg"))
    assert list(less.items()) == list(before.items())[:4]
    installed.remember("style_refine", gui=False, deed="keep", more=3)
    more = strokes(ran("style_refine", screen, installed, tmp_path / "less.svg", tmp_path / "more.svg"))
    assert list(more.items())[:4] == list(less.items()) and len(more) == 7


@pytest.mark.slow
def test_the_window_its_cancel_and_one_undo(screen, fake_profile, tmp_path):
    if not gui.python_with_accessibility():
        pytest.skip("no Python with AT-SPI: install python3-gi and gir1.2-atspi-2.0")
    installed, engine = fake_profile
    rings.write_pictures(tmp_path)
    installed.remember(gui=False, strokes=6)
    document = rings.write_document(tmp_path / "document.svg", BODY)
    before = strokes(ran("style_sketch", screen, installed, document, tmp_path / "sketched.svg", ["i"]))
    installed.remember("style_refine")
    window = "^Re-sketch"
    with gui.inkscape(screen, installed.profile, tmp_path / "sketched.svg") as inkscape:
        engine.mode, engine.seconds = "slow", 25.0
        open_item(inkscape, "Re-sketch…", window, "Escape")
        inkscape.wait_text(window, "i — 6 of 6 strokes")
        if SHOTS:
            inkscape.shot(Path(SHOTS) / "refine_form.png")
        inkscape.press(window, "Start")
        inkscape.wait_text(window, "Drawing the lines")
        inkscape.press(window, "Cancel")
        inkscape.wait_text(window, "Re-sketching was canceled.", 15)
        engine.mode = "good"
        inkscape.press(window, "Start")
        inkscape.wait_text(window, "CLIP was not used: it is not installed.")
        inkscape.press(window, "Insert now")
        inkscape.wait_gone(window, 15)
        assert not no_dialogs(inkscape)
        inkscape.focus(MAIN)

        def now():
            return strokes(etree.parse(str(tmp_path / "sketched.svg")).getroot())

        undo_and_redo(inkscape, tmp_path / "sketched.svg", lambda: now() == before)
        assert len(now()) == 14 and list(now().items())[:6] == list(before.items())  # nothing was selected: eight more
