"""What is done with finished sketches before they are inserted, by itself, in a Python that has GTK and cairo."""

import json
import subprocess
from pathlib import Path

import gui
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import gi, json, sys, time
gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
gi.require_version("Atk", "1.0")
from gi.repository import Atk, Gdk, GLib, Gtk
from fake_engine import FakeEngine, png
from stylesketch_ext.choices import Choices
from stylesketch_ext.client import BackendClient
from stylesketch_ext.dialogs import sketch_window
from stylesketch_ext.dialogs.sketch_window import SketchWindow
from stylesketch_ext.rows_job import RowsJob
from stylesketch_ext.sketch_job import SketchJob

if sys.argv[2] == "no cairo":
    sketch_window.can_paint = lambda: False
mask, end, count, candidates = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
pictures = [("picture %d" % i, png(40 + i, 30, lambda x, y: 200)) for i in range(count)]
facts = {}

def until(condition):
    limit = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < limit, "nothing happens"
        yield

def press(pad, *keys):
    for key in keys:
        event = Gdk.Event.new(Gdk.EventType.KEY_PRESS)
        event.keyval, event.window = key, pad.get_window()
        pad.event(event)

def steps():
    yield from until(lambda: window._page.engine.known)
    width = window.get_allocated_size()[0].width, window.get_allocated_size()[0].height
    window._page.start.clicked()
    if end == "no cairo":
        facts["message"] = window._page.message.get_text()
        yield from until(lambda: window._page.start.get_visible() and window._page.start.get_label() == "_Insert now")
        window._page.start.clicked()
        return
    yield from until(lambda: window._desk)
    desk = window._desk
    facts["view"] = desk.view.get_mapped() and not window._page.sheet.picture.get_mapped()
    facts["all at once"] = [button.get_sensitive() for button in desk.buttons]
    yield from until(lambda: desk.stopped)
    desk.tick()
    facts["rows"] = desk._plane.fidelities
    facts["grown"] = [window.get_allocated_size()[0].width - width[0], window.get_allocated_size()[0].height - width[1]]
    if candidates > 1:
        shelves = [shelf._shelf for shelf in desk._shelves]
        facts["titles"] = [[card.get_accessible().get_name() for card in shelf.get_children()] for shelf in shelves]
        facts["first"] = [desk._counted, [shelf.chosen for shelf in desk._shelves], desk._shelves[0].get_mapped()]
        facts["tip"] = shelves[0].get_children()[0].get_tooltip_text()
        shelves[0].select_child(shelves[0].get_child_at_index(min(2, 2 * (candidates - 2))))
        facts["other"] = desk._counted
        yield from until(lambda: desk.stopped)
        desk.tick()
        facts["rows of the other"] = desk._plane.fidelities
    desk._simplicity.set_value(1.0)
    facts["sparse"] = desk._counted
    desk._simplicity.set_value(0.5)
    facts["half"] = desk._counted
    if desk._pad:
        pad = desk._pad
        facts["name"] = pad.get_accessible().get_name()
        pad.grab_focus()
        press(pad, Gdk.KEY_Home, Gdk.KEY_Home, Gdk.KEY_Down, Gdk.KEY_Right, Gdk.KEY_Right)
        facts["keys"] = [desk._fidelity.get_value(), desk._simplicity.get_value(), pad.get_accessible().get_description()]
        press(pad, Gdk.KEY_Page_Down, Gdk.KEY_End)
        fidelity = desk._fidelity.get_value()
        facts["cells"] = [fidelity, round(desk._simplicity.get_value(), 2), desk._plane.nearest(fidelity)]
        desk.tick()
        facts["redraw"] = desk._anew.get_sensitive()
        desk._fidelity.set_value(0.5)
        desk._draw_anew()
        facts["redraw while it is drawn"] = desk._anew.get_sensitive()
        yield from until(lambda: desk.stopped)
        desk.tick()
        facts["drawn anew"] = desk._plane.nearest(0.5)
    if end == "back":
        window._page.stop.clicked()
        facts["message"] = window._page.message.get_text()
        facts["again"] = window._page.sheet.picture.get_mapped() and window._form.get_mapped() and window._desk is None
        window._page.stop.clicked()
    elif end == "all":
        desk.buttons[0].clicked()
    else:
        window._page.start.clicked()

with FakeEngine() as engine:
    client = BackendClient("127.0.0.1", engine.port, "secret")
    connect = lambda tell, stopped: client
    begun = lambda job, chosen: job.begin(pictures, chosen.settings(), chosen.recipe)
    chosen = Choices(mask=mask, candidates=candidates)
    window = SketchWindow(lambda: SketchJob(connect, True), pictures, chosen, begun, lambda f: [str(f)], None,
                          lambda plane, fidelities: RowsJob(connect, plane, fidelities))
    running = steps()

    def tick():
        try:
            next(running)
            return True
        except StopIteration:
            return False
        except BaseException as error:
            window._end_with(error)
            return False

    GLib.timeout_add(20, tick)
    job = window.run()
    settings = [done.result.settings for done in job.results]
    facts["results"] = [[round(each.fidelity, 2), round(each.simplicity, 2)] for each in settings]
    facts["strokes"] = [sum(len(layer.paths) for layer in done.result.drawing.layers) for done in job.results]
    facts["seeds"] = [[each.seed, each.candidates] for each in settings]
    facts["asked"] = sorted({request.sketch.settings.seed for request in engine.jobs.values() if hasattr(request, "sketch")})
    facts["planes"] = [len(plane) for plane in job.planes]
    facts["chosen"] = [round(value, 2) for value in job.chosen]
    facts["cancelled"] = job.cancelled
print(json.dumps(facts))
"""

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(90)]


@pytest.fixture
def facts(screen):
    python = gui.python_with_accessibility()
    probe = [python, "-c", "import gi; gi.require_foreign('cairo')"]
    if not python or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no Python with GTK and cairo: install python3-gi, python3-gi-cairo and gir1.2-gtk-3.0")
    paths = f"{ROOT / 'inkscape_ext'}:{ROOT / 'tests' / 'inkscape_harness'}"
    environment = {**screen, "PYTHONPATH": paths, "LANGUAGE": "en", "PYTHONDONTWRITEBYTECODE": "1"}

    def run(mask, end, count, candidates=1):
        command = [python, "-W", "error::RuntimeWarning", "-c", SCRIPT, mask, end, str(count), str(candidates)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=80)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr and "CRITICAL" not in done.stderr, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_sketch_is_simplified_before_it_is_inserted(facts):
    seen = facts("auto", "insert", 1)
    assert seen["view"] and seen["all at once"] == [] and seen["rows"] == [1.0]
    assert (seen["sparse"], seen["half"]) == ("4 of 12 strokes.", "7 of 12 strokes.")
    assert (seen["results"], seen["strokes"], seen["planes"]) == ([[1.0, 0.5]], [7], [])
    assert seen["grown"] == [0, 0]


def test_of_a_scene_a_place_of_the_plane_is_inserted(facts):
    seen = facts("scene", "insert", 1)
    assert seen["all at once"] == [False]
    assert seen["rows"] == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0])
    assert seen["name"] == "Fidelity and simplicity"
    assert seen["keys"][:2] == pytest.approx([0.95, 0.1])
    assert seen["keys"][2] == "Fidelity 0.95, simplicity 0.10: 11 strokes. The arrow keys move it."
    assert seen["cells"] == pytest.approx([0.617, 0.43, 2 / 3], abs=0.002)
    assert (seen["redraw"], seen["redraw while it is drawn"], seen["drawn anew"]) == (True, False, 0.5)
    assert seen["results"] == [[0.5, 0.43]]
    assert seen["grown"] == [0, 0]


def test_a_whole_plane_is_taken(facts):
    seen = facts("scene", "all", 1)
    assert (seen["planes"], seen["chosen"]) == ([20], [0.5, 0.43])


def test_several_scenes_are_adjusted_together(facts):
    seen = facts("scene", "insert", 2)
    assert seen["rows"] == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0])
    assert seen["sparse"] == "8 of 24 strokes."
    assert seen["results"] == [[0.5, 0.43]] * 2


def test_who_does_not_want_it_is_back_at_the_form(facts):
    seen = facts("scene", "back", 1)
    assert seen["message"] == "The sketch was not inserted." and seen["again"]
    assert seen["results"] == [] and seen["cancelled"]


def test_without_cairo_sketches_are_inserted_as_they_are_and_this_is_said(facts):
    seen = facts("scene", "no cairo", 1)
    assert "no cairo for GTK: " in seen["message"] and seen["message"].endswith("to adjust them.")
    assert (seen["results"], seen["strokes"]) == ([[1.0, 0.0]], [12])


def test_of_several_attempts_the_best_is_chosen_and_another_can_be_picked(facts):
    seen = facts("auto", "insert", 1, 4)
    assert seen["titles"] == [["0.700", "Best: 0.800", "0.700", "0.600"]]
    assert seen["tip"] == "Seed 0: likeness to the picture 0.700, judged by lines"
    assert seen["first"] == ["11 of 11 strokes.", [1], True]
    assert seen["other"] == "10 of 10 strokes."
    assert (seen["results"], seen["strokes"], seen["seeds"]) == ([[1.0, 0.5]], [6], [[2, 1]])


def test_one_attempt_needs_no_shelf(facts):
    assert "titles" not in facts("auto", "insert", 1)


def test_of_several_pictures_each_has_its_attempts(facts):
    seen = facts("auto", "insert", 2, 2)
    assert seen["titles"] == [["0.700", "Best: 0.800"]] * 2
    assert seen["first"][:2] == ["22 of 22 strokes.", [1, 1]]
    assert seen["other"] == "23 of 23 strokes." and seen["seeds"] == [[0, 1], [1, 1]]


def test_the_plane_of_a_scene_is_that_of_the_attempt_that_is_picked(facts):
    seen = facts("scene", "insert", 1, 3)
    assert seen["rows"] == seen["rows of the other"] == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0])
    assert seen["asked"] == [1, 2] and seen["seeds"] == [[2, 1]]
