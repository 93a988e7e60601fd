"""The doctor's look at Inkscape and at the extension in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from backend import __version__
from backend.cli.findings import BAD, FINE, NOTE, Finding
from backend.places import Places

LEAST = (1, 2)
SECONDS = 30.0
INSTALL = "Run ./install.sh in StyleSketch's folder."
REINSTALL = "Run ./install.sh in StyleSketch's folder again, then restart Inkscape."
NEEDED = ("lxml", "inkex")
USEFUL = ("gi",)
DEBIAN = "python3-lxml python3-numpy python3-cssselect python3-tinycss2 python3-gi python3-gi-cairo gir1.2-gtk-3.0"
PROBE = (
    "import importlib, json, sys, warnings; warnings.simplefilter('ignore')\n"
    "def there(name):\n"
    "    try: importlib.import_module(name)\n"
    "    except BaseException as error: return type(error).__name__ + ': ' + str(error)\n"
    "print(json.dumps([sys.executable, sys.version.split()[0], {name: there(name) for name in sys.argv[1:]}]))\n"
)


def inkscape(where: Places) -> Iterator[Finding]:
    """Whether there is an Inkscape, and which."""
    program = shutil.which("inkscape")
    if program is None:
        yield Finding("Inkscape", NOTE, "not found in PATH", "Install Inkscape 1.2 or newer; the command line works without.")
        return
    version = _version(_output([program, "--version"]))
    if version is None:
        yield Finding("Inkscape", BAD, f"{program} does not tell its version", "Start it once by hand and see what it says.")
    elif version < LEAST:
        yield Finding("Inkscape", BAD, f"{_dotted(version)} is too old", "Install Inkscape 1.2 or newer.")
    else:
        yield Finding("Inkscape", FINE, f"{_dotted(version)} ({program})")


def extension(where: Places) -> Iterator[Finding]:
    """Whether our extension is in Inkscape's folder, belongs to this backend, and can run in Inkscape's Python."""
    program = shutil.which("inkscape")
    if program is None:
        return
    folder = extensions_folder(program)
    installed = sorted(folder.glob("*/stylesketch.inx")) if folder else []
    if not folder or not installed:
        yield Finding("extension", NOTE, f"not in {folder or 'any folder known here'}", INSTALL)
    for inx in installed:
        yield installed_extension(inx, where)
    yield from interpreter(program)


def installed_extension(inx: Path, where: Places) -> Finding:
    """Whether the extension beside `inx` finds this backend."""
    file = inx.parent / "install.json"
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        python, endpoint = Path(told["python"]), Path(told["endpoint"])
    except (OSError, ValueError, KeyError, TypeError):
        return Finding("extension", BAD, f"{file} is missing or damaged", REINSTALL)
    if not python.exists():
        return Finding("extension", BAD, f"it would start {python}, which is gone", REINSTALL)
    if endpoint != where.endpoint:
        return Finding("extension", NOTE, f"{inx.parent} uses other folders: {endpoint.parent}", REINSTALL)
    if told.get("version") != __version__:
        told_version = told.get("version", "unknown")
        return Finding("extension", NOTE, f"{inx.parent} is of version {told_version}, this is {__version__}", REINSTALL)
    return Finding("extension", FINE, f"{inx.parent} (version {__version__})")


def interpreter(program: str) -> Iterator[Finding]:
    """Whether Inkscape's own Python has what the extension needs."""
    system = _output([program, "--system-data-directory"])
    environment = {**os.environ, "PYTHONPATH": str(Path(system.strip()) / "extensions")}
    beside = os.pathsep.join([str(Path(program).resolve().parent), os.environ.get("PATH", "")])
    chosen = _chosen_python(program)
    python = shutil.which(chosen, path=beside) if chosen else None
    if chosen and not python:
        cure = "Correct or remove python-interpreter in Inkscape's preferences.xml."
        yield Finding("Inkscape's Python", BAD, f"Inkscape is told to use {chosen}, which is not there", cure)
        return
    python = python or shutil.which("python3", path=beside) or shutil.which("python", path=beside)
    answer = _output([python, "-c", PROBE, *NEEDED, *USEFUL], environment) if python else ""
    try:
        executable, version, missing = json.loads(answer.splitlines()[-1])
    except (ValueError, IndexError):
        yield Finding("Inkscape's Python", BAD, f"{python or 'python3'} does not run", "Reinstall Inkscape.")
        return
    wrong = {name: error for name, error in missing.items() if error}
    bad, useful = [n for n in NEEDED if n in wrong], [n for n in USEFUL if n in wrong]
    text = f"{version} ({executable})" + "".join(f"; {name}: {wrong[name]}" for name in (*bad, *useful))
    cure = ""
    if bad or useful:
        cure = f"On Debian and Ubuntu: sudo apt install {DEBIAN}"
    yield Finding("Inkscape's Python", BAD if bad else NOTE if useful else FINE, text, cure)


def extensions_folder(program: str) -> Path | None:
    """Where this Inkscape looks for the user's extensions."""
    folder = _output([program, "--user-data-directory"]).strip()
    return Path(folder) / "extensions" if folder else None


def _chosen_python(program: str) -> str | None:
    """The interpreter that Inkscape's preferences name, None if they name none."""
    folder = extensions_folder(program)
    try:
        preferences = (folder.parent / "preferences.xml").read_text(encoding="utf-8") if folder else ""
    except OSError:
        return None
    found = re.search(r'python-interpreter="([^"]+)"', preferences)
    return found.group(1) if found else None


def _output(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """What a program prints; nothing where it cannot run."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, env=environment, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _version(text: str) -> tuple[int, ...] | None:
    found = re.search(r"Inkscape (\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in found.groups() if part) if found else None


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))
