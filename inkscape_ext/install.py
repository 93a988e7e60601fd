#!/usr/bin/env python3
"""Puts the extension into Inkscape's folder, and the engine beside it where there is none. For Windows and macOS, and for
the folders of sandboxed Inkscapes; on Linux ./install.sh does more.

    python install.py                        with Inkscape's own Python, from StyleSketch's folder
    python install.py --extensions FOLDER    into another Inkscape's folder of extensions
    python install.py --uninstall            removes extension and engine; drawings and style packs stay

Standard library only; Python 3.8 or newer.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator, List, Mapping, Optional, Tuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKED = ("*.py", "*.inx", "*.in", "*.svg", "*.png", "*.css", "*.mo")
LEFT_OUT = ("build_package.py",)
STORE = "Packages/25415Inkscape.Inkscape_9waqn51p1ttv2/LocalCache/Roaming/inkscape/extensions"
NEWEST, OLDEST = 14, 10  # of Python 3, for the engine
PROBE = "import sys, venv, ensurepip; sys.exit(not (3, %d) <= sys.version_info[:2] <= (3, %d))" % (OLDEST, NEWEST)
TELL_PLACES = """
import json, os, sys
from backend import __version__
from backend.places import Places
from stylesketch_ext.wire.messages import PROTOCOL_VERSION
places = Places.find()
fields = {"schema": 1, "version": __version__, "protocol": PROTOCOL_VERSION, "python": sys.executable,
          "data": str(places.data), "state": str(places.state), "endpoint": str(places.endpoint)}
if os.environ.get("STYLESKETCH_HOME"):
    fields["home"] = os.environ["STYLESKETCH_HOME"]
print(json.dumps(fields, indent=1))
"""


class Stop(Exception):
    """The installation cannot go on; the text says what to do."""


def main(arguments: Optional[List[str]] = None) -> int:
    """The exit status: 0 done, 3 something is missing."""
    parser = argparse.ArgumentParser(description="Install StyleSketch for this user.")
    parser.add_argument("--extensions", type=Path, metavar="FOLDER", help="Inkscape's folder of the user's extensions")
    parser.add_argument("--python", metavar="PROGRAM", help="the Python (3.10 or newer) that is to run the engine")
    parser.add_argument("--no-engine", action="store_true", help="only the extension; the engine must be there already")
    parser.add_argument("--uninstall", action="store_true", help="remove extension and engine")
    options = parser.parse_args(arguments)
    target = target_folder(options.extensions)
    venv = data_folder(os.environ, sys.platform) / "venv"
    try:
        if options.uninstall:
            uninstall(target, venv)
        else:
            install(target, engine(venv, options.python, not options.no_engine))
    except (Stop, OSError) as error:
        say("install.py: %s" % error)
        return 3
    return 0


def target_folder(wanted: Optional[Path]) -> Path:
    """Where the extension goes; where it is already, if the Extension Manager has unpacked it."""
    if not wanted and not is_checkout():
        return ROOT
    return (wanted or extensions_folder(os.environ, sys.platform)) / "stylesketch"


def is_checkout() -> bool:
    """Is this StyleSketch's whole folder, engine included?"""
    return (ROOT / "pyproject.toml").exists()


def install(target: Path, python: Path) -> None:
    """Copy the extension to `target`, let it know the engine, and try it."""
    told = subprocess.run(
        [str(python), "-c", TELL_PLACES], stdout=subprocess.PIPE, env=clean(os.environ), cwd=str(python.parent)
    )
    if told.returncode:
        raise Stop("the engine in %s does not run: remove that folder, then run this again." % python.parent.parent)
    if target.resolve() != ROOT:
        say("Copying the extension to %s" % target)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Not in the folder of extensions, where Inkscape would read a half-made one.
        staging = Path(tempfile.mkdtemp(prefix=".stylesketch-", dir=str(target.parent.parent)))
        try:
            for name, file in extension_files():
                (staging / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file), str(staging / name))
            shutil.rmtree(str(target), ignore_errors=True)
            shutil.copytree(str(staging), str(target))
        finally:
            shutil.rmtree(str(staging), ignore_errors=True)
    (target / "install.json").write_bytes(told.stdout)
    check(target)
    say("Done. Restart Inkscape, select a picture, and choose Extensions > StyleSketch > Sketch...")


def check(target: Path) -> None:
    """The extension's self-test, if this is Inkscape's Python."""
    command = [sys.executable, str(target / "inkscape_ext" / "style_sketch.py"), "--self-test"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode == 0:
        say(said)
    else:
        say("The extension was not tried: %s is not Inkscape's Python, or lacks modules (%s)" % (sys.executable, said))


def engine(venv: Path, wanted: Optional[str], make: bool) -> Path:
    """The engine's interpreter; the engine is installed from this checkout if there is none and `make`."""
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists() and not (
        wanted or (make and is_checkout() and sys.platform != "linux")
    ):  # install.sh updates it on Linux
        return python
    if not make:
        raise Stop("there is no engine in %s: run ./install.sh, or this without --no-engine." % venv)
    if not is_checkout():
        raise Stop("this folder holds the extension only: run inkscape_ext/install.py of StyleSketch's whole folder.")
    base = [wanted] if wanted else find_python(os.environ, sys.platform)
    say("Setting up the engine in %s with %s (PyTorch is large: this takes minutes)" % (venv, " ".join(base)))
    run([*base, "-m", "venv", str(venv)])
    run([str(python), "-m", "pip", "install", "-c", str(ROOT / "backend" / "constraints.txt"), str(ROOT)])
    return python


def find_python(environment: Mapping[str, str], platform: str) -> List[str]:
    """The command of a Python for the engine that is not Inkscape's."""
    versions = ["3.%d" % minor for minor in range(NEWEST - 1, OLDEST - 1, -1)]
    names = ["py -" + version for version in versions] if platform == "win32" else ["python" + version for version in versions]
    bundle = str(Path(sys.executable).parent)
    for name in [*names, "python3", "python"]:
        program = shutil.which(name.split()[0], path=environment.get("PATH"))
        inside = program and platform in ("win32", "darwin") and str(Path(program).resolve().parent) == bundle
        if program and not inside:
            command = [program, *name.split()[1:]]
            if subprocess.run([*command, "-c", PROBE], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                return command
    said = "there is no Python 3.%d to 3.%d for the engine: install one from python.org, then run this again."
    raise Stop(said % (OLDEST, NEWEST))


def uninstall(target: Path, venv: Path) -> None:
    """Remove what install() made."""
    for folder in (target, venv):
        if folder.exists():
            say("Removing %s" % folder)
            shutil.rmtree(str(folder))


def extension_files() -> Iterator[Tuple[str, Path]]:
    """(name in the installed folder, file) of all that Inkscape needs; the first is the menu entry's .inx."""
    yield "stylesketch.inx", ROOT / "stylesketch.inx"
    for pattern in PACKED:
        for path in sorted(HERE.rglob(pattern)):
            if "__pycache__" not in path.parts and path.name not in LEFT_OUT:
                yield path.relative_to(ROOT).as_posix(), path
    for path in sorted(HERE.glob("locale/*/LC_MESSAGES/*.mo")):  # Inkscape looks for its own texts beside the .inx
        yield path.relative_to(HERE).as_posix(), path
    yield "LICENSE", ROOT / "LICENSE"


def extensions_folder(environment: Mapping[str, str], platform: str) -> Path:
    """Where Inkscape looks for the user's extensions."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or os.path.expanduser("~"))
    if environment.get("INKSCAPE_PROFILE_DIR"):
        return Path(environment["INKSCAPE_PROFILE_DIR"]) / "extensions"
    if platform == "win32":
        store = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / STORE
        roaming = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
        return store if store.parent.exists() else roaming / "inkscape" / "extensions"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "org.inkscape.Inkscape" / "config" / "inkscape" / "extensions"
    return Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "inkscape" / "extensions"


def data_folder(environment: Mapping[str, str], platform: str) -> Path:
    """Where the engine's data lies, as backend/places.py works it out."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or os.path.expanduser("~"))
    if environment.get("STYLESKETCH_HOME"):
        return Path(environment["STYLESKETCH_HOME"]).expanduser().absolute() / "data"
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "stylesketch"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "stylesketch"
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "stylesketch"


def clean(environment: Mapping[str, str]) -> "dict":
    """Without what belongs to Inkscape's Python."""
    return {name: value for name, value in environment.items() if not name.startswith("PYTHON")}


def run(command: List[str]) -> None:
    """A step whose output the user sees."""
    if subprocess.run(command, env=clean(os.environ)).returncode:
        raise Stop("this step failed: %s. Mend what it says above, then run this again." % " ".join(command))


def say(text: str) -> None:
    """One line for the user."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
