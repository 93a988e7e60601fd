"""From a photograph to a layer of strokes in the real Inkscape: what `./install.sh demo` runs.

It lies among the tests because it is the acceptance test that a user can run: it uses the installed extension and engine
as a click in the menu would, looks at the result, and ends with an error if anything is not as promised.
Needs a display and a D-Bus session of its own (install.sh provides both), Pillow and scikit-image.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image, ImageOps

EXTENSION = "org.stylesketch.style_sketch"
ACTION = "org.stylesketch.style-sketch.noprefs"
PICTURE_ID = "photograph"
SVG = "http://www.w3.org/2000/svg"
INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
STYLESKETCH = "https://stylesketch.org/ns/1"
BUNDLED_PHOTO = "astronaut"  # in scikit-image's wheel, no download; NASA, public domain
PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0  # mm, A4
PICTURE_WIDTH = 150.0  # mm
TURN = -4.0  # degrees; a turned picture shows whether the strokes follow it
LARGEST = 1600  # px, longer side of the embedded picture
RUN_LIMIT = 300.0  # s
MESSAGE_SECONDS = 3.0  # how often to look whether the extension complains
MINIMUM_STROKES = 10

Box = tuple[float, float, float, float]  # left, top, width, height; px


class DemoFailed(Exception):
    """Something is not as promised; one sentence."""


@dataclass(frozen=True)
class Inkscape:
    """The real Inkscape, with a profile in which only StyleSketch's extension is known."""

    program: str
    profile: Path

    def run(self, *arguments: str) -> str:
        """What it prints. Raises DemoFailed when it does not end by itself, as when a message waits for a click."""
        log = extension_log(self.profile)
        known = log.stat().st_size if log.exists() else 0
        environment = dict(os.environ, INKSCAPE_PROFILE_DIR=str(self.profile))
        end = time.monotonic() + RUN_LIMIT
        with subprocess.Popen(
            [self.program, *arguments],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        ) as inkscape:  # fmt: skip
            while True:
                try:
                    printed, _ = inkscape.communicate(timeout=MESSAGE_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    if complaint := complaint_in(log, known):
                        inkscape.kill()
                        raise DemoFailed(complaint) from None
                    if time.monotonic() > end:
                        inkscape.kill()
                        raise DemoFailed(f"Inkscape did not end within {RUN_LIMIT:.0f} s.") from None
        if inkscape.returncode:
            raise DemoFailed(f"Inkscape ended with status {inkscape.returncode}.")
        return printed

    def edit(self, document: Path, saved: Path, action: str = "") -> float:
        """Open `document`, select the picture, do `action`, save; seconds. Without -g there is no selection and no effect."""
        actions = f"{action}export-filename:{saved};export-plain-svg:false;export-do"
        saved.unlink(missing_ok=True)
        began = time.monotonic()
        self.run("-g", "--batch-process", str(document), f"--select={PICTURE_ID}", f"--actions={actions}")
        if not saved.exists():
            raise DemoFailed(f"Inkscape did not save {saved}.")
        return time.monotonic() - began

    def boxes(self, document: Path) -> dict[str, Box]:
        """Where everything that has an id lies."""
        rows = (row.rsplit(",", 4) for row in self.run(str(document), "--query-all").splitlines())
        return {row[0]: (float(row[1]), float(row[2]), float(row[3]), float(row[4])) for row in rows if len(row) == 5}


def extension_log(profile: Path) -> Path:
    """Where the installed extension writes what it also shows in a message."""
    installation = json.loads((profile / "extensions/stylesketch/install.json").read_text(encoding="utf-8"))
    return Path(installation["state"]) / "inkscape-extension.log"


def complaint_in(log: Path, known: int) -> str:
    """The last warning or error in `log` behind its first `known` bytes."""
    if not log.exists():
        return ""
    new = log.read_bytes()[known:].decode(errors="replace")
    found = re.findall(r"^\S+ \S+ \S+ (?:WARNING|ERROR|CRITICAL) (.*)$", new, re.MULTILINE)
    return f"The extension says: {found[-1]} (the whole log is {log})" if found else ""


def make_profile(folder: Path, extensions: Path) -> Path:
    """A profile that links to the installed extension and asks it to run without its window.

    The user's own preferences.xml stays untouched: Inkscape reads an extension's settings from there and rewrites it on exit.
    """
    (folder / "extensions").mkdir(parents=True)
    (folder / "extensions" / "stylesketch").symlink_to(extensions / "stylesketch")
    settings = f'<group id="extensions" {EXTENSION}.gui="0"/><group id="options"><group id="boot" enabled="0"/></group>'
    (folder / "preferences.xml").write_text(f'<?xml version="1.0"?><inkscape version="1">{settings}</inkscape>')
    return folder


def load_photo(path: Path | None) -> Image.Image:
    """The given photograph, or the bundled one, upright and not larger than needed."""
    if path is None:
        import skimage.data

        picture = Image.fromarray(getattr(skimage.data, BUNDLED_PHOTO)())
    else:
        picture = ImageOps.exif_transpose(Image.open(path))
    picture.thumbnail((LARGEST, LARGEST))
    return picture.convert("RGB")


def document_with(picture: Image.Image, name: str) -> str:
    """An A4 page with the picture embedded, turned a little, on a dimmed layer as one has it for tracing."""
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=92)
    width = PICTURE_WIDTH if picture.width >= picture.height else PICTURE_WIDTH * picture.width / picture.height
    height = width * picture.height / picture.width
    name = escape(name, {'"': "&quot;"})
    left, top = (PAGE_WIDTH - width) / 2, (PAGE_HEIGHT - height) / 2
    href = "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="{SVG}" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:inkscape="{INKSCAPE}"
     width="{PAGE_WIDTH:g}mm" height="{PAGE_HEIGHT:g}mm" viewBox="0 0 {PAGE_WIDTH:g} {PAGE_HEIGHT:g}">
  <title>{name}</title>
  <rect id="paper" width="{PAGE_WIDTH:g}" height="{PAGE_HEIGHT:g}" style="fill:#ffffff"/>
  <g id="layer1" inkscape:groupmode="layer" inkscape:label="Photograph" style="opacity:0.3"
     transform="rotate({TURN:g} {PAGE_WIDTH / 2:g} {PAGE_HEIGHT / 2:g})">
    <image id="{PICTURE_ID}" inkscape:label="{name}" width="{width:.3f}" height="{height:.3f}"
           transform="translate({left:.3f} {top:.3f})" preserveAspectRatio="none" xlink:href="{href}"/>
  </g>
</svg>
"""


@dataclass(frozen=True)
class SketchLayer:
    """StyleSketch's layer in a saved document."""

    id: str
    label: str
    strokes: int


def sketch_layer(saved: Path) -> SketchLayer:
    """The layer; DemoFailed when there is none, or only a few strokes in it."""
    for layer in ElementTree.parse(saved).getroot():
        if layer.get(f"{{{STYLESKETCH}}}recipe") and layer.get(f"{{{INKSCAPE}}}groupmode") == "layer":
            paths = [path for path in layer.iter(f"{{{SVG}}}path") if path.get(f"{{{STYLESKETCH}}}index") is not None]
            if len(paths) < MINIMUM_STROKES or not all(path.get("d") for path in paths):
                raise DemoFailed(f"The StyleSketch layer in {saved} has only {len(paths)} strokes.")
            return SketchLayer(layer.get("id") or "", layer.get(f"{{{INKSCAPE}}}label") or "", len(paths))
    raise DemoFailed(f"There is no StyleSketch layer in {saved}: the extension ended without a sketch.")


def check_placement(boxes: Mapping[str, Box], layer: SketchLayer) -> None:
    """DemoFailed unless the strokes lie on the picture and cover a good part of it."""
    x, y, width, height = boxes[PICTURE_ID]
    left, top, across, down = boxes[layer.id]
    slack = 0.02 * max(width, height)
    inside = left >= x - slack and top >= y - slack and left + across <= x + width + slack and top + down <= y + height + slack
    if not inside or across * down < 0.1 * width * height:
        raise DemoFailed(
            f"The strokes are not on the picture: they lie at {boxes[layer.id]}, the picture at {boxes[PICTURE_ID]}."
        )


def engine_runs(engine: str) -> bool:
    return subprocess.run([engine, "status"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def demo(photo: Path | None, out: Path, inkscape: Inkscape, engine: str) -> tuple[Path, Path]:
    """Sketch `photo` twice, with a cold and a warm engine; the saved SVG and its rendering."""
    name = photo.stem if photo else BUNDLED_PHOTO
    out.mkdir(parents=True, exist_ok=True)
    document, svg, png = out / f"{name}-photo.svg", out / f"{name}.svg", out / f"{name}.png"
    document.write_text(document_with(load_photo(photo), name), encoding="utf-8")
    was_running = engine_runs(engine)
    try:
        start = inkscape.edit(document, svg)
        print(f"Inkscape's own start and saving: {start:.1f} s (taken off the times below)", flush=True)
        for engine_state in ["warm"] if was_running else ["cold", "warm"]:
            seconds = inkscape.edit(document, svg, ACTION + ";")
            layer = sketch_layer(svg)
            check_placement(inkscape.boxes(svg), layer)
            print(
                f"click to layer, engine {engine_state}: {max(seconds - start, 0):.1f} s for {layer.strokes} strokes",
                flush=True,
            )
        if was_running:
            print("The engine was running already, so a cold start was not measured.")
        print(f"layer: {layer.label}", flush=True)
        inkscape.run(str(svg), "--export-type=png", "--export-dpi=150", f"--export-filename={png}")
        if not png.exists():
            raise DemoFailed(f"Inkscape did not render {png}.")
    finally:
        if not was_running:
            subprocess.run([engine, "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return svg, png


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", nargs="?", type=Path, help=f"default: {BUNDLED_PHOTO} from scikit-image")
    parser.add_argument("--out", type=Path, required=True, help="folder for the SVG and the PNG")
    parser.add_argument("--inkscape", required=True, help="the program")
    parser.add_argument("--extensions", type=Path, required=True, help="the folder in which stylesketch is installed")
    parser.add_argument("--engine", required=True, help="the stylesketch command")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        inkscape = Inkscape(chosen.inkscape, make_profile(Path(folder) / "profile", chosen.extensions))
        try:
            svg, png = demo(chosen.photo, chosen.out.absolute(), inkscape, chosen.engine)
        except (DemoFailed, OSError) as error:
            print(f"demo failed: {error}", file=sys.stderr)
            return 1
    print(f"demo: {svg} {png}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
