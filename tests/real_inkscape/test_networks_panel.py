"""The window of the networks by itself, in a Python that has GTK: what is listed, downloaded and removed."""

import json
import subprocess
from pathlib import Path

import gui
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import gi, json, sys, time
gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk
from fake_engine import FakeEngine
from stylesketch_ext.client import BackendClient
from stylesketch_ext.dialogs.networks_panel import NetworksPanel, about_of, state_of
from stylesketch_ext.dialogs.packs_window import PacksWindow
from stylesketch_ext.errands import Errands

seen = []
with FakeEngine() as engine:
    errands = Errands(lambda tell, stopped: BackendClient("127.0.0.1", engine.port, engine.token))
    window = PacksWindow(lambda leave: NetworksPanel(errands, lambda failure: [str(failure)], leave), "Networks")
    panel = window._panel

    def until(condition):
        limit = time.monotonic() + 15
        while not condition():
            assert time.monotonic() < limit, "nothing happens"
            yield

    def labels():
        return {name: made.get_label() for name, made in panel._buttons.items()}

    def told():
        return panel._notice._text.get_text() if panel._notice.get_visible() else ""

    def steps():
        yield from until(lambda: panel._buttons)
        seen.append([labels(), [state_of(model) for model in engine.models.all()]])
        seen.append([about_of(model)[1:3] for model in engine.models.all()])
        panel._buttons["clip_rn101"].clicked()
        yield from until(lambda: panel._bar.get_visible() and panel._bar.get_fraction() > 0)
        seen.append([panel._cancel.get_visible(), [made.get_sensitive() for made in panel._buttons.values()]])
        yield from until(told)
        yield from until(lambda: labels().get("clip_rn101") == "Remove")
        seen.append([told(), panel._bar.get_visible()])
        panel._buttons["squeezenet"].clicked()
        yield from until(lambda: panel._notice.asking)
        seen.append(told())
        panel._notice.response(0)
        yield from until(lambda: labels().get("squeezenet") == "Download")
        if len(sys.argv) > 1:
            import subprocess
            subprocess.run(["import", "-window", "root", sys.argv[1]], check=False)
        window._close()

    work = steps()
    GLib.timeout_add(30, lambda: next(work, None) is None and not window._ended)
    window.run()
print(json.dumps(seen))
"""

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(60)]


def test_networks_are_downloaded_and_removed(screen):
    python = gui.python_with_accessibility()
    if not python:
        pytest.skip("no Python with GTK: install python3-gi and gir1.2-gtk-3.0")
    path = f"{ROOT / 'inkscape_ext'}:{ROOT / 'tests/inkscape_harness'}"
    environment = {**screen, "PYTHONPATH": path, "LANGUAGE": "en", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([python, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listed, about, pulling, brought, question = json.loads(done.stdout)
    assert about[2] == ["Nobody publishes it as one file.", "`bring own FILE` in a terminal brings it."]
    assert about[0] == about[1] == about[3] == ["", ""]
    assert listed == [
        {"squeezenet": "Remove", "clip_rn101": "Download"},
        ["here, 5 MB", "30 of 292 MB are here", "bring a file", "here"],
    ]
    assert pulling == [True, [False, False]]
    assert brought == ["CLIP RN101 is here now.\nIts sha256 was noted.", False]
    assert question == "Remove SqueezeNet 1.1? The file is deleted from this computer."
