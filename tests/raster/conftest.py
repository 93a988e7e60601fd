"""One fresh build of the native engine per session, unless the one in place is current."""

from __future__ import annotations

import pytest

from backend.core.errors import Missing
from backend.raster.native import NativeEngine
from backend.raster.native.build import build, here, library_name, some_compiler
from backend.raster.native.library import is_current, library_path, open_library
from tests.raster.machine import engine_on, machine_or_skip


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    present = open_library(library_path()) if library_path().exists() else None
    if present is not None and is_current(present):
        return present
    path = tmp_path_factory.mktemp("native") / library_name(here())
    try:
        with some_compiler(here(), download=False) as compiler:
            build(path, here(), compiler)
    except Missing as error:
        pytest.skip(str(error))
    return open_library(path)


@pytest.fixture
def native(library):
    return NativeEngine(library, threads=1)


@pytest.fixture(scope="session")
def machine(tmp_path_factory):
    """An imitated driver that runs the CUDA kernels on the processor."""
    return machine_or_skip(tmp_path_factory.mktemp("machine"))


@pytest.fixture
def cuda(machine):
    return engine_on(machine)
