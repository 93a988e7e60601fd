"""The window of any work by itself, in a Python that has GTK: a form of fields, the work, its end, and tries to pick from."""

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
from fake_engine import png
from stylesketch_ext.dialogs.fields_form import FieldsForm
from stylesketch_ext.dialogs.job_terms import Leads, Words
from stylesketch_ext.dialogs.job_window import JobWindow
from stylesketch_ext.engine_thread import EngineThread
from stylesketch_ext.failures import Asked, Failure
from stylesketch_ext.fields import Choice, Line, Number, Pack, Pen, Share, Switch
from stylesketch_ext.wire.messages import Health, StyleInfo

fields = (
    Choice("from", "Sty_le", "pack", (("pack", "Style pack"), ("selection", "Selection"))),
    Number("strokes", "S_trokes", 0, 1, 1000, automatic="A_utomatic", usual=64),
    Number("zoom", "_Zoom", 1.5, 0.5, 2.0, digits=1),
    Share("strength", "Stre_ngth", 0.3, "weak", "strong"),
    Line("text", "Te_xt", hint="a horse", applies=lambda values: values["tiled"]),
    Switch("tiled", "Seam_less", False),
    Number("seed", "S_eed", 5, 0, 100, random=True),
    Pen("pen", "_Pen", "The same", applies=lambda values: not values["tiled"]),
    Pen("other", "_Other", "The same", "gone"),
    Pack("style", "charcoal", applies=lambda values: values["from"] == "pack"),
)
pictures = [png(20, 20, lambda x, y, v=value: v) for value in (0, 90, 200)]
words = Words("Any work", "Subject", "Inkscape waits.", lambda job: "There it is.", "Stopped.", "Left out.")
seen, mode = [], {"now": "fail"}

class Client:
    def health(self): return Health(1, "fake", "cpu")
    def style_preview(self, name): return pictures[0]
    def styles(self): return [StyleInfo("charcoal", "Charcoal", strokes=40, preview=True), StyleInfo("ink", "Ink", strokes=90),
                             StyleInfo("mine", "My own", bundled=False), StyleInfo("bad", "Bad", problem="It is broken.")]

def task(client, thread):
    thread.tell("working", 0.5)
    if mode["now"] == "wait":
        while True:
            time.sleep(0.02)
            thread.go_on()
    if mode["now"] == "fail":
        raise Failure("It cannot be done: do something else.")
    return type("Result", (), {"notes": ["A note."], "pictures": pictures})

def begun(job, values, style):
    seen.append([values, style])
    if values["zoom"] == 2.0:
        raise Asked("Too large.", "zoom")
    job.give(task)

form = FieldsForm(fields, {field.key: field.value for field in fields})
writing = FieldsForm([Line("text", "Te_xt")], {"text": ""})
written = FieldsForm([Line("text", "Te_xt")], {"text": "a horse"})
seen.append([each.begin_to_write() for each in (form, writing, written)])
leads = Leads(lambda: EngineThread(lambda tell, stopped: Client(), True), begun, lambda failure: [str(failure)], None,
              lambda result: [(picture, "try") for picture in result.pictures])
window = JobWindow(words, form, [], leads, "charcoal")

def until(condition):
    limit = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < limit, "nothing happens"
        yield

def row(key):
    return form._rows[key]._input

def steps():
    yield from until(lambda: window._page.engine.known and window._page.styles.title == "Charcoal")
    yield from until(lambda: window._page.sheet.picture.get_opacity() == 1)  # what the style looks like
    facts = [window.get_title(), window._page.title.get_text(), row("strokes").get_value_as_int(), row("text").get_sensitive()]
    facts += [window._page.message.get_text(), [list(each)[0] for each in row("pen").get_model()], row("pen").get_active_id()]
    row("pen").set_active_id("mine")
    form.packs_are(Client().styles())  # again, as after the packs were managed
    row("tiled").set_active(True)
    facts += [row("text").get_sensitive(), row("strokes").get_sensitive(), form.summary("Charcoal")]
    row("zoom").set_value(2.0)
    window._page.start.clicked()
    facts += [window._page.message.get_text(), window.get_focus() is row("zoom")]
    row("zoom").set_value(0.7)
    row("text").set_text(" hills ")
    window._page.start.clicked()
    yield from until(lambda: window._look == window._while_choosing and window._page.message.get_text() != "Too large.")
    facts.append(window._page.message.get_text())
    yield from until(lambda: window._page.sheet.picture.get_opacity() == 1)
    mode["now"] = "wait"
    window._page.start.clicked()
    yield from until(lambda: window._job.snapshot.stage == "working" and window._page.work.get_visible())
    window._page.stop.clicked()
    yield from until(lambda: window._look == window._while_choosing)
    facts.append(window._page.message.get_text())
    mode["now"] = "good"
    row("from").set_active_id("selection")
    facts.append(form.wants_style)
    window._page.start.clicked()
    yield from until(lambda: window._page.tries.get_visible())
    window._page.stop.clicked()
    facts.append(window._page.message.get_text())
    window._page.start.clicked()
    yield from until(lambda: window._page.tries.get_visible())
    facts.append(window._page.work._notes.get_text())
    shelf = window._page.tries._shelf
    shelf.select_child(shelf.get_child_at_index(2))
    if "one" in sys.argv:  # back out once more, and get one picture only
        del pictures[1:]
        window._page.stop.clicked()
        window._page.start.clicked()
        yield from until(lambda: window._look == window._while_telling)
    window._page.start.clicked()
    seen.append(facts)

going = steps()
errors = []
def step():
    try:
        next(going)
    except StopIteration:
        return False
    except BaseException as error:
        errors.append(repr(error))
        window._closing = True
        window._quit()
        return False
    return True
GLib.timeout_add(30, step)
job = window.run()
window.close_now()
print(json.dumps([errors, seen[-1], seen[-2], job.picked, job.has_result, seen[0]]))
"""

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(90)]


def steered(screen, *arguments):
    """What the script tells."""
    python = gui.python_with_accessibility()
    if not python:
        pytest.skip("no Python with GTK: install python3-gi and gir1.2-gtk-3.0")
    path = f"{ROOT / 'inkscape_ext'}:{ROOT / 'tests' / 'inkscape_harness'}"
    environment = {**screen, "PYTHONPATH": path, "LANGUAGE": "en", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([python, "-c", SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    errors, *told = json.loads(done.stdout)
    assert errors == []
    return told


def test_a_pick_counts_for_its_own_result_only(screen):
    _facts, _begun, picked, has_result, _writing = steered(screen, "one")
    assert (picked, has_result) == (0, True)


def test_choose_fail_stop_and_pick(screen):
    facts, (values, style), picked, has_result, begun_to_write = steered(screen)
    assert begun_to_write == [False, True, False]
    title, subject, strokes, text_before, pen_gone, pens, pen, text_after, number_free, summary, *messages = facts
    assert pen_gone == "The style “gone” is no longer installed, so “The same” is chosen."
    assert (pens, pen) == (["The same", "Charcoal", "Ink", "My own"], "")
    assert (title, subject, strokes) == ("Any work", "Subject", 40)
    assert (text_before, text_after, number_free) == (False, True, False)
    assert summary == "Charcoal · Style pack · Seamless · The same"
    refused, pointed_to, failed, stopped, wants_style, left_out, notes = messages
    assert pointed_to
    assert (refused, failed, stopped) == ("Too large.", "It cannot be done: do something else.", "Stopped.")
    assert (wants_style, left_out, notes) == (False, "Left out.", "A note.")
    assert values == {
        "from": "selection", "strokes": 0, "zoom": 0.7, "strength": 0.3, "text": "hills", "tiled": True, "seed": 5,
        "pen": "mine", "other": "", "style": "charcoal",
    }  # fmt: skip
    assert (style, picked, has_result) == ("charcoal", 2, True)
