"""On a screen of 1024 × 600 every window fits, so that its buttons can be reached."""

import gui
import pytest
import rings
import xsession
from test_gui import BODY, MAIN, need_accessibility  # noqa: F401

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(240)]

WINDOWS = [
    ("Sketch…", "^Sketch –", "Technical pen", ("Cancel", "Start")),
    ("Restyle…", "^Restyle", "Technical pen", ("Cancel", "Start")),
    ("Texture…", "^Texture", "Technical pen", ("Cancel", "Start")),
    ("Prompt…", "^Prompt", "Technical pen", ("Cancel", "Start")),
    ("Style Packs…", "^Style Packs", ".* · comes with StyleSketch", ("Export…", "Close")),
    ("Networks…", "^Networks", ".*", ("Close",)),
]


def test_every_window_fits_on_a_low_screen(fake_profile, tmp_path):
    lacking = xsession.lacking()
    if lacking:
        pytest.skip("not installed: " + ", ".join(lacking))
    installed, _engine = fake_profile
    installed.remember()
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", BODY)
    with xsession.screen("1024x600x24") as screen, gui.inkscape(screen, installed.profile, document) as inkscape:
        for entry, window, known, buttons in WINDOWS:
            inkscape.focus(MAIN)
            inkscape.key("Escape", "ctrl+alt+a")
            inkscape.menu("Extensions", "StyleSketch", entry)
            inkscape.wait_for(window)
            inkscape.wait_text(window, known)
            for button in buttons:
                _x, y, _width, height = inkscape.place(window, button)
                assert y >= 0 and y + height <= 600, (entry, button)
            inkscape.key("Escape")
            inkscape.wait_gone(window, 15)
