"""Can this Python run the extension? Explains in one sentence what is missing and what brings it. Standard library only."""

import importlib
import importlib.util
import sys
from typing import Dict, List, Optional

MODULES = ("inkex", "lxml", "cssselect", "numpy", "tinycss2")  # inkex itself, and what its versions import

PACKAGES = {
    "debian": ("sudo apt install", "python3-%s"),
    "fedora": ("sudo dnf install", "python3-%s"),
    "suse": ("sudo zypper install", "python3-%s"),
    "arch": ("sudo pacman -S", "python-%s"),
}


def missing_sentence() -> Optional[str]:
    """None when inkex can be imported, else one sentence with the command that mends it."""
    try:
        importlib.import_module("inkex")
    except ImportError as error:
        return _explain(error)
    return None


def _explain(error: ImportError) -> str:
    name = (error.name or "").split(".")[0]
    if name == "inkex" or not _found("inkex"):
        return (
            "StyleSketch cannot find Inkscape's Python module 'inkex': start it from Inkscape's Extensions menu, "
            "and if that is what you did, install Inkscape again (version 1.2 or newer)."
        )
    if not name or (_found(name) and name not in MODULES):
        return "StyleSketch cannot load Inkscape's Python modules with %s (%s): install Inkscape again." % (
            sys.executable,
            error,
        )
    absent = sorted({name, *(module for module in MODULES if not _found(module))})
    return "StyleSketch needs the Python module%s %s, which %s lacks: %s, then try again." % (
        "s" if len(absent) > 1 else "", " and ".join("'%s'" % module for module in absent), sys.executable, _cure(absent)
    )  # fmt: skip


def _found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _cure(modules: List[str]) -> str:
    """The command of this distribution that installs `modules`."""
    release = _os_release()
    names = (release.get("ID", "") + " " + release.get("ID_LIKE", "")).split()
    family = {"ubuntu": "debian", "rhel": "fedora", "opensuse": "suse"}
    for name in names:
        packages = PACKAGES.get(family.get(name, name))
        if packages:
            return "run '%s %s'" % (packages[0], " ".join(packages[1] % module for module in modules))
    return "install them with the tool that installed Inkscape" if len(modules) > 1 else "install it with your package manager"


def _os_release() -> Dict[str, str]:
    try:
        with open("/etc/os-release", encoding="utf-8") as lines:
            pairs = [line.strip().partition("=") for line in lines if "=" in line]
    except OSError:
        return {}
    return {key: value.strip("\"'") for key, _, value in pairs}
