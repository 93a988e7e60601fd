"""install.sh uninstall: what it removes and what it leaves."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.install.conftest import Machine


def test_uninstall_leaves_nothing(machine: Machine) -> None:
    machine.install()
    (machine.state / "endpoint.json").write_text("{}")
    assert machine.left_behind()
    machine.calls()
    done = machine.install("uninstall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stylesketch stop" in machine.calls()
    assert machine.left_behind() == []
    assert not machine.data.exists()


def test_uninstall_keeps_packs_unless_purged(machine: Machine) -> None:
    machine.install()
    pack = machine.data / "style_packs/own/style.toml"
    pack.parent.mkdir(parents=True)
    pack.write_text("")
    kept = machine.install("uninstall")
    assert machine.left_behind() == [str(pack.relative_to(machine.home))]
    assert "--purge" in kept.stdout
    assert machine.install("uninstall", "--purge").returncode == 0
    assert machine.left_behind() == []


def test_uninstall_of_a_dev_install_leaves_the_checkout(machine: Machine) -> None:
    machine.install("--dev")
    assert machine.install("uninstall", "--purge").returncode == 0
    assert (machine.checkout / "inkscape_ext/style_sketch.py").exists()
    assert (machine.checkout / "stylesketch.inx").exists()


def test_uninstall_ends_an_engine_that_no_longer_listens(machine: Machine) -> None:
    machine.install()
    with subprocess.Popen(["/bin/sh", "-c", "sleep 30; exit # backend serve"], start_new_session=True) as engine:
        (machine.state / "endpoint.json").write_text(json.dumps({"host": "127.0.0.1", "pid": engine.pid}))
        assert machine.install("uninstall").returncode == 0
        assert engine.wait(timeout=5) == -signal.SIGTERM


def test_uninstall_leaves_a_process_that_got_the_number_later(machine: Machine) -> None:
    machine.install()
    with subprocess.Popen(["/bin/sleep", "30"]) as other:
        (machine.state / "endpoint.json").write_text(json.dumps({"pid": other.pid}))
        machine.install("uninstall")
        assert other.poll() is None
        other.kill()


def test_uninstall_finds_a_home_of_its_own(machine: Machine, tmp_path: Path) -> None:
    own = tmp_path / "größere Platte"
    machine.install(STYLESKETCH_HOME=str(own))
    assert machine.install("uninstall", "--purge").returncode == 0
    assert not own.exists()
    assert machine.left_behind() == []


def pack_in(data: Path) -> Path:
    pack = data / "style_packs/own/style.toml"
    pack.parent.mkdir(parents=True, exist_ok=True)
    pack.write_text("")
    return pack


@contextlib.contextmanager
def engine_of(venv: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like an engine which runs from `venv`, and which no endpoint.json tells of."""
    command = [f"{venv}/bin/python", "-c", "sleep 30; exit # -m backend serve"]
    with subprocess.Popen(command, executable="/bin/sh", start_new_session=True) as engine:
        yield engine
        engine.kill()


def test_uninstall_ends_every_engine_of_the_installation_and_no_other(machine: Machine, tmp_path: Path) -> None:
    own = tmp_path / "größere Platte"
    machine.install(STYLESKETCH_HOME=str(own))
    with engine_of(own / "data/venv") as ours, engine_of(tmp_path / "other/venv") as other:
        done = machine.install("uninstall")
        assert ours.wait(timeout=5) == -signal.SIGTERM
        assert other.poll() is None
    assert f"(process {ours.pid})" in done.stdout


def test_uninstall_says_what_it_removed_and_left(machine: Machine, tmp_path: Path) -> None:
    own = tmp_path / "größere Platte"
    machine.install(STYLESKETCH_HOME=str(own))
    packs = pack_in(own / "data"), pack_in(machine.data)
    machine.state.mkdir(parents=True)
    done = machine.install("uninstall")
    for path in (own / "data/venv", own / "state", machine.extension, machine.home / ".local/bin/stylesketch"):
        assert f"Removed: {path}\n" in done.stdout
        assert not path.exists()
    again = f"STYLESKETCH_HOME='{own}' ./install.sh uninstall --purge"
    assert f"Left: {own}/data (your style packs, drawings and weights; this removes them: {again})" in done.stdout
    for path in (machine.data, machine.state):
        assert f"Left: {path} (not in {own}; " in done.stdout
    assert all(pack.exists() for pack in packs)
    assert done.stdout.endswith("but for what was left as said above.\n")


def test_purge_empties_the_default_folders_too(machine: Machine, tmp_path: Path) -> None:
    own = tmp_path / "größere Platte"
    machine.install("--no-inkscape")
    machine.install(STYLESKETCH_HOME=str(own))
    pack_in(own / "data")
    pack_in(machine.data)
    with engine_of(machine.data / "venv") as engine:
        done = machine.install("uninstall", "--purge")
        assert engine.wait(timeout=5) == -signal.SIGTERM
    assert not own.exists()
    assert machine.left_behind() == []
    assert done.stdout.endswith("StyleSketch is removed.\n")


def test_uninstall_of_a_named_home_leaves_the_other_installation(machine: Machine, tmp_path: Path) -> None:
    own = tmp_path / "own"
    machine.install(STYLESKETCH_HOME=str(own))
    machine.install()
    unit = machine.home / ".config/systemd/user/stylesketch.service"
    done = machine.install("uninstall", "--purge", STYLESKETCH_HOME=str(own))
    assert not own.exists()
    assert (machine.data / "venv").exists() and unit.exists() and (machine.extension / "install.json").exists()
    assert f"Left: {machine.extension} (it uses the engine of another installation" in done.stdout
    assert f"Left: {machine.data} (not in the STYLESKETCH_HOME" in done.stdout


def test_uninstall_removes_the_copies_for_snap_and_flathub(machine: Machine, tmp_path: Path) -> None:
    own = tmp_path / "größere Platte"
    machine.install(STYLESKETCH_HOME=str(own))
    for folder in ("snap/inkscape/common", ".var/app/org.inkscape.Inkscape/config/inkscape"):
        copy = machine.home / folder / "extensions/stylesketch/install.json"
        copy.parent.mkdir(parents=True)
        copy.write_text(json.dumps({"python": f"{own}/data/venv/bin/python", "data": ""}, indent=1))
    assert machine.install("uninstall").returncode == 0
    assert machine.left_behind() == []


def test_uninstall_where_nothing_is_installed(machine: Machine) -> None:
    assert machine.install("uninstall").returncode == 0
    assert machine.left_behind() == []
