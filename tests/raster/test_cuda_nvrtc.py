"""The CUDA kernels under NVIDIA's own compiler, which needs no graphics card: pip install nvidia-cuda-nvrtc-cu12."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from backend.core.errors import Internal, Missing
from backend.raster.cuda import nvrtc
from backend.raster.cuda.gpu import NAMES, kernel_sources
from backend.raster.cuda.nvrtc import find_nvrtc, missing_compiler, nvrtc_files, open_nvrtc

CAPABILITIES = (75, 86, 90)


def packages() -> list[Path]:
    """Folders of the installed `nvidia` packages."""
    found = importlib.util.find_spec("nvidia")
    return [Path(place) for place in (found.submodule_search_locations or [])] if found else []


@pytest.fixture(scope="module")
def compiler():
    for major in ("13", "12"):
        for folder in packages():
            for path in nvrtc_files(folder.parent / "torch", sys.platform, major):
                if found := open_nvrtc(str(path)):
                    return found
    pytest.skip("NVIDIA's run-time compiler is not here; this brings it: pip install nvidia-cuda-nvrtc-cu12")


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_kernels_compile_to_machine_code(compiler, capability):
    code = compiler.compile(*kernel_sources(), capability)
    assert code.startswith(b"\x7fELF")
    assert all(name.encode() in code for name in NAMES)


def test_cards_newer_than_the_compiler_get_what_the_driver_translates(compiler):
    text = compiler.compile(*kernel_sources(), 990)
    assert f".target sm_{compiler.capabilities[-1]}".encode() in text
    assert all(f".entry {name}(".encode() in text for name in NAMES)


def test_kernels_fit_the_registers_without_much_spilling(compiler, tmp_path):
    """As ptxas tells, where the package of NVIDIA's compiler is installed, too: pip install nvidia-cuda-nvcc-cu12."""
    places = [folder / "cuda_nvcc" / "bin" / "ptxas" for folder in packages()]
    program = next((str(place) for place in places if place.exists()), None) or shutil.which("ptxas")
    if program is None:
        pytest.skip("ptxas is not here; this brings it: pip install nvidia-cuda-nvcc-cu12")
    text = tmp_path / "kernels.ptx"
    text.write_bytes(compiler.translate(*kernel_sources(), "compute_75").rstrip(b"\0"))
    for capability in CAPABILITIES:
        done = subprocess.run(
            [program, "-v", f"-arch=sm_{capability}", str(text), "-o", str(tmp_path / "kernels")],
            capture_output=True,
            text=True,
            check=True,
        )
        registers = [int(count) for count in re.findall(r"Used (\d+) registers", done.stderr)]
        spilled = [int(count) for count in re.findall(r"(\d+) bytes spill stores", done.stderr)]
        assert len(registers) == len(NAMES) and max(registers) <= 80  # three blocks of 256 threads share 65536
        assert max(spilled) <= 64, done.stderr


def test_cards_older_than_the_compiler_are_refused(compiler):
    with pytest.raises(Missing, match="too old"):
        compiler.compile(*kernel_sources(), 20)


def test_what_the_compiler_says_is_told(compiler):
    with pytest.raises(Internal, match="identifier"):
        compiler.compile('extern "C" __global__ void prepare() { nonsense; }', {}, 75)


@pytest.mark.parametrize(
    ("platform", "version", "files", "expected"),
    [
        ("linux", "12.6", ["torch/lib/libc10.so", "nvidia/cuda_nvrtc/lib/libnvrtc.so.12"], ["libnvrtc.so.12"]),
        ("linux", "12.8", ["nvidia/cuda_nvrtc/lib/libnvrtc.alt.so.12", "nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.12.8"], []),
        ("linux", "13.0", ["nvidia/cu13/lib/libnvrtc.so.13", "nvidia/cuda_nvrtc/lib/libnvrtc.so.12"], ["libnvrtc.so.13"]),
        ("linux", "11.8", ["torch/lib/libnvrtc-672ee683.so.11.2"], ["libnvrtc-672ee683.so.11.2"]),
        ("win32", "12.6", ["torch/lib/nvrtc64_120_0.dll", "torch/lib/nvrtc-builtins64_126.dll"], ["nvrtc64_120_0.dll"]),
        ("win32", "13.0", ["nvidia/cu13/bin/x86_64/nvrtc64_130_0.dll"], ["nvrtc64_130_0.dll"]),
        ("win32", "11.8", ["torch/lib/nvrtc64_112_0.dll", "torch/lib/nvrtc64_112_0.alt.dll"], ["nvrtc64_112_0.dll"]),
    ],
)
def test_compiler_is_found_where_torch_has_it(tmp_path, platform, version, files, expected):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in nvrtc_files(tmp_path / "torch", platform, version)] == expected


def test_files_that_are_no_compiler_are_passed_over(tmp_path):
    (tmp_path / "libnvrtc.so.12").write_text("nothing")
    assert open_nvrtc(str(tmp_path / "libnvrtc.so.12")) is None


@pytest.mark.parametrize(("version", "sentence"), [(None, "cannot use NVIDIA"), ("12.6", "nvrtc-cu12"), ("13.0", "nvrtc[.]")])
def test_what_is_missing_is_told(monkeypatch, version, sentence):
    monkeypatch.setattr(torch.version, "cuda", version)
    monkeypatch.setattr(nvrtc, "open_nvrtc", lambda name: None)
    find_nvrtc.cache_clear()
    with pytest.raises(Missing, match=sentence):
        find_nvrtc()
    assert re.search(sentence, missing_compiler())
    monkeypatch.setattr(nvrtc, "find_nvrtc", lambda: None)
    assert missing_compiler() == ""
