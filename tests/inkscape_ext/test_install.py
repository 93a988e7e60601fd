"""install.py with fake folders and a fake engine: no real Windows or macOS."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from inkex_finder import EXTENSION

sys.path.insert(0, str(EXTENSION))
import install

HOME = Path("/home/me")


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({"HOME": "/home/me"}, "linux", ".config/inkscape/extensions"),
        ({"HOME": "/home/me", "XDG_CONFIG_HOME": "/home/me/x"}, "linux", "x/inkscape/extensions"),
        ({"HOME": "/home/me", "INKSCAPE_PROFILE_DIR": "/home/me/p"}, "linux", "p/extensions"),
        ({"HOME": "/home/me"}, "darwin", "Library/Application Support/org.inkscape.Inkscape/config/inkscape/extensions"),
        ({"USERPROFILE": "/home/me"}, "win32", "AppData/Roaming/inkscape/extensions"),
        ({"HOME": "/home/me", "APPDATA": "/home/me/r"}, "win32", "r/inkscape/extensions"),
    ],
)
def test_the_folder_of_each_platform(environment, platform, folder):
    assert install.extensions_folder(environment, platform) == HOME / folder


def test_the_store_s_inkscape_has_a_folder_of_its_own(tmp_path):
    store = tmp_path / install.STORE
    store.parent.mkdir(parents=True)
    assert install.extensions_folder({"HOME": "/h", "LOCALAPPDATA": str(tmp_path)}, "win32") == store


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({"HOME": "/home/me"}, "linux", ".local/share/stylesketch"),
        ({"HOME": "/home/me"}, "darwin", "Library/Application Support/stylesketch"),
        ({"USERPROFILE": "/home/me"}, "win32", "AppData/Local/stylesketch"),
        ({"HOME": "/home/me", "STYLESKETCH_HOME": "/home/me/s"}, "win32", "s/data"),
    ],
)
def test_the_engine_s_folder_of_each_platform(environment, platform, folder):
    assert install.data_folder(environment, platform) == HOME / folder


@pytest.fixture
def fake_engine_python(tmp_path, monkeypatch):
    """An engine that is there already; says what the real one would."""
    monkeypatch.setenv("STYLESKETCH_HOME", str(tmp_path / "home"))
    python = tmp_path / "home" / "data" / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho \'{"schema": 1, "version": "9"}\'\n')
    python.chmod(0o755)
    return python


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the engine")
def test_into_another_inkscape_s_folder_and_out_again(fake_engine_python, tmp_path, capsys):
    target = tmp_path / "var" / "extensions"
    assert install.main(["--extensions", str(target), "--no-engine"]) == 0
    installed = target / "stylesketch"
    assert json.loads((installed / "install.json").read_text()) == {"schema": 1, "version": "9"}
    assert (installed / "inkscape_ext" / "style_sketch.py").exists() and (installed / "stylesketch.inx").exists()
    assert all((installed / "inkscape_ext" / ("style_packs" + ending)).exists() for ending in (".py", ".inx"))
    assert (installed / "locale" / "de" / "LC_MESSAGES" / "stylesketch.mo").exists()
    assert [path.name for path in target.parent.iterdir()] == ["extensions"]
    assert "Restart Inkscape" in capsys.readouterr().out
    assert install.main(["--extensions", str(target), "--uninstall"]) == 0
    assert not installed.exists() and not fake_engine_python.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the engine")
def test_what_the_extension_manager_unpacked_stays_where_it_is(fake_engine_python, tmp_path, monkeypatch):
    monkeypatch.setattr(install, "ROOT", tmp_path)
    assert install.main(["--no-engine"]) == 0
    assert json.loads((tmp_path / "install.json").read_text())["schema"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "install.json"]


def test_no_engine_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STYLESKETCH_HOME", str(tmp_path))
    assert install.main(["--extensions", str(tmp_path / "e"), "--no-engine"]) == 3
    assert "there is no engine in" in capsys.readouterr().out and not (tmp_path / "e").exists()


def test_a_folder_with_just_the_extension_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("STYLESKETCH_HOME", str(tmp_path))
    monkeypatch.setattr(install, "ROOT", tmp_path)
    assert install.main(["--extensions", str(tmp_path / "e")]) == 3
    assert "holds the extension only" in capsys.readouterr().out


def test_an_engine_that_does_not_run_is_one_sentence(fake_engine_python, tmp_path, capsys):
    fake_engine_python.write_text("#!/bin/sh\nexit 1\n")
    assert install.main(["--extensions", str(tmp_path / "e"), "--no-engine"]) == 3
    assert "does not run" in capsys.readouterr().out


@pytest.mark.skipif(not importlib.util.find_spec("ensurepip"), reason="this system's Python cannot make environments")
def test_a_python_for_the_engine_is_found():
    assert install.find_python({"PATH": str(Path(sys.executable).parent) + ":/usr/bin:/bin"}, "linux")


def test_without_a_python_the_place_to_get_one_is_named(tmp_path):
    with pytest.raises(install.Stop, match=r"python\.org"):
        install.find_python({"PATH": str(tmp_path)}, "linux")
