"""Can this Python run the extension? Explains in one sentence what is missing and what brings it. Standard library only."""

import importlib
import importlib.util
import os
import sys
from typing import Dict, List, Optional, Sequence

from stylesketch_ext.surroundings import bundle, sandbox
from stylesketch_ext.words import _, plural

MODULES = ("inkex", "lxml", "cssselect", "numpy", "tinycss2")  # inkex itself, and what its versions import
OLDEST_INKEX = (1, 2)

PACKAGES = {  # family of distributions: (command, package of a module, packages that bring GTK)
    "debian": ("sudo apt install", "python3-%s", "python3-gi python3-gi-cairo gir1.2-gtk-3.0"),
    "fedora": ("sudo dnf install", "python3-%s", "python3-gobject gtk3"),
    "suse": ("sudo zypper install", "python3-%s", "python3-gobject-Gdk python3-gobject-cairo typelib-1_0-Gtk-3_0"),
    "arch": ("sudo pacman -S", "python-%s", "python-gobject python-cairo gtk3"),
    "alpine": ("sudo apk add", "py3-%s", "py3-gobject3 py3-cairo gtk+3.0"),
    "void": ("sudo xbps-install", "python3-%s", "python3-gobject python3-cairo gtk+3"),
}
FAMILIES = {"ubuntu": "debian", "rhel": "fedora", "centos": "fedora", "opensuse": "suse", "sles": "suse"}


def missing_sentence() -> Optional[str]:
    """None when inkex can be imported and is new enough, else one sentence with the command that mends it."""
    try:
        inkex = importlib.import_module("inkex")
    except ImportError as error:
        return _explain(error)
    except Exception as error:  # a package for another Python, or half installed
        return _broken(error)
    found = inkex_version(inkex)
    if found < OLDEST_INKEX:
        return _("StyleSketch needs Inkscape 1.2 or newer, and this one's modules are of version %s: update Inkscape.") % (
            ".".join(map(str, found))
        )
    return None


def inkex_version(inkex: object) -> "tuple":
    """(major, minor); modules that do not tell are those of Inkscape 1.0 or 1.1, unless they can what 1.2's can."""
    told = getattr(inkex, "__version__", None) or ("1.2" if hasattr(inkex, "Rectangle") and hasattr(inkex, "Page") else "1.0")
    return tuple(int(part) for part in told.split(".")[:2] if part.isdigit())


def no_window_sentence() -> str:
    """Why there is no window, and the command that brings it."""
    return _("StyleSketch works without its window, since Inkscape's Python (%s) has no GTK: %s to get it.") % (
        sys.executable, gtk_cure()
    )  # fmt: skip


def no_cairo_sentence() -> str:
    """Why sketches cannot be changed before they are inserted, and the command that brings it."""
    return _("Sketches are inserted as they are, since Inkscape's Python (%s) has no cairo for GTK: %s to adjust them.") % (
        sys.executable, gtk_cure()
    )  # fmt: skip


def gtk_cure() -> str:
    """What brings GTK, as part of a sentence."""
    line = _family_line()
    return _("run '%s'") % " ".join(line) if line else _("install GTK 3 and PyGObject for it")


def _explain(error: ImportError) -> str:
    name = (error.name or "").split(".")[0]
    if name == "inkex" or not _found("inkex"):
        return _(
            "StyleSketch cannot find Inkscape's Python module 'inkex': start it from Inkscape's Extensions menu, "
            "and if that is what you did, install Inkscape again (version 1.2 or newer)."
        )
    if not name or (_found(name) and name not in MODULES):
        return _broken(error)
    absent = sorted({name, *(module for module in MODULES if not _found(module))})
    quoted = ["'%s'" % module for module in absent]
    names = _(" and ").join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
    said = plural(
        "StyleSketch needs the Python module {names}, which {python} lacks: {cure}, then try again.",
        "StyleSketch needs the Python modules {names}, which {python} lacks: {cure}, then try again.",
        len(absent),
    )
    return said.format(names=names, python=sys.executable, cure=_cure(absent))


def _broken(error: Exception) -> str:
    detail = " ".join(str(error).split()).rstrip(".")
    said = _("StyleSketch cannot load Inkscape's Python modules with %s (%s): install Inkscape again.")
    return said % (sys.executable, detail)


def _found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _cure(modules: Sequence[str]) -> str:
    """What installs `modules` for this Inkscape."""
    if sandbox(os.environ) or bundle(os.environ):
        return _("install Inkscape again, with its Python and extension components")
    line = _family_line(modules)
    return _("run '%s'") % " ".join(line) if line else _("install it with the tool that installed Inkscape")


def _family_line(modules: Sequence[str] = ()) -> List[str]:
    """The command of this distribution that installs `modules`, and GTK where that is missing too or alone is meant.

    Empty where the distribution is not known.
    """
    release = _os_release()
    for name in (release.get("ID", "") + " " + release.get("ID_LIKE", "")).split():
        known = PACKAGES.get(FAMILIES.get(name.split("-")[0], name.split("-")[0]))
        if known:
            return [known[0], *(known[1] % module for module in modules), *([] if _found("gi") and modules else [known[2]])]
    return []


def _os_release() -> Dict[str, str]:
    try:
        with open(os.environ.get("STYLESKETCH_OS_RELEASE", "/etc/os-release"), encoding="utf-8") as lines:
            pairs = [line.strip().partition("=") for line in lines if "=" in line]
    except OSError:
        return {}
    return {key: value.strip("\"'") for key, _sign, value in pairs}
