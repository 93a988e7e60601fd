"""Where inkex is: in this Python, else in the folder of the installed Inkscape."""

import importlib.util
import shutil
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

EXTENSION = Path(__file__).resolve().parents[2] / "inkscape_ext"


@cache
def inkex_folder():
    """The folder to put on the path for inkex, as text: empty when it needs none, None when there is no inkex."""
    if importlib.util.find_spec("inkex"):
        return ""
    if not shutil.which("inkscape"):
        return None
    asked = subprocess.run(["inkscape", "--system-data-directory"], capture_output=True, text=True, timeout=60, check=False)
    folder = Path(asked.stdout.strip()) / "extensions"
    return str(folder) if (folder / "inkex").is_dir() else None


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
