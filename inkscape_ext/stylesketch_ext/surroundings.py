"""How this Inkscape is packaged, and the environment without what its packaging puts there. Standard library only."""

import os
import sys
from typing import Dict, Mapping, Optional

# What Inkscape's packaging sets for its own Python and GTK, and what would mislead the engine's Python.
FOREIGN_PREFIXES = (
    "PYTHON", "GDK_PIXBUF_", "GTK_", "FONTCONFIG_", "DYLD_", "QT_", "INKSCAPE_", "INKEX_", "STYLESKETCH_", "GSETTINGS_",
    "SSL_CERT_", "TCL_", "TK_",
)  # fmt: skip
FOREIGN = (
    "GI_TYPELIB_PATH", "GIO_MODULE_DIR", "GIO_EXTRA_MODULES", "LD_LIBRARY_PATH", "LD_PRELOAD", "SELF_CALL", "DOCUMENT_PATH",
    "VIRTUAL_ENV", "APPIMAGE", "ARGV0", "OWD",
)  # fmt: skip
REDIRECTED = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
SEARCHED = ("PATH", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS", "MANPATH")  # lists of folders
APPLE_BUNDLE = ".app/Contents/"


def sandbox(environment: Mapping[str, str], marker: str = "/.flatpak-info") -> Optional[str]:
    """The name of the packaging that keeps Inkscape from starting programs outside, None if there is none."""
    if "FLATPAK_ID" in environment or os.path.exists(marker):
        return "Flatpak"
    return "Snap" if "SNAP" in environment and "SNAP_NAME" in environment else None


def bundle(environment: Mapping[str, str], executable: str = sys.executable, platform: str = sys.platform) -> Optional[str]:
    """The folder of an Inkscape that brings everything along: AppImage, macOS and Windows; None for a system's."""
    if environment.get("APPDIR"):
        return environment["APPDIR"]
    if platform == "darwin" and APPLE_BUNDLE in executable:
        return executable.partition(APPLE_BUNDLE)[0] + APPLE_BUNDLE
    return os.path.dirname(executable) if platform == "win32" else None


def scrubbed_environment(
    environment: Mapping[str, str], home: Optional[str], executable: str = sys.executable, platform: str = sys.platform
) -> Dict[str, str]:
    """`environment` without what Inkscape, its packaging and other extensions put into it."""
    kept = {k: v for k, v in environment.items() if not k.startswith(FOREIGN_PREFIXES) and k not in FOREIGN}
    if platform == "darwin" or "SNAP" in kept or "FLATPAK_ID" in kept:
        kept = {k: v for k, v in kept.items() if k not in REDIRECTED}
    inside = bundle(environment, executable, platform)
    kept.pop("APPDIR", None)
    for name in SEARCHED if inside else ():
        folders = [folder for folder in kept.get(name, "").split(os.pathsep) if folder and not folder.startswith(str(inside))]
        kept.pop(name, None)
        if folders:
            kept[name] = os.pathsep.join(folders)
    if home:
        kept["STYLESKETCH_HOME"] = home
    return kept
