"""A private Inkscape profile with the extension in it, and the values that Inkscape remembers for its parameters."""

import json
import shutil
from pathlib import Path
from xml.sax.saxutils import quoteattr

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "org.stylesketch."


def install(profile, install_json):
    """Copy the extension into `profile` as the installer does; returns its folder."""
    folder = Path(profile) / "extensions" / "stylesketch"
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "*.in")
    shutil.copytree(ROOT / "inkscape_ext", folder / "inkscape_ext", ignore=ignored)
    shutil.copytree(ROOT / "inkscape_ext" / "locale", folder / "locale")
    shutil.copy(ROOT / "stylesketch.inx", folder)
    (folder / "install.json").write_text(json.dumps(install_json))
    return folder


def remember(profile, entry="style_sketch", **parameters):
    """What Inkscape passes to a menu entry next time. Not while Inkscape runs: it rewrites the file when it ends."""
    values = {name: int(value) if isinstance(value, bool) else value for name, value in parameters.items()}
    attributes = " ".join(f"{PREFIX}{entry}.{name}={quoteattr(str(value))}" for name, value in values.items())
    Path(profile, "preferences.xml").write_text(
        f'<inkscape version="1"><group id="extensions" {attributes}/>'
        '<group id="options"><group id="boot" enabled="0"/></group></inkscape>',
        encoding="utf-8",
    )
