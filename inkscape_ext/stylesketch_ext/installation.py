"""Where the engine is: install.json, written by the installer beside stylesketch.inx.

The extension never works these folders out by itself: sandboxed Inkscapes redirect XDG variables.
"""

import json
import os
import sys
from dataclasses import dataclass
from typing import Any, Dict, Optional

from stylesketch_ext.failures import Failure
from stylesketch_ext.words import _

SCHEMA = 1
VARIABLE = "STYLESKETCH_INSTALL_JSON"


@dataclass(frozen=True)
class Installation:
    """The contents of install.json; all paths are absolute."""

    version: str
    protocol: int
    python: str  # the engine's interpreter
    data: str  # folder: packs, weights, results, remembered choices
    state: str  # folder: logs
    endpoint: str  # file: where the running engine listens
    home: Optional[str] = None  # given to the engine as STYLESKETCH_HOME


def cure() -> str:
    """What to do where the engine is missing or broken, as the end of a sentence."""
    if sys.platform == "linux":
        return _("run ./install.sh in the StyleSketch folder, then restart Inkscape")
    return _("run install.py in the StyleSketch folder with Inkscape's Python, then restart Inkscape")


def find_installation(entry_script: str) -> Installation:
    """The installation that `entry_script` (…/inkscape_ext/x.py) belongs to; raises Failure when there is none.

    Symbolic links are not resolved: in a development install only inkscape_ext is one.
    """
    beside = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(entry_script))), "install.json")
    path = os.environ.get(VARIABLE) or beside
    try:
        with open(path, encoding="utf-8") as file:
            fields = json.load(file)
    except OSError:
        raise Failure(_("StyleSketch's engine is not installed (there is no %s): %s.") % (path, cure()), "install") from None
    except ValueError as error:
        raise Failure(_("StyleSketch's %s is damaged (%s): %s.") % (path, error, cure()), "install") from None
    return _read(fields, path)


def _read(fields: Any, path: str) -> Installation:
    if not isinstance(fields, dict) or fields.get("schema") != SCHEMA:
        raise Failure(_("StyleSketch's %s was written by another version: %s.") % (path, cure()), "install")
    kinds: Dict[str, type] = {"version": str, "protocol": int, "python": str, "data": str, "state": str, "endpoint": str}
    for name, kind in kinds.items():
        if not isinstance(fields.get(name), kind):
            raise Failure(_("StyleSketch's %s lacks '%s': %s.") % (path, name, cure()), "install")
    home = fields.get("home")
    return Installation(home=home if isinstance(home, str) and home else None, **{name: fields[name] for name in kinds})
