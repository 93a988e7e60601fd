"""The code style and the types, checked as a part of the suite so that its closing summary tells everything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("check", ["ruff check --no-cache", "ruff format --check --no-cache", "mypy"])
def test_python(check: str) -> None:
    done = subprocess.run([sys.executable, "-m", *check.split()], cwd=ROOT, capture_output=True, text=True)
    notes = re.compile(r"^.*: note: .*\n", re.MULTILINE)  # mypy's lists of overloads
    assert done.returncode == 0, notes.sub("", done.stdout + done.stderr)


def test_shell() -> None:
    shellcheck = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if not shellcheck:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run([shellcheck, "install.sh", ".ci/run"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_automatic_check_runs_the_suite_and_nothing_else() -> None:
    commands = [line for line in (ROOT / ".ci/run").read_text().splitlines() if not line.startswith("#")]
    assert commands == ['cd "$(dirname "$0")/.." && exec ./install.sh test']
