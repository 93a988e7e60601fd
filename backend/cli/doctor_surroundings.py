"""The doctor's look around: other Inkscapes, and whether Inkscape really lists the extension."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from backend.cli.client import running_client
from backend.cli.findings import BAD, FINE, NOTE, Finding
from backend.cli.inkscape_checks import REINSTALL, extensions_folder, installed_extension
from backend.places import Places

ACTION = "org.stylesketch.style-sketch"
SECONDS = 60.0
SANDBOXES = {  # name: (what tells that it is there, its folder of extensions), both below the home folder
    "Inkscape from Flathub": (".var/app/org.inkscape.Inkscape", ".var/app/org.inkscape.Inkscape/config/inkscape/extensions"),
    "Inkscape from Snap": ("snap/inkscape", "snap/inkscape/common/extensions"),
}
START = "Run `systemctl --user start stylesketch` before you sketch in it: it cannot start the engine."
APPIMAGES = ("Applications", "Downloads", ".local/bin", "bin")


def sandboxed(where: Places) -> Iterator[Finding]:
    """Inkscapes that are cut off from programs outside, and whether they can sketch."""
    for name, (sign, folder) in SANDBOXES.items():
        if not (Path.home() / sign).exists():
            continue
        inx = Path.home() / folder / "stylesketch" / "stylesketch.inx"
        if not inx.exists():
            yield Finding(name, NOTE, f"the extension is not in {inx.parent}", REINSTALL)
            continue
        found = installed_extension(inx, where)
        if found.state != FINE:
            yield Finding(name, found.state, found.text, found.cure)
        elif running_client(where) is None:
            yield Finding(name, NOTE, "has the extension, and the engine does not run", START)
        else:
            yield Finding(name, FINE, f"has the extension ({inx.parent}) and finds a running engine")


def appimages(where: Places) -> Iterator[Finding]:
    """AppImages in the usual folders; they use the same profile as Inkscape from the distribution."""
    for folder in APPIMAGES:
        for file in sorted((Path.home() / folder).glob("[Ii]nkscape*.AppImage")):
            yield Finding("Inkscape AppImage", FINE, f"{file}: uses the extension in Inkscape's ordinary folder")


def action(where: Places) -> Iterator[Finding]:
    """Whether Inkscape has taken the extension up."""
    program = shutil.which("inkscape")
    folder = extensions_folder(program) if program else None
    if not program or not folder or not list(folder.glob("*/stylesketch.inx")):
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        yield Finding(
            "menu entry", NOTE, "not looked for: there is no display here", "Run `stylesketch doctor` on the desktop."
        )
        return
    try:
        done = subprocess.run(
            [program, "--action-list"], capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        yield Finding(
            "menu entry", BAD, f"{program} does not list its actions", "Start Inkscape once by hand and see what it says."
        )
        return
    yield menu_entries(folder, done.stdout)


def menu_entries(folder: Path, listed: str) -> Finding:
    """Whether every installed menu entry is among the actions that Inkscape lists."""
    entries = {ACTION: "Sketch…"}
    for inx in sorted(folder.glob("*/inkscape_ext/*.inx")):
        found = {name: re.search(f"<{name}>(.*?)</{name}>", inx.read_text(encoding="utf-8")) for name in ("id", "name")}
        if found["id"] and found["name"]:
            entries[found["id"][1].replace("_", "-")] = found["name"][1]
    there = [name for action, name in entries.items() if any(line.startswith(action) for line in listed.splitlines())]
    if len(there) == len(entries):
        return Finding("menu entry", FINE, f"Extensions ▸ StyleSketch lists {', '.join(there)}")
    lacking = ", ".join(name for name in entries.values() if name not in there)
    cure = f"Restart Inkscape, look into {folder.parent / 'extension-errors.log'}, then run ./install.sh again."
    return Finding("menu entry", BAD, f"Inkscape does not list {lacking}", cure)
