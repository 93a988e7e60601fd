"""Where the engine is: install.json, written by the installer beside stylesketch.inx.

The extension never works these folders out by itself: sandboxed Inkscapes redirect XDG variables.
"""

import json
import os
from dataclasses import dataclass
from typing import Any, Dict, Optional

from stylesketch_ext.failures import Failure

SCHEMA = 1
VARIABLE = "STYLESKETCH_INSTALL_JSON"
CURE = "run ./install.sh in the StyleSketch folder, then restart Inkscape"


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
        raise Failure("StyleSketch's engine is not installed (there is no %s): %s." % (path, CURE)) from None
    except ValueError as error:
        raise Failure("StyleSketch's %s is damaged (%s): %s." % (path, error, CURE)) from None
    return _read(fields, path)


def _read(fields: Any, path: str) -> Installation:
    if not isinstance(fields, dict) or fields.get("schema") != SCHEMA:
        raise Failure("StyleSketch's %s was written by another version: %s." % (path, CURE))
    kinds: Dict[str, type] = {"version": str, "protocol": int, "python": str, "data": str, "state": str, "endpoint": str}
    for name, kind in kinds.items():
        if not isinstance(fields.get(name), kind):
            raise Failure("StyleSketch's %s lacks '%s': %s." % (path, name, CURE))
    home = fields.get("home")
    return Installation(home=home if isinstance(home, str) and home else None, **{name: fields[name] for name in kinds})
