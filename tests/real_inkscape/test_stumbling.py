"""An error of ours in what follows on a click reaches the user, in a Python that has GTK."""

import json
import subprocess
from pathlib import Path

import gui
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import gi, json, sys
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk
from stylesketch_ext.dialogs.look import button
from stylesketch_ext.dialogs.stumbling import errors_told

told, before = [], sys.excepthook
broken = button("_Break", lambda: {}["pen"])
with errors_told(lambda failure: told.append(str(failure))):
    broken.clicked()
print(json.dumps([told, sys.excepthook is before]))
"""

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(60)]


def test_it_is_told_and_the_old_hook_comes_back(screen):
    python = gui.python_with_accessibility()
    if not python:
        pytest.skip("no Python with GTK: install python3-gi and gir1.2-gtk-3.0")
    environment = {**screen, "PYTHONPATH": str(ROOT / "inkscape_ext"), "LANGUAGE": "en", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([python, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [["StyleSketch stumbled over an error of its own ('pen'): try again."], True]
