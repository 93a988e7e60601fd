"""install.sh on a machine made of stubs."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
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
    themes = ("drawings", "jobs", "networks", "packs", "phrases", "pictures", "sketching")
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


# ------------------------------------------------------------------------------------------------------ system packages


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


# ----------------------------------------------------------------------------------------------------------- PyTorch


def torch_calls(machine: Machine) -> list[str]:
    return [call for call in machine.calls() if call.startswith("pip") and call.split()[-1].startswith("torch")]


def test_cpu_build_where_there_is_no_gpu(machine: Machine) -> None:
    done = machine.install(FAKE_CPU_INDEX="1")
    assert torch_calls(machine) == ["pip install --extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0+cpu"]
    assert "for the CPU" in done.stdout


def test_what_pip_offers_where_the_cpu_index_is_silent(machine: Machine) -> None:
    done = machine.install()
    assert torch_calls(machine) == [f"pip install -c {machine.checkout}/backend/constraints.txt torch"]
    assert "does not answer" in done.stdout


def test_what_pip_offers_where_the_cpu_build_is_refused(machine: Machine) -> None:
    done = machine.install(FAKE_CPU_INDEX="1", FAKE_NO_CPU_BUILD="1")
    assert done.returncode == 0
    assert [call.split()[-1] for call in torch_calls(machine)] == ["torch==2.13.0+cpu", "torch"]


def test_gpu_build_where_there_is_a_gpu(machine: Machine) -> None:
    done = machine.install(FAKE_GPU="1", FAKE_CPU_INDEX="1")
    assert torch_calls(machine) == [f"pip install -c {machine.checkout}/backend/constraints.txt torch"]
    assert "NVIDIA" in done.stdout


@pytest.mark.parametrize(("version", "kept"), [("2.6.1", True), ("3.0", True), ("2.5.9", False)])
def test_a_good_torch_is_left(machine: Machine, version: str, kept: bool) -> None:
    machine.install()
    machine.calls()
    (machine.data / "venv/torch").write_text(version)
    (machine.data / "venv/stamps/requirements").unlink()
    assert machine.install().returncode == 0
    assert (torch_calls(machine) == []) is kept
    assert f"torch=={version if kept else '2.13.0'}\n" in (machine.data / "venv/constraints.txt").read_text()


# ------------------------------------------------------------------------------------------------------------ weights

PULL = "stylesketch models pull squeezenet --patience 8"


def test_the_light_weights_are_pulled_once(machine: Machine) -> None:
    done = machine.install()
    assert PULL in machine.calls()
    assert "SqueezeNet, 5 MB) are here" in done.stdout
    receipt = machine.data / "weights/squeezenet/receipt.json"
    receipt.parent.mkdir(parents=True)
    receipt.write_text("{}")
    assert "SqueezeNet" not in machine.install().stdout
    assert PULL not in machine.calls()


def test_without_a_network_the_weights_are_one_line_and_no_failure(machine: Machine) -> None:
    done = machine.install(FAKE_OFFLINE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert PULL in machine.calls()
    (line,) = (line for line in done.stdout.splitlines() if "SqueezeNet" in line)
    assert "could not be downloaded" in line and "'stylesketch models pull squeezenet' tries again" in line
    assert done.stdout.splitlines()[-1].startswith("Done.") and "SqueezeNet" not in done.stderr


@pytest.mark.parametrize("arguments", [("--no-weights",), ("test",)])
def test_weights_are_not_pulled_where_they_are_not_wanted(machine: Machine, arguments: tuple[str, ...]) -> None:
    done = machine.install(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert PULL not in machine.calls() and "SqueezeNet" not in done.stdout


# ------------------------------------------------------------------------------------------------- native rasterizer


def test_the_native_rasterizer_is_compiled_for_the_engine(machine: Machine) -> None:
    machine.install()
    assert "compile in /" in machine.calls()


def test_a_lacking_compiler_is_told_and_no_more(machine: Machine) -> None:
    done = machine.install(FAKE_NO_COMPILER="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "a slower one draws" in done.stdout
    machine.calls()
    machine.install()
    assert "compile in /" in machine.calls()
    machine.install()
    assert not any(call.startswith("compile") for call in machine.calls())


def test_the_suite_gets_a_rasterizer_in_the_checkout_once(machine: Machine) -> None:
    machine.install("test")
    assert f"compile in {machine.checkout}" in machine.calls()
    (machine.checkout / "backend/raster/native/stylesketch_raster.so").touch()
    machine.install("test")
    assert not any(call.startswith("compile") for call in machine.calls())


# ---------------------------------------------------------------------------------------------- interruptions, no room


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


# --------------------------------------------------------------------------------------------------------- extension


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


# --------------------------------------------------------------------------------------------------------- uninstall


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


# ------------------------------------------------------------------------------------------------------ test, usage


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
