"""install.sh on a machine made of stubs: what it sets up, and how it is called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from stylesketch_ext.wire.messages import PROTOCOL_VERSION

from backend import __version__
from tests.install.conftest import Machine


def test_sets_up_engine_command_and_extension(machine: Machine) -> None:
    done = machine.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("Done. Restart Inkscape")
    assert os.readlink(machine.home / ".local/bin/stylesketch") == str(machine.data / "venv/bin/stylesketch")
    assert "is not in your PATH" in done.stdout
    copied = sorted(str(path.relative_to(machine.extension)) for path in machine.extension.rglob("*") if path.is_file())
    themes = ("drawings", "jobs", "networks", "packs", "phrases", "pictures", "refining", "sketching")
    wire = sorted(f"inkscape_ext/stylesketch_ext/wire/{name}.py" for name in ("__init__", "codec", "messages", *themes))
    assert copied == [
        "inkscape_ext/locale/de/LC_MESSAGES/stylesketch.mo",
        "inkscape_ext/style_sketch.py",
        "inkscape_ext/style_texture.inx",
        "inkscape_ext/style_texture.py",
        "inkscape_ext/stylesketch_ext/__init__.py",
        "inkscape_ext/stylesketch_ext/icons/pen.svg",
        *wire,
        "install.json",
        "locale/de/LC_MESSAGES/stylesketch.mo",
        "stylesketch.inx",
    ]


def test_systemd_can_start_the_engine(machine: Machine) -> None:
    machine.install()
    unit = (machine.home / ".config/systemd/user/stylesketch.service").read_text()
    assert f'ExecStart="{machine.data}/venv/bin/stylesketch" serve\n' in unit and "Environment" not in unit
    assert "systemctl --user daemon-reload" in machine.calls()


def test_the_unit_survives_odd_characters_in_its_paths(machine: Machine, tmp_path: Path) -> None:
    machine.install(STYLESKETCH_HOME=str(tmp_path / "Meine Bücher 100%n"))
    lines = (machine.home / ".config/systemd/user/stylesketch.service").read_text().splitlines()
    quoted = f"{tmp_path}/Meine Bücher 100%%n"
    assert f'ExecStart="{quoted}/data/venv/bin/stylesketch" serve' in lines
    assert f'Environment="STYLESKETCH_HOME={quoted}"' in lines


def test_systemd_reads_the_unit_as_it_is_meant(machine: Machine, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    machine.install(STYLESKETCH_HOME=str(tmp_path / "Meine Bücher 100%n"))
    unit = machine.home / ".config/systemd/user/stylesketch.service"
    command = ["systemd-analyze", "--user", "--man=no", "verify", str(unit)]
    environment = {**os.environ, "HOME": str(machine.home), "XDG_RUNTIME_DIR": str(tmp_path), "LC_ALL": "C.UTF-8"}
    verified = subprocess.run(command, env=environment, capture_output=True, text=True)
    if "Failed to initialize" in verified.stderr:
        pytest.skip("systemd-analyze does not run here")
    assert "stylesketch.service" not in verified.stderr, verified.stderr
    assert verified.returncode == 0


def test_an_inkscape_from_flathub_gets_the_extension_too(machine: Machine) -> None:
    done = machine.install(FAKE_FLATPAK="1")
    assert "systemctl --user start stylesketch" in done.stdout
    folder = machine.home / ".var/app/org.inkscape.Inkscape/config/inkscape/extensions"
    assert f"install.py --no-engine --extensions {folder}" in machine.calls()


def test_install_json_says_where_everything_is(machine: Machine) -> None:
    machine.install()
    assert json.loads((machine.extension / "install.json").read_text()) == {
        "schema": 1,
        "version": __version__,
        "protocol": PROTOCOL_VERSION,
        "python": str(machine.data / "venv/bin/python"),
        "data": str(machine.data),
        "state": str(machine.state),
        "endpoint": str(machine.state / "endpoint.json"),
    }


def test_a_home_of_its_own(machine: Machine, tmp_path: Path) -> None:
    own = tmp_path / "other disk"
    done = machine.install(STYLESKETCH_HOME=str(own))
    assert done.returncode == 0, done.stdout + done.stderr
    fields = json.loads((machine.extension / "install.json").read_text())
    assert fields["home"] == str(own)
    assert fields["python"] == str(own / "data/venv/bin/python")
    assert fields["endpoint"] == str(own / "state/endpoint.json")
    assert machine.left_behind()[0].startswith(".config/")
    assert [name for name in machine.left_behind() if name.startswith(".local")] == [".local/bin/stylesketch"]


@pytest.mark.parametrize("variables", [{}, {"XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s"}, {"STYLESKETCH_HOME": "/own"}])
def test_script_and_engine_agree_where_things_lie(machine: Machine, tmp_path: Path, variables: dict[str, str]) -> None:
    """install.sh works the folders out before there is an engine; install.json has them from backend/places.py."""
    machine.install(**{name: f"{tmp_path}{folder}" for name, folder in variables.items()})
    fields = json.loads((machine.extension / "install.json").read_text())
    assert fields["python"] == fields["data"] + "/venv/bin/python"
    assert (Path(fields["state"]) / "logs/install.log").exists()


def test_without_home_the_user_s_folder_is_looked_up(machine: Machine) -> None:
    done = machine.install(HOME="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (machine.data / "venv").exists()


def test_second_run_installs_nothing(machine: Machine) -> None:
    machine.install()
    machine.calls()
    again = machine.install()
    assert again.returncode == 0
    assert [call for call in machine.calls() if call.startswith(("apt-get", "pip", "venv"))] == []


def test_a_changed_source_replaces_only_the_engine(machine: Machine) -> None:
    machine.install()
    machine.calls()
    (machine.checkout / "backend/new_part.py").write_text("")
    assert machine.install().returncode == 0
    (pip,) = (call for call in machine.calls() if call.startswith("pip"))
    assert pip == f"pip install --no-deps --no-build-isolation --force-reinstall {machine.checkout}"


def test_the_self_test_runs_as_inkscape_runs_extensions(machine: Machine) -> None:
    machine.install()
    (call,) = (call for call in machine.calls() if call.startswith("self-test"))
    extensions, system = machine.extension.parent, "/usr/share/inkscape/extensions"
    script = machine.extension / "inkscape_ext/style_sketch.py"
    assert call == f"self-test {script} PYTHONPATH={extensions}:{system}:{system}/inkex/deprecated-simple"


def test_a_failed_self_test_is_told(machine: Machine) -> None:
    done = machine.install(FAKE_SELF_TEST="1")
    assert done.returncode == 1
    assert "self-test failed" in done.stderr


def test_a_user_without_sudo_gets_one_line_to_run(machine: Machine) -> None:
    done = machine.install(FAKE_UID="1000", FAKE_ABSENT="gir1.2-gtk-3.0 python3-requests")
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1] == "sudo apt-get install -y gir1.2-gtk-3.0 python3-requests"
    assert machine.calls() == ["sudo -n true"]
    assert not (machine.data / "venv").exists()


def test_a_user_with_sudo_installs_through_it(machine: Machine) -> None:
    done = machine.install(FAKE_UID="1000", FAKE_SUDO="1", FAKE_ABSENT="gir1.2-gtk-3.0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "apt-get install -y gir1.2-gtk-3.0" in machine.calls()


def test_root_installs_by_itself(machine: Machine) -> None:
    done = machine.install(FAKE_ABSENT="python3-requests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "apt-get install -y python3-requests" in machine.calls()


def test_apt_that_fails_is_told(machine: Machine) -> None:
    done = machine.install(FAKE_ABSENT="python3-requests", FAKE_APT="100")
    assert done.returncode == 1
    assert "sudo apt-get install python3-requests" in done.stderr


def test_the_engine_alone_needs_no_inkscape(machine: Machine) -> None:
    done = machine.install("--no-inkscape", FAKE_ABSENT="inkscape python3-lxml", FAKE_INKSCAPE="0.92")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not machine.extension.exists()
    assert not any(call.startswith("apt-get") for call in machine.calls())


def test_an_environment_left_half_made_is_made_anew(machine: Machine) -> None:
    killed = machine.install(FAKE_KILLED="1")
    assert killed.returncode != 0
    assert (machine.data / "venv/unfinished").exists()
    machine.calls()
    done = machine.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "half-made" in done.stdout
    assert "venv" in machine.calls()
    assert not (machine.data / "venv/unfinished").exists()


def test_an_environment_without_python_is_made_anew(machine: Machine) -> None:
    machine.install()
    (machine.data / "venv/bin/python").unlink()
    done = machine.install()
    assert done.returncode == 0
    assert "half-made" in done.stdout


def test_a_full_disk_is_told_before_anything_is_made(machine: Machine) -> None:
    done = machine.install(FAKE_FREE="1200")
    assert done.returncode == 4
    assert "1200 MB are free" in done.stderr
    assert not (machine.data / "venv").exists()


def test_the_suite_ends_the_output(machine: Machine) -> None:
    done = machine.install("test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "== 3 passed in 0.1s =="
    calls = machine.calls()
    assert calls[-1] == "-m pytest"
    assert any("inkex==" in call and "--no-deps" in call for call in calls)
    assert not machine.extension.exists()


def test_all_includes_the_slow_tests(machine: Machine) -> None:
    machine.install("test", "--all")
    assert machine.calls()[-1] == "-m pytest -m "


@pytest.mark.parametrize("arguments", [["instal"], ["--fast"], ["test", "demo"], ["test", "photo.jpg"]])
def test_wrong_usage(machine: Machine, arguments: list[str]) -> None:
    done = machine.install(*arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert machine.left_behind() == []


def test_help_lists_every_command(machine: Machine) -> None:
    done = machine.install("--help")
    assert done.returncode == 0
    for word in ("install", "demo", "test", "uninstall", "--dev", "--no-inkscape", "--purge", "--all"):
        assert word in done.stdout


def test_demo_of_a_photograph_that_is_not_there(machine: Machine) -> None:
    done = machine.install("demo", "no-such.jpg")
    assert done.returncode == 1
    assert "no-such.jpg" in done.stderr
