import json
import os

import pytest

from backend.cli import doctor
from backend.cli.findings import BAD, Finding
from backend.places import Places

posix = pytest.mark.skipif(os.name != "posix", reason="needs shell scripts as programs")


def test_style_list(command, tmp_path):
    own = Places.find().packs / "mine"
    own.mkdir(parents=True)
    (own / "style.toml").write_text('title = "My pen"\n')
    code, out, _ = command("style", "list")
    assert code == 0 and "technical-pen" in out and "My pen" in out
    names = [entry["name"] for entry in json.loads(command("style", "list", "--json")[1])["styles"]]
    assert names[0] == "mine" and "technical-pen" in names


def test_style_list_names_a_broken_pack(command):
    own = Places.find().packs / "broken"
    own.mkdir(parents=True)
    (own / "style.toml").write_text("title = ")
    code, _, err = command("style", "list")
    assert code == 1 and "broken" in err
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
def test_doctor_with_everything(command, fake_inkscape, tmp_path):
    folder = fake_inkscape() / "stylesketch"
    folder.mkdir(parents=True)
    (folder / "stylesketch.inx").touch()
    told = {"python": str(tmp_path / "bin" / "python3"), "endpoint": str(Places.find().endpoint), "version": "0.1.0"}
    (folder / "install.json").write_text(json.dumps(told))
    code, found = findings(command)
    assert code == 0 and {entry["state"] for entry in found.values()} == {"fine"}, found
    assert "1.4" in found["Inkscape"]["text"]
    (folder / "install.json").write_text(json.dumps({**told, "python": "/no/such/python"}))
    code, found = findings(command)
    assert code == 3 and "install.sh" in found["extension"]["cure"]
    (folder / "install.json").unlink()
    assert findings(command)[0] == 3


@posix
def test_doctor_with_an_old_inkscape_that_lacks_modules(command, fake_inkscape):
    fake_inkscape("Inkscape 1.0.2 (e86c870879, 2021-01-15)", modules=("lxml",))
    code, found = findings(command)
    assert code == 3
    assert found["Inkscape"]["state"] == "bad" and found["extension"]["state"] == "note"
    assert found["Inkscape's Python"]["state"] == "bad" and "python3-gi" in found["Inkscape's Python"]["cure"]


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
