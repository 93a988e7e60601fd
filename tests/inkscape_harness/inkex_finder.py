"""Where inkex is: in this Python, else in the folder of the installed Inkscape."""

import atexit
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path

EXTENSION = Path(__file__).resolve().parents[2] / "inkscape_ext"
PURE = ("cssselect", "tinycss2", "webencodings")  # what inkex imports and any Python can use


@cache
def inkex_folder():
    """The folder to put on the path for inkex, as text: empty when it needs none, None when there is no inkex.

    The folder is a temporary one with links to the installed Inkscape's inkex and the pure modules that only its Python has.
    """
    lacking = [name for name in PURE if not importlib.util.find_spec(name)]
    places = {}
    if not importlib.util.find_spec("inkex"):
        if not shutil.which("inkscape"):
            return None
        asked = subprocess.run(["inkscape", "--system-data-directory"], capture_output=True, text=True, timeout=60, check=False)
        places["inkex"] = Path(asked.stdout.strip()) / "extensions" / "inkex"
        if not places["inkex"].is_dir():
            return None
        places.update(_borrowed(lacking))
    if not places:
        return ""
    folder = tempfile.mkdtemp(prefix="stylesketch-inkex-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, place in places.items():
        (Path(folder) / name).symlink_to(place)
    return folder


def make_importable():
    """Put the extension and inkex on the path; returns why that cannot be done, else an empty text."""
    if str(EXTENSION) not in sys.path:
        sys.path.insert(0, str(EXTENSION))
    folder = inkex_folder()
    if folder is None:
        return "no inkex: install Inkscape, or 'pip install --no-deps inkex' with its requirements"
    if folder and folder not in sys.path:
        sys.path.append(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # inkex's own deprecations
            import inkex
            import inkex.tester
            import inkex.tester.inx  # noqa: F401
    except ImportError as error:
        return f"inkex cannot be imported: {error}"
    return ""


def _borrowed(names):
    """The folders of modules in the Python that runs Inkscape's extensions: the one beside the program, else the first."""
    beside = Path(shutil.which("inkscape")).parent / "python3"
    python = str(beside) if beside.exists() else "python3"
    for name in names:
        asked = subprocess.run(
            [python, "-c", f"import {name}; print({name}.__path__[0])"], capture_output=True, text=True, check=False
        )
        if asked.returncode == 0:
            yield name, asked.stdout.strip()
