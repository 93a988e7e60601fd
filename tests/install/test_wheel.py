"""What the engine's wheel brings, whichever way it was built."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from backend import __version__

ROOT = Path(__file__).parent.parent.parent


def test_the_wheel_has_engine_wire_types_and_packs(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", str(tmp_path)]
    done = subprocess.run([*build, str(ROOT)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob(f"stylesketch-{__version__}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(f"stylesketch-{__version__}.dist-info/entry_points.txt").decode()
    packs = {f"backend/bundled_packs/{pack.parent.name}/style.toml" for pack in (ROOT / "style_packs").glob("*/style.toml")}
    assert packs
    assert names >= packs | {"backend/cli/__init__.py", "backend/constraints.txt", "stylesketch_ext/wire/messages.py"}
    assert {name.split("/")[0] for name in names} == {"backend", "stylesketch_ext", f"stylesketch-{__version__}.dist-info"}
    assert "stylesketch = backend.cli:main" in entry_points
