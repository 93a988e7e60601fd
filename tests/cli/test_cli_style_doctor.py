import json
import os

import pytest

from backend import __version__
from backend.cli import doctor, doctor_surroundings
from backend.cli.findings import BAD, Finding
from backend.places import Places

posix = pytest.mark.skipif(os.name != "posix", reason="needs shell scripts as programs")


def test_the_doctor_names_a_broken_pack(command):
    own = Places.find().packs / "broken"
    own.mkdir(parents=True)
    (own / "style.toml").write_text("title = ")
    assert command("doctor")[0] == 3


def findings(command, *arguments):
    code, out, _ = command("doctor", "--json", *arguments)
    return code, {entry["name"]: entry for entry in json.loads(out)["findings"]}


@posix
def test_doctor_without_inkscape(command, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    code, found = findings(command)
    assert code == 0 and found["Inkscape"]["state"] == "note" and found["Inkscape"]["cure"]
    assert {"Python", "torch", "data folder", "state folder", "style packs", "daemon"} <= set(found)


@posix
def test_doctor_with_everything(command, fake_inkscape, tmp_path, monkeypatch):
    folder = fake_inkscape() / "stylesketch"
    folder.mkdir(parents=True)
    (folder / "stylesketch.inx").touch()
    told = {"python": str(tmp_path / "bin" / "python3"), "endpoint": str(Places.find().endpoint), "version": __version__}
    monkeypatch.setenv("DISPLAY", ":0")
    (folder / "install.json").write_text(json.dumps(told))
    code, found = findings(command)
    assert code == 0 and {entry["state"] for entry in found.values()} == {"fine"}, found
    assert "1.4" in found["Inkscape"]["text"] and "Sketch…" in found["menu entry"]["text"]
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert findings(command)[1]["menu entry"]["state"] == "note"
    (folder / "install.json").write_text(json.dumps({**told, "python": "/no/such/python"}))
    code, found = findings(command)
    assert code == 3 and "install.sh" in found["extension"]["cure"]
    (folder / "install.json").unlink()
    assert findings(command)[0] == 3


@posix
def test_doctor_where_inkscape_does_not_list_the_extension(command, fake_inkscape, monkeypatch):
    folder = fake_inkscape(actions="org.example.other: Other") / "stylesketch"
    folder.mkdir(parents=True)
    (folder / "stylesketch.inx").touch()
    monkeypatch.setenv("DISPLAY", ":0")
    code, found = findings(command)
    assert code == 3 and "extension-errors.log" in found["menu entry"]["cure"]


@posix
def test_doctor_names_menu_entries_that_inkscape_does_not_list(command, fake_inkscape, monkeypatch):
    folder = (
        fake_inkscape(actions="org.stylesketch.style-sketch: Sketch…\norg.stylesketch.style-texture: Texture…") / "stylesketch"
    )
    (folder / "inkscape_ext").mkdir(parents=True)
    (folder / "stylesketch.inx").touch()
    monkeypatch.setenv("DISPLAY", ":0")
    for name in ("texture", "prompt"):
        text = f"<a><name>{name.title()}…</name><id>org.stylesketch.style_{name}</id></a>"
        (folder / "inkscape_ext" / f"style_{name}.inx").write_text(text, encoding="utf-8")
        found = findings(command)[1]["menu entry"]
        expected = ("fine", "Sketch…, Texture…") if name == "texture" else ("bad", "does not list Prompt…")
        assert found["state"] == expected[0] and expected[1] in found["text"]


@posix
def test_doctor_reads_which_python_inkscape_is_told_to_use(command, fake_inkscape):
    profile = fake_inkscape().parent
    profile.mkdir(exist_ok=True)
    (profile / "preferences.xml").write_text('<inkscape><group id="extensions" python-interpreter="/no/python"/></inkscape>')
    code, found = findings(command)
    assert code == 3 and "/no/python" in found["Inkscape's Python"]["text"]


def test_doctor_names_sandboxed_inkscapes(command, monkeypatch, tmp_path):
    monkeypatch.setattr(doctor_surroundings.Path, "home", classmethod(lambda cls: tmp_path))
    folder = tmp_path / ".var/app/org.inkscape.Inkscape/config/inkscape/extensions/stylesketch"
    folder.mkdir(parents=True)
    (tmp_path / "Applications").mkdir()
    (tmp_path / "Applications" / "Inkscape-1.4.AppImage").touch()
    found = findings(command)[1]
    assert "not in" in found["Inkscape from Flathub"]["text"] and "Inkscape from Snap" not in found
    assert "ordinary folder" in found["Inkscape AppImage"]["text"]
    (folder / "stylesketch.inx").touch()
    told = {"python": str(tmp_path), "endpoint": str(Places.find().endpoint), "version": __version__}
    (folder / "install.json").write_text(json.dumps(told))
    found = findings(command)[1]["Inkscape from Flathub"]
    assert found["state"] == "note" and "systemctl --user start stylesketch" in found["cure"]


@posix
def test_doctor_with_an_old_inkscape_that_lacks_modules(command, fake_inkscape):
    fake_inkscape("Inkscape 1.0.2 (e86c870879, 2021-01-15)", modules=("lxml",))
    code, found = findings(command)
    assert code == 3
    assert found["Inkscape"]["state"] == "bad" and found["extension"]["state"] == "note"
    assert found["Inkscape's Python"]["state"] == "bad" and "python3-gi" in found["Inkscape's Python"]["cure"]


def test_a_report_that_cannot_be_written_is_told_before_anything_is_checked(command, monkeypatch, tmp_path):
    monkeypatch.setattr("backend.cli.doctor.CHECKS", [None])  # none is called
    code, _, err = command("doctor", "--report", tmp_path / "nowhere" / "report.txt")
    assert code == 1 and f"The folder {tmp_path / 'nowhere'} does not exist" in err


def test_doctor_says_what_to_do_and_writes_a_report(command, monkeypatch, tmp_path):
    def ink(where):
        yield Finding("ink", BAD, "is empty", "Fill it.")

    def broken(where):
        raise OSError("no permission")

    monkeypatch.setattr(doctor, "CHECKS", (ink, broken))
    code, out, _ = command("doctor", "--report", tmp_path / "report.txt")
    assert code == 3
    assert "BAD  ink: is empty\n     → Fill it.\n" in out and "broken: the check failed" in out
    assert (tmp_path / "report.txt").read_text(encoding="utf-8") == out


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write everywhere")
def test_doctor_finds_folders_that_cannot_be_written(command, tmp_path):
    (tmp_path / "home").mkdir(mode=0o500)
    assert findings(command)[1]["data folder"]["state"] == "bad"
