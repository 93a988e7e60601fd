"""The CUDA engine without a card: its kernels, compiled as C++, behind a driver that runs them on the processor."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest
import torch

from backend.core.errors import Missing
from backend.raster.cuda import CudaEngine
from backend.raster.cuda.driver import Kernels
from backend.raster.cuda.gpu import NAMES, Gpu
from backend.raster.native.build import here, run_tool, some_compiler

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "backend" / "raster" / "cuda"
FLAGS = ("-std=c++17", "-O2", "-g", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")


def build_machine(folder: Path, *flags: str) -> ctypes.CDLL:
    """The driver's library, built with further flags of the compiler; Missing where it cannot be made."""
    if sys.platform != "linux":
        raise Missing("The imitated CUDA machine needs Linux.")
    library = folder / "machine.so"
    with some_compiler(here(), download=False) as compiler:
        run_tool([*compiler, *FLAGS, *flags, f"-I{SOURCES}", f"-I{HERE}", str(HERE / "cuda_driver.cpp"), "-o", str(library)])
    machine = ctypes.CDLL(str(library))
    machine.machine_log.restype = ctypes.c_char_p
    return machine


def machine_or_skip(folder: Path) -> ctypes.CDLL:
    """The driver's library; the test is skipped, saying why, where it cannot be made."""
    try:
        return build_machine(folder)
    except Missing as error:
        pytest.skip(str(error))


def engine_on(machine: ctypes.CDLL) -> CudaEngine:
    """An engine whose one card is the machine."""
    gpu = Gpu(Kernels(machine, 0, b"cubin", NAMES), torch.device("cpu"))
    return CudaEngine(lambda device: gpu)
