"""Wheels with the native engine inside: how they are packed, and (slow) that they hold what their names say."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from backend.core.errors import Missing
from backend.raster.native import build, wheels
from backend.raster.native.targets import TARGETS, library_name

ABOUT = "Wheel-Version: 1.0\nGenerator: hatchling\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
MAGIC = {  # how the file begins, and where its machine is told
    "linux-x86_64": (b"\x7fELF\x02\x01", 18, b"\x3e\x00"),
    "linux-arm64": (b"\x7fELF\x02\x01", 18, b"\xb7\x00"),
    "windows-x86_64": (b"MZ", None, b"PE\0\0\x64\x86"),
    "macos-arm64": (b"\xcf\xfa\xed\xfe", 4, b"\x0c\x00\x00\x01"),
    "macos-x86_64": (b"\xcf\xfa\xed\xfe", 4, b"\x07\x00\x00\x01"),
}


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "stylesketch-1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("backend/__init__.py", "")
        archive.writestr("stylesketch-1.2.dist-info/WHEEL", ABOUT)
        archive.writestr("stylesketch-1.2.dist-info/RECORD", "backend/__init__.py,,\n")
    return path


@pytest.mark.parametrize("name", TARGETS)
def test_wheel_is_named_after_its_system_and_records_every_file(plain, tmp_path, name):
    library, out = tmp_path / "library", tmp_path / "out"
    library.write_bytes(b"machine code")
    out.mkdir()
    wheel = wheels.packed(plain, library, TARGETS[name], out)
    assert wheel.name == f"stylesketch-1.2-py3-none-{TARGETS[name].wheel}.whl"
    with zipfile.ZipFile(wheel) as archive:
        files = {entry: archive.read(entry) for entry in archive.namelist()}
    assert files[f"backend/raster/native/{library_name(TARGETS[name])}"] == b"machine code"
    about = files["stylesketch-1.2.dist-info/WHEEL"].decode().splitlines()
    assert f"Tag: py3-none-{TARGETS[name].wheel}" in about and "Root-Is-Purelib: false" in about
    assert "Tag: py3-none-any" not in about
    rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(files["stylesketch-1.2.dist-info/RECORD"].decode()))}
    assert set(rows) == set(files)
    for entry, (digest, size) in rows.items():
        if not entry.endswith("RECORD"):
            found = base64.urlsafe_b64encode(hashlib.sha256(files[entry]).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={found}", str(len(files[entry])))


def test_same_contents_make_the_same_wheel(plain, tmp_path):
    library = tmp_path / "library"
    library.write_bytes(b"machine code")
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        made.append(wheels.packed(plain, library, TARGETS["linux-x86_64"], folder).read_bytes())
    assert made[0] == made[1]


def test_wheels_need_the_sources(monkeypatch, tmp_path):
    monkeypatch.setattr(wheels, "ROOT", tmp_path)
    with pytest.raises(Missing, match="sources"):
        wheels.plain_wheel(tmp_path)


@pytest.mark.parametrize(
    "options", [("--wheels", "a", "--output", "b"), ("--target", "macos-arm64", "--target", "linux-arm64")]
)
def test_wrong_options_are_told(options, capsys):
    with pytest.raises(SystemExit) as stopped:
        build.main(options)
    assert stopped.value.code == 2
    assert "--output" in capsys.readouterr().err


def machine_of(library: bytes, start: int | None, length: int) -> bytes:
    """The bytes that tell the machine; of a Windows library, its second header."""
    place = int.from_bytes(library[0x3C:0x40], "little") if start is None else start
    return library[place : place + length]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_wheels_for_every_system_hold_its_library_and_this_one_draws_without_a_compiler(tmp_path):
    try:
        made = build.build_wheels(list(TARGETS.values()), tmp_path / "wheels")
    except Missing as error:
        if "pip" in str(error):
            pytest.skip(f"ziglang or hatchling cannot be fetched: {error}")
        raise
    by_tag = {wheel.stem.rsplit("-", 1)[1]: wheel for wheel in made}
    for name, (magic, start, machine) in MAGIC.items():
        with zipfile.ZipFile(by_tag[TARGETS[name].wheel]) as archive:
            library = archive.read(f"backend/raster/native/{library_name(TARGETS[name])}")
        assert library.startswith(magic), name
        assert machine_of(library, start, len(machine)) == machine, name
    if (sys.platform, os.uname().machine) == ("linux", "x86_64"):
        drawn_by_wheel(by_tag["manylinux2014_x86_64"], tmp_path)


def drawn_by_wheel(wheel: Path, folder: Path) -> None:
    """Installs the wheel alone into a folder, and draws with it where no compiler can be found."""
    site, nothing = folder / "site", folder / "nothing"
    nothing.mkdir()
    subprocess.run([*wheels.pip(), "install", "--no-deps", "--quiet", "--target", str(site), str(wheel)], check=True)
    code = (
        "import torch, backend; from backend.raster.native import describe_engine; print(backend.__file__, describe_engine())"
    )
    environment = {"PATH": str(nothing), "PYTHONPATH": str(site), "HOME": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(site)) and " native: " in done.stdout and "older" not in done.stdout
