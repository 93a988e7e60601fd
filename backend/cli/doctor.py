"""`stylesketch doctor`: what works here, what does not, and what to do about it."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from backend import __version__
from backend.cli.arguments import Commands, add_command
from backend.cli.client import running_client
from backend.cli.doctor_surroundings import action, appimages, sandboxed
from backend.cli.doctor_weights import weights
from backend.cli.findings import BAD, FINE, NOTE, Finding
from backend.cli.inkscape_checks import extension, inkscape
from backend.cli.outputs import check_writable
from backend.core.errors import StyleSketchError
from backend.core.files import write_whole
from backend.places import Places

SIGNS = {FINE: "ok  ", NOTE: "note", BAD: "BAD "}
Check = Callable[[Places], Iterator[Finding]]


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "doctor", run, "Check this installation, and tell what to do where something is wrong.")
    command.add_argument("--report", metavar="FILE", type=Path, help="also write the findings to FILE")
    command.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Prints every finding; 0 where nothing is missing, 3 else."""
    where = Places.find(arguments.data)
    if arguments.report:
        check_writable([arguments.report])
    findings = [finding for check in CHECKS for finding in findings_of(check, where)]
    text = "\n".join(lines(findings))
    if arguments.report:
        write_whole(arguments.report, f"{text}\n".encode())
    if arguments.json:
        print(json.dumps({"version": __version__, "findings": [vars(finding) for finding in findings]}))
    else:
        print(text)
    return 3 if any(finding.state == BAD for finding in findings) else 0


def findings_of(check: Check, where: Places) -> list[Finding]:
    """What one check finds; a check that fails itself is a finding too."""
    try:
        return list(check(where))
    except Exception as error:
        return [Finding(check.__name__, BAD, f"the check failed ({type(error).__name__}: {error})", "Report this.")]


def lines(findings: list[Finding]) -> Iterator[str]:
    """The findings as text."""
    for finding in findings:
        yield f"{SIGNS[finding.state]} {finding.name}: {finding.text}"
        if finding.cure:
            yield f"     → {finding.cure}"


def python(where: Places) -> Iterator[Finding]:
    """The interpreter."""
    old = sys.version_info < (3, 10)
    yield Finding(
        "Python",
        BAD if old else FINE,
        f"{platform.python_version()} ({sys.executable}) on {platform.platform()}; StyleSketch {__version__}",
        "Install Python 3.10 or newer, then run ./install.sh." if old else "",
    )


def torch(where: Places) -> Iterator[Finding]:
    """The library that draws, and its devices."""
    try:
        import torch as library

        from backend.model_pool import available_devices
    except ImportError as error:
        yield Finding("torch", BAD, str(error), "Run ./install.sh in StyleSketch's folder again.")
        return
    yield Finding("torch", FINE, f"{library.__version__}; devices: {', '.join(available_devices())}")


def rasterizer(where: Places) -> Iterator[Finding]:
    """Which engine turns strokes into pixels, and which others may be asked for."""
    from backend.model_pool import choose_engine
    from backend.raster import LACKED, rasterizers
    from backend.raster.cuda import missing_compiler
    from backend.raster.native import describe_engine

    state, here = describe_engine(), rasterizers()
    yield Finding(
        "rasterizer", NOTE if state.cure else FINE, f"{state.name}: {state.detail}", state.cure and f"Run: {state.cure}"
    )
    others = ", ".join(name for name in LACKED if name not in here)
    yield Finding("--rasterizer", FINE, f"{', '.join(here)}" + (f" (not here: {others})" if others else ""))
    if "cuda" in here:
        untried = "has not been tried on a graphics card yet, so it draws only where it is asked for"
        yield Finding("--rasterizer cuda", NOTE, untried, missing_compiler())
    try:
        used = choose_engine("auto")
    except StyleSketchError as error:
        yield Finding("STYLESKETCH_RASTERIZER", BAD, str(error), "Set the variable to one of these names, or remove it.")
    else:
        if used != state.name:
            yield Finding("STYLESKETCH_RASTERIZER", NOTE, f"{used} draws, because the variable says so")


def folders(where: Places) -> Iterator[Finding]:
    """Whether results and logs can be written."""
    for name, folder in (("data folder", where.data), ("state folder", where.state)):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            yield Finding(name, BAD, f"{folder}: {error.strerror}", "Make it writable, or set STYLESKETCH_HOME.")
        else:
            yield Finding(name, FINE, str(folder))


def packs(where: Places) -> Iterator[Finding]:
    """Whether every style pack can be read."""
    from backend.style_library import pack_folders
    from backend.style_pack import read_pack

    names = []
    for folder in pack_folders(where.packs):
        try:
            names.append(read_pack(folder).name)
        except StyleSketchError as error:
            yield Finding("style pack", BAD, str(error), f"Correct it, or remove the folder {folder}.")
    if names:
        yield Finding("style packs", FINE, ", ".join(names))
    else:
        yield Finding("style packs", BAD, "none", "Run ./install.sh in StyleSketch's folder again.")


def daemon(where: Places) -> Iterator[Finding]:
    """Whether the daemon runs; it need not."""
    client = running_client(where)
    if client is None:
        yield Finding("daemon", FINE, "does not run; it is started when it is needed")
        return
    health = client.health()
    other = health.version != __version__
    yield Finding(
        "daemon",
        NOTE if other else FINE,
        f"version {health.version} at {client.endpoint.url}, process {client.endpoint.pid}",
        "It is another version than this command: `stylesketch stop` ends it." if other else "",
    )


CHECKS: tuple[Check, ...] = (
    python, torch, rasterizer, folders, packs, weights, daemon, inkscape, extension, action, sandboxed, appimages,
)  # fmt: skip
