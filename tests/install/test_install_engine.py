"""What install.sh brings the engine: PyTorch, the light weights, a rasterizer."""

from __future__ import annotations

import pytest

from tests.install.conftest import Machine

PULL = "stylesketch models pull squeezenet --patience 8"


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
