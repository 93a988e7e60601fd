"""Finding, starting and replacing the engine."""

import json
import os
import sys
import threading
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from stylesketch_ext import launcher
from stylesketch_ext.failures import Cancelled, Failure
from stylesketch_ext.installation import find_installation
from stylesketch_ext.launcher import connect, read_endpoint
from stylesketch_ext.surroundings import scrubbed_environment
from stylesketch_ext.wire.messages import PROTOCOL_VERSION

FAKE = Path(__file__).resolve().parents[1] / "inkscape_harness" / "fake_engine.py"


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def starter(tmp_path, install_json):
    """An installation whose interpreter starts a fake engine, and writes down how it was called."""
    endpoint = tmp_path / "state" / "endpoint.json"
    call = f'echo "$@" > {tmp_path}/call\nenv > {tmp_path}/env\npwd > {tmp_path}/cwd\n'
    python = script(tmp_path / "python", call + f"exec {sys.executable} {FAKE} {endpoint}\n")
    install_json(python=python, home=str(tmp_path / "home"))
    return find_installation("x/y/z.py")


def test_a_running_engine_is_used(install_json, tmp_path):
    installation = install_json() and find_installation("x/y/z.py")
    with FakeEngine() as engine:
        engine.write_endpoint(installation.endpoint)
        assert connect(installation).health().version == "0.0-fake"
        assert not (tmp_path / "state" / launcher.START_LOG).exists()


def test_an_absent_engine_is_started_detached_and_in_a_clean_environment(starter, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/inkscape/extensions")
    monkeypatch.setenv("INKSCAPE_PROFILE_DIR", "/p")
    monkeypatch.setenv("STYLESKETCH_HOME", "/elsewhere")
    texts = []
    client = connect(starter, texts.append)
    assert client.health().protocol == PROTOCOL_VERSION
    client.shutdown()
    assert (tmp_path / "call").read_text().split() == ["-m", "backend", "serve", "--idle-timeout", "1800"]
    assert (tmp_path / "cwd").read_text().strip() == starter.data
    environment = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
    assert environment["STYLESKETCH_HOME"] == str(tmp_path / "home")
    assert not {"PYTHONPATH", "INKSCAPE_PROFILE_DIR"} & set(environment)
    assert texts[0].startswith("Starting")


def test_an_endpoint_of_an_ended_engine_is_no_obstacle(starter):
    with FakeEngine() as engine:
        engine.write_endpoint(starter.endpoint)
    connect(starter).shutdown()


def test_an_engine_that_dies_at_once_is_explained_by_its_last_words(tmp_path, install_json, monkeypatch):
    monkeypatch.setattr(launcher, "GRACE", 0.2)
    install_json(python=script(tmp_path / "python", "echo noise; echo 'No module named torch.' >&2; exit 1\n"))
    with pytest.raises(Failure, match=r"No module named torch\): run ./install.sh"):
        connect(find_installation("x/y/z.py"))


def test_an_interpreter_that_is_gone_is_one_sentence(install_json):
    install_json(python="/nowhere/python")
    with pytest.raises(Failure, match="could not be started"):
        connect(find_installation("x/y/z.py"))


def test_an_engine_that_never_gets_ready_is_given_up(tmp_path, install_json, monkeypatch):
    monkeypatch.setattr(launcher, "START_LIMIT", 0.5)
    install_json(python=script(tmp_path / "python", "exec sleep 3\n"))
    with pytest.raises(Failure, match="did not get ready"):
        connect(find_installation("x/y/z.py"))


def test_waiting_can_be_canceled(tmp_path, install_json):
    install_json(python=script(tmp_path / "python", "exec sleep 3\n"))
    with pytest.raises(Cancelled):
        connect(find_installation("x/y/z.py"), stopped=lambda: True)


def test_an_idle_engine_of_another_protocol_is_replaced(starter):
    with FakeEngine(protocol=99) as engine:
        engine.write_endpoint(starter.endpoint)
        ending = threading.Thread(target=lambda: engine.stopped.wait(10) and engine.server.server_close())
        ending.start()
        client = connect(starter)
        ending.join()
    assert client.health().protocol == PROTOCOL_VERSION
    client.shutdown()


def test_an_installed_engine_of_another_protocol_is_told_at_once(starter, monkeypatch):
    """Else the user would wait until it were ready."""
    monkeypatch.setattr(launcher, "PROTOCOL_VERSION", 99)
    with pytest.raises(Failure, match="is of another version than this extension: run "):
        connect(starter)
    read_endpoint(starter.endpoint).client().shutdown()


@pytest.mark.parametrize("protocol", [1, 99])
def test_a_busy_engine_of_another_protocol_is_left_alone(starter, protocol):
    with FakeEngine(protocol=protocol, queue=1) as engine:
        engine.write_endpoint(starter.endpoint)
        with pytest.raises(Failure, match="still drawing"):
            connect(starter)
        assert not engine.stopped.is_set()


def test_a_wrong_token_is_one_sentence(starter):
    with FakeEngine() as engine:
        engine.token = "another"
        engine.write_endpoint(starter.endpoint)
        engine.token = "secret"
        with pytest.raises(Failure, match="stylesketch stop"):
            connect(starter)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host":"h"}', '{"host":"h","port":"x","token":"t"}'])
def test_an_endpoint_file_that_is_no_use_counts_as_absent(tmp_path, text):
    (tmp_path / "endpoint.json").write_text(text)
    assert read_endpoint(str(tmp_path / "endpoint.json")) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [({"schema": 2}, "another version"), ({"python": None}, "lacks 'python'"), ({"protocol": "1"}, "lacks 'protocol'")],
)
def test_an_install_json_that_is_no_use_is_one_sentence(install_json, change, words):
    install_json(**change)
    with pytest.raises(Failure, match=words):
        find_installation("x/y/z.py")


def test_install_json_is_found_beside_the_inx_through_a_linked_folder(install_json, tmp_path, monkeypatch):
    fields = install_json(version="7")
    monkeypatch.delenv("STYLESKETCH_INSTALL_JSON")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "inkscape_ext").symlink_to(tmp_path / "elsewhere")
    assert find_installation(str(tmp_path / "inkscape_ext" / "style_sketch.py")).version == fields["version"]
    with pytest.raises(Failure, match=r"run ./install.sh"):
        find_installation(str(tmp_path / "a" / "b" / "style_sketch.py"))
    (tmp_path / "install.json").write_text("{")
    with pytest.raises(Failure, match="damaged"):
        find_installation(str(tmp_path / "inkscape_ext" / "style_sketch.py"))


def test_the_environment_keeps_what_is_the_user_s():
    given = {"PATH": os.pathsep.join(["/tmp/.mount_x/bin", "/usr/bin"]), "APPDIR": "/tmp/.mount_x", "HOME": "/home/me"}
    noise = dict.fromkeys(["LD_LIBRARY_PATH", "GTK_PATH", "GDK_PIXBUF_MODULE_FILE", "SELF_CALL", "QT_X", "PYTHONHOME"], "x")
    assert scrubbed_environment({**given, **noise}, None) == {"PATH": "/usr/bin", "HOME": "/home/me"}
    sandboxed = scrubbed_environment({"FLATPAK_ID": "i", "XDG_DATA_HOME": "/var/app", "HOME": "/h"}, "/d")
    assert sandboxed == {"FLATPAK_ID": "i", "HOME": "/h", "STYLESKETCH_HOME": "/d"}
    assert json.dumps(scrubbed_environment({"XDG_DATA_HOME": "/mine"}, None)) == '{"XDG_DATA_HOME": "/mine"}'
