"""Every text in every language, and the package that is made of them."""

import ast
import gettext
import io
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest
from inkex_finder import EXTENSION, inkex_folder
from stylesketch_ext import words
from stylesketch_ext.failures import Refusal
from stylesketch_ext.wire.messages import Phrase, Problem

sys.path.insert(0, str(EXTENSION))
import build_package

ERRORS = build_package.error_names()
CATALOGS = sorted(EXTENSION.glob("locale/*/LC_MESSAGES/stylesketch.po"))
PLACES = re.compile(r"%(?:\d+\$)?[sd]|\{\w+\}")
FORM = ("A_utomatic", "_New", "S_trokes", "St_yle", "_Draw", "S_ource", "_Fidelity", "Style st_rength", "E_xemplar",
        "_Guidance", "S_eed", "Attem_pts", "_Hide the picture", "_Manage…", "_Cancel", "_Start")  # fmt: skip
AGAIN = (*(name for name in FORM if name != "_Cancel"), "_Close")
READY = ("_Cancel", "_Insert now")
DESK = ("_Cancel", "_Insert", "Insert _all", "Simp_licity", "_Fidelity", "_Redraw")
PICKING = ("_Cancel", "_Insert")
FRAME = ("_New", "S_eed", "St_yle", "_Manage…", "_Start", "Metho_d")  # in all forms of fields
TEXTURE = ("Use _for", "_After", "_Of it", "_Width", "Hei_ght", "Pi_xels per inch", "Seam_less", "Patc_hes", "A_utomatic",
           "Ste_ps to pick from", "T_ries", *FRAME)  # fmt: skip
RESTYLE = ("Stren_gth", "S_hows", "Resu_lt", "Dra_wn with", "S_trokes", "A_utomatic", "_Insert the picture too", "T_ries",
           *FRAME)  # fmt: skip
PROMPT = ("Te_xt", "S_trokes", "A_utomatic", "Style st_rength", "_Insert the picture too", *FRAME)
SEQUENCE = ("S_trokes", "A_utomatic", "_Draw", "_Fidelity", "S_how", "Hide the _pictures",
            *(name for name in FRAME if name != "Metho_d"))  # fmt: skip
REFINE = ("_Free strokes", "_More strokes", "A_utomatic", "S_eed", "_New", "_Start")
FIELDS = [(*form, leaving) for form in (TEXTURE, RESTYLE, PROMPT, SEQUENCE, REFINE) for leaving in ("_Cancel", "_Close")]
TOLD = ("_OK", "_Try Again")
GALLERY = ("_Import…", "_New from Pictures…", "Deep _Features", "_Rename…", "E_xport…", "Re_move…", "_Close", *TOLD)
MANAGING = ("_Import…", "_New from Pictures…", "Deep _Features", "_Rename…", "E_xport…", "Re_move…", "_Done", *TOLD)
RENAMING = ("_Import…", "_New from Pictures…", "_Title", "N_ame", "_Back", "_Save", "_Close", "_OK")
RENAMING_TOO = ("_Done", *(name for name in RENAMING if name != "_Close"))
MAKING = ("A_dd Pictures…", "Ta_ke Out", "_Title", "N_ame", "_Back", "_Create", "_OK")
AT_WORK = ("A_dd Pictures…", "Ta_ke Out", "_Title", "N_ame", "_Cancel", "_OK")
NETWORKS = ("_Close", *TOLD)
QUESTIONS = (("_Replace", "_No"), ("_Remove", "_No"), ("_Replace", "_Keep Both", "_Cancel"))
CHOOSING = ("_Import", "_Add", "_Export")  # in a dialog of GTK's
GROUPS = (
    FORM,
    AGAIN,
    READY,
    DESK,
    PICKING,
    GALLERY,
    MANAGING,
    RENAMING,
    RENAMING_TOO,
    MAKING,
    AT_WORK,
    NETWORKS,
    *QUESTIONS,
    *FIELDS,
)


@pytest.fixture(params=CATALOGS, ids=lambda path: path.parts[-3])
def catalog(request):
    return request.param


def test_there_is_german():
    assert [path.parts[-3] for path in CATALOGS] == ["de"]


def test_every_text_is_translated_and_none_is_left_over(catalog):
    translated = build_package.read_catalog(catalog)
    assert set(translated) - {("",)} == set(build_package.texts())
    assert all(all(forms) for forms in translated.values())


def test_style_packs_that_come_with_the_program_are_translated(tmp_path):
    pack = tmp_path / "style.toml"
    pack.write_text('# a pen\ntitle = "Felt \\"tip\\""\ndescription="Broad."\nlicence = "CC0"\n[pen]\ntitle = "no"\n')
    assert list(build_package.pack_texts(pack)) == ['Felt "tip"', "Broad."]
    assert ("Technical pen",) in build_package.texts()


def test_translations_take_the_same_values(catalog):
    for texts, forms in build_package.read_catalog(catalog).items():
        for form in forms:
            assert sorted(PLACES.findall(form)) in [sorted(PLACES.findall(text)) for text in texts], texts


def test_the_compiled_catalog_is_up_to_date_and_read_by_gettext(catalog):
    translated = build_package.read_catalog(catalog)
    compiled = catalog.with_suffix(".mo").read_bytes()
    assert compiled == build_package.compiled(translated)
    read = gettext.GNUTranslations(io.BytesIO(compiled))
    for texts, forms in translated.items():
        if texts != ("",) and len(texts) == 1:
            assert read.gettext(texts[0]) == forms[0]
    assert [read.ngettext("%d stroke", "%d strokes", n) for n in (1, 2)] == ["%d Strich", "%d Striche"]


@pytest.mark.parametrize("group", GROUPS)
def test_no_two_widgets_share_a_key(catalog, group):
    read = gettext.GNUTranslations(io.BytesIO(catalog.with_suffix(".mo").read_bytes()))
    for names in (group, [read.gettext(name) for name in group]):
        keys = [name[name.index("_") + 1].lower() for name in names]
        assert len(set(keys)) == len(keys), keys


def test_the_form_s_keys_are_all_looked_at():
    engine = {node.value for _path, node in calls(*build_package.NOTES, *ERRORS) if isinstance(node, ast.Constant)}
    texts = {text[0] for text in build_package.texts() if re.search(r"_\w", text[0])} - engine
    assert texts - set(CHOOSING) == {name for group in GROUPS for name in group}


@pytest.mark.parametrize("name", sorted(path.stem for path in (EXTENSION / "stylesketch_ext" / "dialogs").glob("*.py")))
def test_dialogs_show_no_text_past_gettext(name):
    """What is given to GTK as a text literal must be inside _(…); names of classes, icons and signals are no text."""
    tree = ast.parse((EXTENSION / "stylesketch_ext" / "dialogs" / (name + ".py")).read_text(encoding="utf-8"))
    shown = ("set_text", "set_label", "set_tooltip_text", "set_name", "new_with_mnemonic", "set_markup", "append")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in shown:
            literals = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            assert not [text for text in literals if text and text != "StyleSketch"], literals


def test_every_window_is_called_after_what_it_does(catalog):
    """The title of each job window is `_("… – StyleSketch")`."""
    titles = []
    for path in sorted((EXTENSION / "stylesketch_ext").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Words":
                titles += [ast.unparse(each.value) for each in node.keywords if each.arg == "title"]
    assert len(titles) == len(set(titles)) == 6
    assert all(re.fullmatch(r"_\('.+ – StyleSketch'\)", title) for title in titles), titles


def calls(*names):
    """(file, first argument) of every call of functions of those names in the engine."""
    for path in sorted((EXTENSION.parent / "backend").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names and node.args:
                yield path, node.args[0]


def test_every_stage_of_the_engine_can_be_translated():
    found = {(path.name, node.value) for path, node in calls("Progress") if isinstance(node, ast.Constant)}
    found |= {(path.name, node.value) for path, node in calls("ProgressEvent") if isinstance(node, ast.Constant)}
    assert len(found) > 30
    assert not {(name, stage) for name, stage in found if stage and stage not in words.STAGES}


def test_every_note_of_the_engine_has_a_pattern_that_is_translated(catalog):
    """Notes are made of texts that stand in the code, in `Note("…")` or `wording("…")`, not of what is put together there."""
    translated = build_package.read_catalog(catalog)
    patterns = list(calls(*build_package.NOTES))
    assert len(patterns) > 60
    for path, node in patterns:
        named = isinstance(node, ast.Name) or (path.name == "notes.py" and path.parent.name == "core")
        assert named or isinstance(node, ast.Constant), (path, ast.unparse(node))
        if isinstance(node, ast.Constant) and node.value != "{sentence}":
            assert (node.value,) in translated, (path, node.value)


# errors that nobody meets in Inkscape: of the command line's commands, of those who build the program
ELSEWHERE = {"cli", "raster", "frames.py", "tracker_plugin.py", "problems.py"}


def test_every_error_that_can_be_met_in_inkscape_has_a_pattern_that_is_translated(catalog):
    """What stands in `raise BadImage("…", name=…)` is a text, not put together there."""
    translated = build_package.read_catalog(catalog)
    met = [(path, node) for path, node in calls(*ERRORS) if not {path.name, *path.parent.parts} & ELSEWHERE]
    assert len(met) > 100
    for path, node in met:
        assert not isinstance(node, (ast.JoinedStr, ast.BinOp)), (path, ast.unparse(node))
        assert not isinstance(node, ast.Constant) or (node.value,) in translated, (path, node.value)


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_modules_whose_errors_are_not_met_are_there(name):
    assert list((EXTENSION.parent / "backend").rglob(name))


def test_an_error_of_the_engine_is_said_in_the_user_s_language(catalog, monkeypatch):
    read = gettext.GNUTranslations(io.BytesIO(catalog.with_suffix(".mo").read_bytes()))
    monkeypatch.setattr(words, "_CATALOG", read)
    pattern = "The {name} has {width} × {height} px; choose one of at least {least} px a side."
    phrase = Phrase(pattern, {"name": "picture", "width": "3", "height": "4", "least": "16"})
    told = Problem("Bad request", 400, "bad-request", "The picture has …", phrase=phrase)
    assert str(Refusal(told)) == "Bild: 3 × 4 px sind zu wenig; ein Bild mit mindestens 16 px je Seite wählen."
    assert str(Refusal(replace(told, phrase=None))) == "The picture has …"  # as an older engine says it


MADE = re.compile(r"[A-Z][^\n]* [^\n]*\.$")  # a whole sentence


def sentences(tree):
    """Sentences for users in a module that are neither errors nor notes: (line, text)."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    raised = {name.id for node in ast.walk(tree) if isinstance(node, ast.Raise) for name in ast.walk(node)
              if isinstance(name, ast.Name)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not isinstance(parents[node], ast.JoinedStr):
            text = node.value
        else:
            continue
        around, above = [], node
        while above in parents:
            above = parents[above]
            around.append(above)
        told = any(isinstance(a, ast.Call) and getattr(a.func, "id", "") in ("Note", "wording") for a in around)
        error = any(isinstance(a, ast.Raise) for a in around) or any(
            isinstance(a, ast.Call) and re.fullmatch("[A-Z][A-Za-z]+", getattr(a.func, "id", "")) for a in around
        )
        constant = isinstance(around[0], ast.Assign) and getattr(around[0].targets[0], "id", "") in raised
        error = error or text.startswith("Measured on ")  # a pack's description, which stays with it
        if MADE.fullmatch(text) and not isinstance(around[0], ast.Expr) and not told and not error and not constant:
            yield node.lineno, text


def test_sentences_that_are_no_notes_are_found():
    source = """
def f():
    \'\'\'A docstring is none.\'\'\'
    raise BadRequest(f"The {x} is wrong.")
NOTE = Note("What is told.")
PLAIN = "This is told, too."
"""
    assert list(sentences(ast.parse(source))) == [(6, "This is told, too.")]


@pytest.mark.parametrize("folder", ["recipes", "perception", "diffusion", "initialize", "pen"])
def test_what_the_engine_tells_of_results_is_a_note(folder):
    for path in sorted((EXTENSION.parent / "backend" / folder).rglob("*.py")):
        assert not list(sentences(ast.parse(path.read_text(encoding="utf-8")))), path


def test_a_note_of_the_engine_is_said_in_the_user_s_language(catalog, monkeypatch):
    read = gettext.GNUTranslations(io.BytesIO(catalog.with_suffix(".mo").read_bytes()))
    monkeypatch.setattr(words, "_CATALOG", read)
    pattern, values = "The picture has lines for {found} strokes only, not {wanted}.", {"found": "3", "wanted": "64"}
    assert words.spoken("The picture …", Phrase(pattern, values)) == "Das Bild hat nur Linien für 3 Striche, nicht für 64."
    assert words.spoken("The sentence.", Phrase(pattern, {"found": "3"})) == "The sentence."
    assert words.spoken("The sentence.", Phrase("Of a newer {engine}.", {"engine": "x"})) == "The sentence."
    assert words.spoken("The sentence.", Phrase("")) == words.spoken("The sentence.", None) == "The sentence."
    named = {"name": "Mask", "why": "The picture is empty (0 bytes). Choose another file."}
    assert words.spoken("x", Phrase("{name}: {why}", named)) == "Maske: Das Bild ist leer (0 Bytes). Eine andere Datei wählen."
    why = Phrase(pattern, values)
    failed = Phrase("The job failed: {why}", {"why": "The picture has …"}, {"why": why})
    assert words.spoken("x", failed) == "Der Auftrag ist gescheitert: Das Bild hat nur Linien für 3 Striche, nicht für 64."
    assert words.spoken("x", replace(failed, within={})) == "Der Auftrag ist gescheitert: The picture has …"
    assert words.spoken_stage("downloading SqueezeNet") == "SqueezeNet wird heruntergeladen"
    assert words.spoken_stage("frame 3 of 4") == "Einzelbild 3 von 4"


@pytest.mark.parametrize(
    ("environment", "system", "expected"),
    [
        ({"LANG": "de_DE.UTF-8"}, "fr_FR", None),
        ({}, "de_DE", ["de_DE"]),
        ({}, None, []),
    ],
)
def test_the_language_is_the_environment_s_else_the_system_s(environment, system, expected, monkeypatch):
    for name in words.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(words.locale, "getlocale", lambda: (system, "UTF-8"))
    assert words.languages() == expected


def test_the_package_is_what_the_extension_manager_takes(tmp_path):
    first, again = build_package.pack(tmp_path / "a"), build_package.pack(tmp_path / "b")
    assert first.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(first) as package:
        names = package.namelist()
        package.extractall(tmp_path / "stylesketch")
    items = ("networks", "packs", "prompt", "refine", "restyle", "sequence", "texture")
    entries = [f"inkscape_ext/style_{name}.inx" for name in items]
    assert [name for name in names if name.endswith(".inx")] == ["stylesketch.inx", *entries]
    assert names[0] == "stylesketch.inx"  # the Extension Manager names the folder after the first
    assert not [name for name in names if name.endswith((".json", ".pyc", "setup.py", ".po")) or name.startswith("tests")]
    assert {"locale/de/LC_MESSAGES/stylesketch.mo", "inkscape_ext/install.py", "inkscape_ext/style_sketch.py"} <= set(names)


@pytest.mark.skipif(inkex_folder() is None, reason="no inkex")
def test_the_unpacked_package_runs_and_says_that_the_engine_is_missing(tmp_path):
    with zipfile.ZipFile(build_package.pack(tmp_path)) as package:
        package.extractall(tmp_path / "stylesketch")
    script = tmp_path / "stylesketch" / "inkscape_ext" / "style_sketch.py"
    done = subprocess.run(
        [sys.executable, str(script), "--self-test"], capture_output=True, text=True,
        env={"PYTHONPATH": str(inkex_folder()), "PATH": "/usr/bin:/bin", "LANGUAGE": "de", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "ist nicht eingerichtet" in done.stdout
    assert json.dumps(done.stdout).count("\\n") == 1
