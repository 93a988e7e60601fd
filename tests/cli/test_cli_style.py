import io
import json
import shutil

import pytest
from PIL import Image, ImageDraw

from backend.encoders.squeezenet import SqueezeNet
from backend.model_pool import ModelPool
from backend.places import Places
from backend.style_library import Library
from backend.style_members import Pack, check_pack
from tests.encoders.networks import squeezenet_weights

STYLE = b'title = "Red chalk"\n[pen]\nwidth = 0.01\n'


@pytest.fixture
def library():
    return Library(Places.find().packs)


@pytest.fixture
def chalk(library):
    library.install(check_pack(Pack("sanguine", {"style.toml": STYLE})))


@pytest.fixture
def hatching(tmp_path):
    """A drawing of slanting lines."""
    image = Image.new("RGB", (400, 300), "white")
    pen = ImageDraw.Draw(image)
    for x in range(-200, 400, 12):
        pen.line((x, 280, x + 260, 20), fill="black", width=3)
    path = tmp_path / "My Hatching.png"
    image.save(path)
    return path


def test_list(command, chalk):
    code, out, _ = command("style", "list")
    assert code == 0 and "technical-pen" in out and "Red chalk" in out
    listed = json.loads(command("style", "list", "--json")[1])["styles"]
    assert listed[0]["name"] == "sanguine" and not listed[0]["bundled"]
    assert next(entry for entry in listed if entry["name"] == "technical-pen")["bundled"]


def test_what_the_terminal_cannot_write_is_spelled(command, library, monkeypatch):
    library.install(check_pack(Pack("chalk-2", {"style.toml": 'title = "R\u00f6tel"'.encode()})))
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", terminal)
    assert command("style", "list")[0] == 0
    terminal.seek(0)
    assert "R\\xf6tel" in terminal.read()


def test_list_names_a_broken_pack_and_shows_the_others(command, chalk, library):
    (library.own / "broken").mkdir()
    (library.own / "broken" / "style.toml").write_text("title = ")
    code, out, err = command("style", "list")
    assert code == 1 and "broken" in err and "Red chalk" in out
    assert command("style", "show", "broken")[0] == 1


def test_show(command, chalk):
    code, out, _ = command("style", "show", "sanguine")
    assert code == 0 and "Red chalk" in out and "your own" in out
    assert json.loads(command("style", "show", "technical-pen", "--json")[1])["title"] == "Technical pen"
    assert command("style", "show", "none")[0] == 1


def test_export_import_rename_remove(command, chalk, library, tmp_path):
    file = tmp_path / "c.stylepack"
    assert command("style", "export", "sanguine", "-o", str(file))[0] == 0
    assert command("style", "import", str(file))[0] == 0, "the same again changes nothing"
    library.entitle("sanguine", "Other")
    code, _, err = command("style", "import", str(file))
    assert code == 1 and "already" in err and "--replace" in err
    assert json.loads(command("style", "import", str(file), "--replace", "--json")[1])["title"] == "Red chalk"
    assert command("style", "import", str(file), "--name", "second")[0] == 0
    assert command("style", "rename", "second", "third", "--title", "Third")[0] == 0
    assert json.loads(command("style", "show", "third", "--json")[1])["title"] == "Third"
    assert command("style", "remove", "third")[0] == 0
    assert [path.name for path in library.own.iterdir() if path.name != ".lock"] == ["sanguine"]
    assert command("style", "remove", "technical-pen")[0] == 1
    assert command("style", "rename", "sanguine")[0] == 1


def test_networks_that_came_later_see_an_own_pack(command, hatching, library, monkeypatch):
    assert command("style", "extract", str(hatching), "--name", "lines", "--quiet")[0] == 0
    code, out, err = command("style", "features", "lines")
    assert (code, out) == (3, "") and "stylesketch models pull squeezenet" in err and err.count("\n") == 1
    monkeypatch.setattr(ModelPool, "has_encoder", lambda pool, name: name == "squeezenet")
    monkeypatch.setattr(ModelPool, "encoder", lambda pool, name: SqueezeNet(squeezenet_weights(), pool.device))
    style, preview = (library.read("lines").files[name] for name in ("style.toml", "preview.png"))
    assert command("style", "features", "lines")[:2] == (0, "lines: squeezenet/fire3, squeezenet/fire5, squeezenet/fire9\n")
    assert json.loads(command("style", "features", "lines", "--json")[1])["features"][0] == "squeezenet/fire3"
    assert "deep features: squeezenet/fire3" in command("style", "show", "lines")[1]
    assert (style, preview) == tuple(library.read("lines").files[name] for name in ("style.toml", "preview.png"))


def test_what_cannot_be_seen_is_told(command, chalk, monkeypatch):
    monkeypatch.setattr(ModelPool, "has_encoder", lambda pool, name: True)
    for name, words in (
        ("sanguine", "keeps no exemplar"),
        ("pencil", "comes with StyleSketch"),
        ("none", "no style pack named"),
    ):
        code, out, err = command("style", "features", name)
        assert (code, out) == (1, "") and words in err


def test_the_library_of_the_seed_is_not_opened(command, tmp_path):
    (tmp_path / "style_library.pkl").write_bytes(b"\x80\x04.")
    code, _, err = command("style", "import", str(tmp_path / "style_library.pkl"))
    assert code == 1 and "stylesketch style extract" in err


def test_extract_installs_a_pack(command, hatching, library):
    code, out, err = command("style", "extract", str(hatching))
    assert code == 0 and "my-hatching" in out, err
    told = json.loads(command("style", "show", "my-hatching", "--json")[1])
    assert told["title"] == "My hatching" and told["preview"] and told["exemplars"] == 1
    assert told["measured"]["hatch_angle"] == pytest.approx(45, abs=3)
    code, _, err = command("style", "extract", str(hatching))
    assert code == 1 and "already" in err
    assert command("style", "extract", str(hatching), "--replace", "--title", "Other")[0] == 0


def test_a_name_with_capitals_is_made_small_and_stays_the_title(command, hatching, chalk):
    code, out, err = command("style", "extract", str(hatching), "--name", "MyInk", "--quiet")
    assert (code, out, err) == (0, "", "")
    assert json.loads(command("style", "show", "myink", "--json")[1])["title"] == "MyInk"
    code, out, err = command("style", "extract", str(hatching), "--name", "My Ink", "--title", "Tusche")
    assert code == 0 and "my-ink" in out and "'my-ink'" in err
    assert json.loads(command("style", "show", "my-ink", "--json")[1])["title"] == "Tusche"
    code, out, err = command("style", "rename", "my-ink", "Second Ink")
    assert (code, out) == (0, "Renamed to second-ink: Tusche.\n") and "'second-ink'" in err


def test_extract_writes_the_same_archive_each_time(command, hatching, library, tmp_path):
    files = [tmp_path / "one.stylepack", tmp_path / "two.stylepack"]
    for file in files:
        assert command("style", "extract", str(hatching), "-o", str(file), "--name", "lines", "--json")[0] == 0
    assert files[0].read_bytes() == files[1].read_bytes()
    assert command("style", "import", str(files[0]))[0] == 0
    assert library.export("lines") == files[0].read_bytes()


def test_extract_makes_a_library_of_a_folder(command, hatching, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(hatching, folder / "Pencil.png")
    shutil.copy(hatching, folder / "Öl & Kreide.png")
    (folder / "notes.txt").write_text("no picture")
    Image.new("RGB", (200, 200), "white").save(folder / "blank.png")
    code, _, err = command("style", "extract", str(folder), "--library", str(tmp_path / "packs"))
    assert code == 1 and "blank.png: No line was found" in err
    made = sorted(path.name for path in (tmp_path / "packs").iterdir() if path.name != ".lock")
    assert made == ["ol-kreide", "pencil-2"], "no pack of a picture takes the name of a bundled one"
    assert command("style", "extract", str(tmp_path / "packs"))[0] == 1


def test_extract_names_the_picture_that_cannot_be_read(command, hatching, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    code, _, err = command("style", "extract", hatching, broken, "--name", "two")
    assert code == 1 and "broken.png: This is not a picture" in err


def test_extract_says_what_is_wrong(command, hatching, tmp_path):
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    assert "1 × 1 px" in command("style", "extract", str(tmp_path / "dot.png"))[2]
    assert command("style", "extract", str(tmp_path / "none.png"))[0] == 1
    assert command("style", "extract", str(hatching), "--name", "../x")[0] == 1
    assert command("style", "extract", str(hatching), "--name", "???")[0] == 1
    assert command("style", "extract", str(hatching), "--name", "pencil")[0] == 1, "a bundled pack's name"


@pytest.mark.parametrize("as_folder", [False, True])
def test_sketch_with_a_pack_that_is_not_installed(command, picture, chalk, library, tmp_path, as_folder):
    path = tmp_path / "packs" / "red" if as_folder else tmp_path / "red.stylepack"
    if as_folder:
        shutil.copytree(library.own / "sanguine", path)
    else:
        path.write_bytes(library.export("sanguine"))
    library.remove("sanguine")
    name = "red" if as_folder else "sanguine"
    code, out, err = command(
        "sketch", str(picture), "--style", str(path), "-o", str(tmp_path / "a.svg"), "--steps", "0", "--json"
    )
    assert code == 0 and json.loads(out)["style"] == name, err
    assert "was not" not in err and not list(library.own.glob("[a-z]*"))
    code, _, err = command("sketch", str(picture), "--style", str(path), "-o", str(tmp_path / "b.svg"), "--daemon")
    assert code == 1 and "style import" in err
