"""Wheels for other systems, each with the native engine inside: `python -m backend.raster.native.build --wheels FOLDER`."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.util
import io
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from backend.core.errors import Missing
from backend.raster.native.targets import Target, library_name, run_tool

PLACE = "backend/raster/native/"  # of the library within a wheel
ROOT = Path(__file__).parents[3]
OLDEST = (1980, 1, 1, 0, 0, 0)  # the date of every file, so that equal contents make equal wheels


def plain_wheel(folder: Path) -> Path:
    """The wheel of the program without an engine, packed into `folder`; Missing where its sources are not here."""
    if not (ROOT / "pyproject.toml").is_file():
        raise Missing("Wheels are packed from StyleSketch's sources: run this in their folder.")
    own = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    run_tool([*pip(), "wheel", "--no-deps", *own, "--quiet", "--wheel-dir", str(folder), str(ROOT)])
    return next(folder.glob("stylesketch-*-py3-none-any.whl"))


def packed(plain: Path, library: Path, target: Target, folder: Path) -> Path:
    """The wheel for `target`: the plain one and the library, under the target's name."""
    tag = f"py3-none-{target.wheel}"
    wheel = folder / plain.name.replace("py3-none-any", tag)
    with zipfile.ZipFile(plain) as source:
        files = {name: source.read(name) for name in sorted(source.namelist()) if not name.endswith("/RECORD")}
        record = next(name for name in source.namelist() if name.endswith("/RECORD"))
    about = record.replace("RECORD", "WHEEL")
    files[about] = _about(files[about].decode(), tag).encode()
    files[PLACE + library_name(target)] = library.read_bytes()
    files[record] = _record(files, record).encode()
    partial = wheel.with_suffix(".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, OLDEST)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    partial.replace(wheel)
    return wheel


def pip() -> list[str]:
    """How pip is called."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def write_wheels(libraries: Sequence[tuple[Target, Path]], folder: Path) -> list[Path]:
    """A wheel in `folder` for every target's library."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stylesketch-wheel-") as own:
        plain = plain_wheel(Path(own))
        return [packed(plain, library, target, folder) for target, library in libraries]


def _about(text: str, tag: str) -> str:
    kept = [line for line in text.splitlines() if line and not line.startswith(("Tag:", "Root-Is-Purelib:"))]
    return "\n".join([*kept, "Root-Is-Purelib: false", f"Tag: {tag}", ""])


def _record(files: dict[str, bytes], record: str) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([record, "", ""])
    return text.getvalue()
