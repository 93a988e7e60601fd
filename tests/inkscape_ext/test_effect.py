"""The whole effect without a window: from a document and an engine to a document, or to one sentence."""

import dataclasses
import io
import json
import time

import pytest
from documents import IMAGE, svg_text
from fake_engine import FakeEngine
from inkex.tester import inx as inx_tester
from lxml import etree
from stylesketch_ext import sketch_job
from stylesketch_ext.choices import Choices, remember, remembered
from stylesketch_ext.failures import Failure

LAYER = "{http://www.w3.org/2000/svg}g[@{http://www.inkscape.org/namespaces/inkscape}groupmode]"


@pytest.fixture
def entry():
    from stylesketch_ext import effect

    return effect


@pytest.fixture
def run(entry, tmp_path, install_json, monkeypatch):
    """Runs the effect on a document; gives (the written document or None, the sentences told)."""

    def run_on(body, *arguments, mode="good", document=None):
        path = tmp_path / "input.svg"
        path.write_text(svg_text(body), encoding="utf-8")
        monkeypatch.setenv("DOCUMENT_PATH", str(document or path))
        told, written = [], io.BytesIO()
        monkeypatch.setattr(entry.inkex, "errormsg", told.append)
        with FakeEngine(mode) as engine:
            engine.write_endpoint(install_json()["endpoint"])
            entry.SketchEffect().run(["--gui=false", *arguments, str(path)], output=written)
        assert len(told) <= 1 and all("\n" not in text for text in told)
        return (etree.fromstring(written.getvalue()) if written.getvalue() else None), told

    return run_on


def layers(root):
    return root.findall(LAYER)


def test_a_sketch(run):
    root, told = run(IMAGE, "--id=i", "--strokes=7", "--seed=5", "--fidelity=0.5")
    (layer,) = layers(root)
    assert len(layer.findall(".//{http://www.w3.org/2000/svg}path")) == 7
    settings = json.loads(layer.get("{https://stylesketch.org/ns/1}settings"))
    assert (settings["seed"], settings["fidelity"]) == (5, 0.5)
    assert not told


LINE = '<path id="line" d="M 10 10 L 20 20"/>'


@pytest.mark.parametrize(("mask", "recipe"), [("marked", "object"), ("marked-scene", "scene")])
@pytest.mark.parametrize("selected", [("--id=i", "--id=line"), ("--id=line",)], ids=["both", "line"])
def test_a_selected_line_tells_the_subject(run, selected, mask, recipe):
    root, told = run(IMAGE + LINE, *selected, "--mask=" + mask)
    assert not told
    settings = json.loads(layers(root)[0].get("{https://stylesketch.org/ns/1}settings"))
    assert layers(root)[0].get("{https://stylesketch.org/ns/1}recipe") == recipe
    assert settings["marks"] == [{"kind": "keep", "points": [[10.0, 10.0], [20.0, 20.0]]}]
    assert settings["mask"] == "auto"


@pytest.mark.parametrize(("body", "arguments", "words"), [
    (IMAGE, ("--id=i",), "a line on the subject"),
    (IMAGE + LINE.replace("10 10", "90 90").replace("20 20", "99 99"), ("--id=i", "--id=line"), "None of the selected lines"),
    (LINE, ("--id=line",), "Select what is to be sketched"),
])  # fmt: skip
def test_marks_that_cannot_be_used_are_told(run, body, arguments, words):
    root, [told] = run(body, *arguments, "--mask=marked")
    assert root is None and words in told


def test_without_gtk_it_is_said_once_that_there_is_no_window(run, entry, monkeypatch):
    monkeypatch.setattr(entry.toolkit, "can_show_windows", lambda: False)
    root, told = run(IMAGE, "--gui=true")
    assert len(layers(root)) == 1
    assert "has no GTK: run 'sudo " in told[0] or "has no GTK: install GTK" in told[0]
    root, told = run(IMAGE, "--gui=true")
    assert len(layers(root)) == 1 and not told


PAIR = IMAGE + IMAGE.replace('id="i"', 'id="j" inkscape:label="second"')


def test_several_pictures_become_a_layer_each(run):
    root, told = run(f'<g id="g">{PAIR}</g><rect id="above"/>', "--id=i", "--id=j", "--strokes=3")
    assert not told
    labels = [child.get("{http://www.inkscape.org/namespaces/inkscape}label") for child in root]
    assert labels == [None, "i — Technical pen (StyleSketch)", "second — Technical pen (StyleSketch)", None]
    assert len({element.get("id") for element in root.iter() if element.get("id")}) == len(root.findall(".//*[@id]"))


@pytest.mark.parametrize(("failing", "failed", "finished"), [(0, "i", "second"), (1, "second", "i")])
def test_one_that_fails_keeps_no_other_from_being_sketched(run, monkeypatch, failing, failed, finished):
    sketch = sketch_job.SketchJob._sketch

    def all_but_one(job, client, number, data):
        if number == failing:
            raise Failure("This one fails: try again.")
        return sketch(job, client, number, data)

    monkeypatch.setattr(sketch_job.SketchJob, "_sketch", all_but_one)
    root, [told] = run(PAIR, "--id=i", "--id=j")
    labels = [layer.get("{http://www.inkscape.org/namespaces/inkscape}label") for layer in layers(root)]
    assert labels == [f"{finished} — Technical pen (StyleSketch)"]
    assert told.startswith(f"Done: 1 of 2 pictures. {failed}: This one fails: try again.")


CLONE = f'<defs>{IMAGE}</defs><use id="u" xlink:href="#i"/>'


@pytest.mark.parametrize(("body", "selected", "hidden"), [(IMAGE, "i", ["i"]), (CLONE, "u", ["u"])])
def test_the_picture_is_hidden_if_that_is_wanted(run, body, selected, hidden):
    root, told = run(body, f"--id={selected}", "--hide=true")
    assert not told and len(layers(root)) == 1
    assert [element.get("id") for element in root.iter() if "display:none" in (element.get("style") or "")] == hidden
    root, told = run(body, f"--id={selected}")
    assert not [element for element in root.iter() if "display:none" in (element.get("style") or "")]


LOST = '<image id="lost" width="10" height="10" xlink:href="not%20here.png"/>'


def test_a_link_that_leads_nowhere_keeps_no_other_picture_from_being_sketched(run):
    root, [told] = run(LOST + PAIR, "--id=lost", "--id=i", "--id=j")
    assert len(layers(root)) == 2
    assert told.startswith("Done: 2 of 3 pictures. not here.png: The linked picture ") and "not here.png is missing" in told
    root, [told] = run(LOST + LOST.replace('"lost"', '"gone"'), "--id=lost", "--id=gone")
    assert root is None and told.startswith("The linked picture ") and "Details" not in told


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("fails", "There was not enough memory: choose fewer strokes."),
        ("error500", "The engine broke; its log has the details."),
        ("garbled", "run ./install.sh again"),
        ("bad-image", "choose a PNG or JPEG file."),
        ("cancels", "canceled in the engine"),
    ],
)
def test_a_failure_is_one_sentence_and_changes_nothing(run, mode, words):
    root, told = run(IMAGE, mode=mode)
    assert root is None
    assert words in told[0]


@pytest.mark.parametrize(
    ("body", "arguments", "words"),
    [
        ("", [], "Select what is to be sketched"),
        (IMAGE, ["--strokes=5000"], "strokes must be between 1 and 1000"),
        (IMAGE, ["--fidelity=2"], "fidelity must be between 0 and 1"),
        ('<image xlink:href="gone.png"/>', [], "gone.png is missing"),
        (IMAGE.replace('height="30"', 'height="0"'), [], "has no area"),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(run, body, arguments, words):
    root, told = run(body, *arguments)
    assert root is None
    assert words in told[0]


def test_links_are_repaired_for_inkscapes_that_forget_it(run, entry, tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.png").write_bytes(__import__("documents").PICTURE)
    body = '<image id="i" xlink:href="docs/a.png"/>'
    links = {}
    for version in ("1.2.0", "1.4.0"):
        monkeypatch.setattr(entry.inkex, "__version__", version)
        root, _ = run(body, document=tmp_path / "docs" / "drawing.svg")
        links[version] = root[0].get("{http://www.w3.org/1999/xlink}href")
    assert links == {"1.2.0": "docs/a.png", "1.4.0": "a.png"}


def test_no_installation_is_one_sentence(entry, tmp_path, monkeypatch):
    monkeypatch.setenv("STYLESKETCH_INSTALL_JSON", str(tmp_path / "none.json"))
    (tmp_path / "d.svg").write_text(svg_text(IMAGE))
    told = []
    monkeypatch.setattr(entry.inkex, "errormsg", told.append)
    entry.SketchEffect().run(["--gui=false", str(tmp_path / "d.svg")], output=io.BytesIO())
    assert "is not installed" in told[0]


def test_reading_a_transform_changes_nothing(run):
    body = f'<g transform="scale(2 1)">{IMAGE}{LINE}</g>'
    root, told = run(body, "--id=i", "--id=line", "--mask=marked", mode="fails")
    assert root is None and told


def test_canceling_stops_the_engine(install_json):
    with FakeEngine("slow") as engine:
        job = sketch_job.SketchJob(lambda tell, stopped: _client(engine))
        job.begin([("cat", IMAGE_BYTES()), ("dog", IMAGE_BYTES())], Choices().settings())
        job.start()
        while not job.snapshot.preview:
            job.join(0.05)
        job.cancel()
        job.join(10)
        assert (job.cancelled, job.failure, job.results) == (True, None, [])
        assert engine.cancelled == {"job1"}


def test_notes_say_which_of_several_pictures_they_are_about():
    notes = []
    for titles in (["cat"], ["cat", "dog"]):
        with FakeEngine(queue=1) as engine:
            job = sketch_job.SketchJob(lambda tell, stopped, engine=engine: _client(engine))
            job.begin([(title, IMAGE_BYTES()) for title in titles], Choices().settings())
            job.start()
            job.join(10)
        notes.append(job.notes)
        assert (job.snapshot.drawing, job.snapshot.number) == (True, len(titles) - 1)
    assert notes == [["CLIP was not used: it is not installed."], ["cat, dog: CLIP was not used: it is not installed."]]


def test_canceling_before_the_start_asks_nothing_of_the_engine():
    with FakeEngine() as engine:
        job = sketch_job.SketchJob(lambda tell, stopped: _client(engine))
        job.start()
        job.cancel()
        job.join(10)
        assert (job.cancelled, engine.jobs) == (True, {})


def test_choices_are_remembered(tmp_path):
    chosen = Choices(strokes=12, mask="none", seed=4, fidelity=0.25)
    assert remember(str(tmp_path / "data"), chosen)
    assert remembered(str(tmp_path / "data"), Choices()) == chosen


@pytest.mark.parametrize("text", ["{", "[]", '{"strokes": 99999}', '{"strokes": "12"}', "null"])
def test_damaged_memories_are_no_obstacle(tmp_path, text):
    (tmp_path / "inkscape-choices.json").write_text(text)
    assert remembered(str(tmp_path), Choices(seed=3)) == Choices(seed=3)


def test_a_folder_that_cannot_be_written_is_no_obstacle():
    assert remember("/dev/null/x", Choices()) is None


def test_settings_out_of_range_are_one_sentence():
    with pytest.raises(Failure, match="cannot work with these settings"):
        Choices(seed=-1).settings()


FORMS = [
    f"style_{name}{ending}"
    for name in ("texture", "restyle", "refine", "prompt", "sequence")
    for ending in (".inx", "_nogtk.inx.in")
]
ENTRIES = ["style_packs.inx", "style_networks.inx", *FORMS]


@pytest.mark.parametrize("name", ["stylesketch.inx", *("inkscape_ext/" + n for n in ("stylesketch_nogtk.inx.in", *ENTRIES))])
def test_inx_agrees_with_the_options(entry, name, tmp_path, monkeypatch):
    from inkex_finder import EXTENSION

    monkeypatch.chdir(tmp_path)  # inkex looks for the script from here
    (tmp_path / "inkscape_ext").symlink_to(EXTENSION)
    for script in EXTENSION.glob("style_*.py"):
        (tmp_path / script.name).symlink_to(script)
    inx = tmp_path / "stylesketch.inx"
    inx.write_bytes((EXTENSION.parent / name).read_bytes())
    case = inx_tester.InxMixin()
    for method in ("assertTrue", "assertEqual", "assertFalse"):
        setattr(case, method, getattr(__import__("unittest").TestCase(), method))
    case.assertInxIsGood(str(inx))
    tree = etree.parse(str(inx))
    for schema in getattr(inx_tester, "INX_SCHEMAS", {}).values():  # inkex 1.4 knows them
        check_against(schema, tree)
    space = {"x": "http://www.inkscape.org/namespace/inkscape/extension"}
    assert tree.xpath("//x:effect/@needs-live-preview", namespaces=space) == ["false"]
    custom = tree.xpath("//x:effect/@implements-custom-gui", namespaces=space)
    visible = tree.xpath("//x:param[not(@gui-hidden='true')]/@name", namespaces=space)
    assert bool(custom) != bool(visible)


def test_style_packs_without_gtk_name_the_commands(tmp_path, monkeypatch):
    from stylesketch_ext import packs_effect

    monkeypatch.setattr(packs_effect.toolkit, "can_show_windows", lambda: False)
    (tmp_path / "d.svg").write_text(svg_text(IMAGE))
    with pytest.raises(Failure, match="use 'stylesketch style list', 'import'") as caught:
        packs_effect.PacksEffect().run([str(tmp_path / "d.svg")], output=io.BytesIO())
    assert caught.value.help == "modules"


@pytest.mark.parametrize(("arguments", "names"), [([], []), (["--id=i"], ["i"]), (["--id=i", "--id=j"], ["i", "second"])])
def test_a_style_pack_is_made_from_what_is_selected(arguments, names, tmp_path):
    from stylesketch_ext import packs_effect

    (tmp_path / "d.svg").write_text(svg_text(PAIR))
    effect, found = packs_effect.PacksEffect(), []
    effect.effect = lambda: found.extend(effect._selected()) or False
    effect.run([*arguments, str(tmp_path / "d.svg")], output=io.BytesIO())
    assert [name for name, data in found] == names
    assert all(data == IMAGE_BYTES() for name, data in found)


def test_the_window_s_job_tells_the_styles_and_their_previews():
    with FakeEngine() as engine:
        engine.styles.packs["charcoal"] = dataclasses.replace(engine.styles.packs["charcoal"], problem="It is broken.")
        job = sketch_job.SketchJob(lambda tell, stopped: _client(engine), with_styles=True)
        job.start()
        limit = time.monotonic() + 10
        while not job.snapshot.previews and time.monotonic() < limit:
            time.sleep(0.02)
        job.begin([("cat", IMAGE_BYTES())], Choices(style="technical-pen", style_strength=0.5).settings())
        job.join(10)
        assert [pack.name for pack in job.snapshot.styles] == ["charcoal", "technical-pen"]
        assert job.snapshot.previews == {"technical-pen": engine.styles.preview}
        assert engine.jobs["job1"].settings.style_strength == 0.5


def test_without_a_window_nobody_asks_for_styles():
    with FakeEngine() as engine:
        job = sketch_job.SketchJob(lambda tell, stopped: _client(engine))
        job.begin([("cat", IMAGE_BYTES())], Choices().settings())
        job.start()
        job.join(10)
        assert job.snapshot.styles is None and len(job.results) == 1


def check_against(schema, tree):
    """The attribute show-stderr came into the schema in the course of 1.4."""
    try:
        schema.assert_(tree)
    except AssertionError as error:
        if "show-stderr" not in str(error):
            raise
        checked = etree.ElementTree(etree.fromstring(etree.tostring(tree)))
        for effect in checked.iter("{*}effect"):
            effect.attrib.pop("show-stderr", None)
        schema.assert_(checked)


def _client(engine):
    from stylesketch_ext.client import BackendClient

    return BackendClient("127.0.0.1", engine.port, engine.token)


def IMAGE_BYTES():
    from documents import PICTURE

    return PICTURE


def test_a_subject_with_its_background_is_drawn_by_another_recipe():
    chosen = Choices(mask="scene")
    assert (chosen.recipe, chosen.settings().mask) == ("scene", "auto")
    assert [(Choices(mask=mask).recipe, Choices(mask=mask).settings().mask) for mask in ("auto", "none")] == [
        ("object", "auto"),
        ("object", "none"),
    ]
    with FakeEngine() as engine:
        job = sketch_job.SketchJob(lambda tell, stopped: _client(engine))
        job.begin([("cat", IMAGE_BYTES())], chosen.settings(), chosen.recipe)
        job.start()
        job.join(10)
        assert job.failure is None
        assert [request.recipe for request in engine.jobs.values()] == ["scene"]


@pytest.mark.parametrize(("mask", "later"), [("marked", "auto"), ("marked-scene", "scene"), ("none", "none")])
def test_lines_that_were_selected_once_are_not_chosen_for_ever(mask, later, tmp_path):
    remember(str(tmp_path), Choices(mask=mask, strokes=9))
    assert remembered(str(tmp_path), Choices(strokes=5)) == Choices(mask=later, strokes=9)
