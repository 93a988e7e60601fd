"""What install.sh does with Inkscape, its profiles, and the command."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.install.conftest import Machine


def test_an_old_inkscape_is_refused(machine: Machine) -> None:
    done = machine.install(FAKE_INKSCAPE="1.1.2")
    assert done.returncode == 1
    assert "needs Inkscape 1.2 or newer" in done.stderr


@pytest.mark.parametrize("version", ["1.2", "1.2.2", "1.10", "2.0"])
def test_newer_inkscapes_are_taken(machine: Machine, version: str) -> None:
    assert machine.install(FAKE_INKSCAPE=version).returncode == 0


def test_without_gtk_the_parameters_show(machine: Machine) -> None:
    done = machine.install(FAKE_NO_GTK="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no GTK" in done.stdout
    for name in ("stylesketch.inx", "inkscape_ext/style_texture.inx"):
        assert (machine.extension / name).read_text() == "<without-window/>"
    assert not list(machine.extension.rglob("*.in"))


def test_another_profile(machine: Machine, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    machine.install(INKSCAPE_PROFILE_DIR=str(profile))
    assert (profile / "extensions/stylesketch/install.json").exists()
    assert not machine.extension.exists()


def test_dev_links(machine: Machine) -> None:
    done = machine.install("--dev")
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.readlink(machine.extension / "inkscape_ext") == str(machine.checkout / "inkscape_ext")
    assert os.readlink(machine.extension / "stylesketch.inx") == str(machine.checkout / "stylesketch.inx")
    assert not (machine.extension / "install.json").is_symlink()
    assert any(call.endswith(f"-e {machine.checkout}") for call in machine.calls())


def test_dev_without_gtk_leaves_the_checkout_alone(machine: Machine) -> None:
    assert machine.install("--dev", FAKE_NO_GTK="1").returncode == 0
    for name in ("stylesketch.inx", "inkscape_ext/style_texture.inx"):
        assert (machine.checkout / name).read_text() == "<with-window/>"
        assert (machine.extension / name).read_text() == "<without-window/>"
    assert (machine.extension / "inkscape_ext/stylesketch_ext").resolve() == machine.checkout / "inkscape_ext/stylesketch_ext"
    assert not (machine.extension / "inkscape_ext/style_sketch.py").is_symlink()


def test_a_plain_install_after_dev_copies(machine: Machine) -> None:
    machine.install("--dev")
    assert machine.install().returncode == 0
    assert not (machine.extension / "inkscape_ext").is_symlink()
    assert (machine.checkout / "inkscape_ext/style_sketch.py").exists()


def test_somebody_elses_command_is_left(machine: Machine) -> None:
    other = machine.home / ".local/bin/stylesketch"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    done = machine.install()
    assert done.returncode == 0
    assert "left alone" in done.stdout
    assert other.read_text() == "mine"


def test_the_command_of_a_home_of_its_own_knows_it(machine: Machine, tmp_path: Path) -> None:
    own = tmp_path / "Jan's Bücher $HOME 100%"
    done = machine.install(STYLESKETCH_HOME=str(own))
    assert f"uses STYLESKETCH_HOME={own}" in done.stdout
    (own / "data/venv/bin/stylesketch").write_text('#!/bin/sh\necho "$STYLESKETCH_HOME|$*"\n')
    command = [str(machine.home / ".local/bin/stylesketch"), "sketch", "a b.jpg"]
    plain = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True)
    assert plain.stdout == f"{own}|sketch a b.jpg\n"
    chosen = subprocess.run(command, env={"STYLESKETCH_HOME": "/other"}, capture_output=True, text=True, check=True)
    assert chosen.stdout == "/other|sketch a b.jpg\n"


@pytest.mark.parametrize(("first", "second"), [("", "two"), ("one", ""), ("one", "two")])
def test_another_installations_command_is_left(machine: Machine, tmp_path: Path, first: str, second: str) -> None:
    command = machine.home / ".local/bin/stylesketch"
    homes = [str(tmp_path / name) if name else "" for name in (first, second)]
    machine.install(STYLESKETCH_HOME=homes[0])
    before = command.is_symlink(), command.read_text()
    done = machine.install(STYLESKETCH_HOME=homes[1])
    program = f"{homes[0]}/data/venv/bin/stylesketch" if first else f"{machine.data}/venv/bin/stylesketch"
    assert f"{command} starts {program}" in done.stdout
    assert (command.is_symlink(), command.read_text()) == before
    shutil.rmtree(homes[0] or machine.data)
    assert "which is gone" in machine.install(STYLESKETCH_HOME=homes[1]).stdout
    machine.install("uninstall", STYLESKETCH_HOME=homes[1])
    assert not command.exists()
