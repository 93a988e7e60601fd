"""The native engine under the sanitizers of the system's compiler."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from backend.core.errors import Missing
from backend.raster.native.build import FLAGS, SOURCES, compile_objects, here, run_tool, some_compiler

DRIVER = Path(__file__).with_name("driver.cpp")


@pytest.mark.slow
@pytest.mark.parametrize("sanitizer", ["address,undefined", "thread"])
def test_driver_runs_clean(sanitizer, tmp_path):
    flags = [*FLAGS, "-O1", "-g", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all", f"-I{SOURCES}"]
    with some_compiler(here(), download=False) as compiler:
        program = tmp_path / "driver"
        try:
            objects = compile_objects(tmp_path, here(), [*compiler, *flags])
            run_tool([*compiler, *flags, str(DRIVER), *map(str, objects), "-o", str(program), "-pthread"])
        except Missing as error:
            if "cannot find" in str(error):
                pytest.skip(f"this compiler has no such sanitizer: {error}")
            raise
    done = subprocess.run(
        [program], capture_output=True, text=True, timeout=280, env={**os.environ, "TSAN_OPTIONS": "halt_on_error=1"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = re.findall(r"(\w+): 0 wrong, sum (\S+)\n", done.stdout)
    assert said
    sums = [float(number) for _, number in said]
    assert max(sums) < min(sums) * (1 + 1e-4)  # instruction sets agree
