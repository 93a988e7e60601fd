"""One run of the extension in the real Inkscape without anybody at the screen, and the rendering of documents."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from inkscape_profile import PREFIX

IGNORED_OUTPUT = ("ICC", "/color/icc", "Gtk-WARNING", "dconf-WARNING", "Failed to load module")


@dataclass(frozen=True)
class Run:
    """How an Inkscape ended. `windows` are the titles left on the screen when it did not end by itself."""

    written: bool
    windows: tuple
    output: str


def run_extension(environment, profile, document, output, select=(), timeout=60, entry="style_sketch"):
    """Open `document`, select, run a menu entry with the remembered parameters, write `output`.

    A message dialog would wait for ever: the run then times out, and its title is among the windows.
    """
    actions = f"{PREFIX}{entry.replace('_', '-')}.noprefs;export-filename:{output};export-plain-svg:false;export-do"
    command = ["inkscape", "-g", "--batch-process", str(document), *(["--select=" + ",".join(select)] if select else [])]
    process = subprocess.Popen(
        [*command, "--actions=" + actions], env={**environment, "INKSCAPE_PROFILE_DIR": str(profile)}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    windows = ()
    try:
        text, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        windows = window_titles(environment)
        os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
    lines = [line for line in text.splitlines() if line.strip() and not any(word in line for word in IGNORED_OUTPUT)]
    return Run(Path(output).exists(), windows, "\n".join(lines))


def window_titles(environment):
    """The titles of all windows that can be seen."""
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", "."], env=environment, capture_output=True, text=True
    )
    asked = [["xdotool", "getwindowname", number] for number in found.stdout.split()]
    return tuple(subprocess.run(a, env=environment, capture_output=True, text=True).stdout.strip() for a in asked)


def render(environment, profile, document, png, only=None, dpi=96):
    """The page of `document` as a PNG; with `only`, just the element of that id."""
    part = [f"--export-id={only}", "--export-id-only"] if only else []
    subprocess.run(
        ["inkscape", str(document), "--export-area-page", "--export-background=white", "--export-background-opacity=1",
         f"--export-filename={png}", f"--export-dpi={dpi}", *part],
        env={**environment, "INKSCAPE_PROFILE_DIR": str(profile)}, check=True, timeout=60,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def render_all(environment, profile, documents, dpi):
    """The pages of `documents` as PNGs beside them, by one Inkscape."""
    options = ["--export-type=png", "--export-area-page", "--export-background=white", "--export-background-opacity=1"]
    subprocess.run(
        ["inkscape", *map(str, documents), *options, f"--export-dpi={dpi}"],
        env={**environment, "INKSCAPE_PROFILE_DIR": str(profile)}, check=True, timeout=240,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
