"""The form by itself, in a Python that has GTK: what it offers, hides and reads."""

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
from stylesketch_ext.choices import Choices
from stylesketch_ext.dialogs.choices_panel import ChoicesPanel
from stylesketch_ext.wire.messages import StyleInfo

pack = StyleInfo("ink", "Ink", strokes=90)
seed, attempts = map(int, sys.argv[1:])
choices = Choices(strokes=64, fidelity=0.3, style_strength=0.4, seed=seed, candidates=attempts, hide=seed > 0)
panel, seen = ChoicesPanel(choices), []
panel.show_all()
for kinds in ((), ("classical",), ("classical", "clip"), ("classical",)):
    panel.offer_guidance(kinds)
    seen.append(panel._guidance.get_visible() and panel._guidance_label.get_visible())
panel._strokes.set_value(2000)
chosen = panel.read()
panel.style_is(pack)
asked = chosen.strokes
panel._automatic.set_active(True)
panel.style_is(pack)
strengths = chosen.hide, chosen.style_strength, panel._strokes.get_value_as_int(), panel.read().strokes
panel._automatic.set_active(False)
panel._strokes.set_value(400)
print(json.dumps([seen, asked, chosen.fidelity, chosen.guidance, panel.summary("Charcoal"), strengths]))
"""

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(60)]


@pytest.mark.parametrize(("seed", "attempts", "told"), [(0, 1, ""), (5, 3, " · seed 5 · 3 attempts")])
def test_what_the_form_offers(seed, attempts, told, screen):
    python = gui.python_with_accessibility()
    if not python:
        pytest.skip("no Python with GTK: install python3-gi and gir1.2-gtk-3.0")
    environment = {**screen, "PYTHONPATH": str(ROOT / "inkscape_ext"), "LANGUAGE": "en", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [python, "-c", SCRIPT, str(seed), str(attempts)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown, strokes, fidelity, guidance, summary, others = json.loads(done.stdout)
    assert shown == [False, False, True, False]
    assert (strokes, fidelity, guidance) == (1000, 0.3, "auto")
    assert others == [seed > 0, 0.4, 90, 0]  # whether it hides, the strength; what "automatic" shows, and means
    assert summary == "Charcoal · Main subject · 400 strokes" + told
