"""Style packs: folders of data that say how a drawing looks."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from backend.core.entries import Color, WrongEntry, color, number, number_rule, read_table, several, text, whole, write_table
from backend.core.errors import BadRequest
from backend.core.style_tables import Gesture, Hatch, Palette, Pen
from backend.core.texture import Texture

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FORMAT = 1  # of style.toml
MOST_BYTES = 100_000  # of a style.toml


@dataclass(frozen=True)
class Measured:
    """What was measured on the exemplars of an extracted pack; None where there was nothing to measure.

    Lengths are shares of the drawing's longer side, angles degrees from level, counter-clockwise.
    """

    enlargement: float = number(1.0, 0.2, 5)  # how many times as long as measured the lengths are that the pack draws with
    line_width: float | None = number(None, 0, 1)  # median
    thin_width: float | None = number(None, 0, 1)  # 10th percentile
    thick_width: float | None = number(None, 0, 1)  # 90th percentile
    width_variation: float | None = number(None, 0, 10)  # along a line, standard deviation of the widths over their mean
    width_spread: float | None = number(None, 0, 10)  # the same from line to line
    taper: float | None = number(None, 0, 1)  # share of a line's length that thins towards a free end
    tip: float | None = number(None, 0, 1)  # width of free ends beside their lines'
    stroke_length: float | None = number(None, 0, 10)  # half of all line belongs to longer strokes
    curvature: float | None = number(None, 0, 1000)  # median turn, rad per longer side
    wobble: float | None = number(None, 0, 1)  # how far lines stray sideways from their smooth course
    orientations: tuple[float, ...] = several((), number_rule(0, 1), 0, 36)  # shares of line by direction, from level on
    edge_density: float | None = number(None, 0, 1)  # share of pixels on an edge, at 512 px
    ink_coverage: float | None = number(None, 0, 1)  # share of inked paper
    line_density: float | None = number(None, 0, 10_000)  # length of line per area, in longer sides
    hatch_share: float | None = number(None, 0, 1)  # of the lines
    hatch_spacing: float | None = number(None, 0, 1)
    hatch_angle: float | None = number(None, -180, 180)
    cross_angle: float | None = number(None, -180, 180)  # of a second direction, if there is one
    hatch_bend: float | None = number(None, 0, 1)  # share of hatching that turns away from its directions
    hatch_width: float | None = number(None, 0, 1)  # median
    outline_width: float | None = number(None, 0, 1)  # median of all other lines


@dataclass(frozen=True)
class StylePack:
    """A named style."""

    name: str  # of its folder
    title: str = text(None, 80)
    pen: Pen = Pen()
    strokes: int = whole(64, 1, 1000)  # how many, when the user leaves the choice to the style
    paper: Color = color((1.0, 1.0, 1.0))
    description: str = text("", 400)
    author: str = text("", 200)
    licence: str = text("", 200)
    format: int = whole(FORMAT, FORMAT, FORMAT)
    gesture: Gesture = Gesture()
    hatch: Hatch = Hatch()
    palette: Palette = Palette()
    texture: Texture = Texture()
    measured: Measured = Measured()
    folder: Path | None = field(default=None, compare=False)  # where its exemplars are


def read_pack(folder: Path) -> StylePack:
    """The pack in a folder with a style.toml; BadRequest names the file and the entry that is wrong."""
    file = folder / "style.toml"
    try:
        if file.stat().st_size > MOST_BYTES:
            raise BadRequest(
                "The style pack {file} is too large; a style.toml has at most {most} bytes.", file=file, most=MOST_BYTES
            )
        return replace(parse_pack(file.read_text(encoding="utf-8"), folder.name, str(file)), folder=folder)
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest("The style pack {file} cannot be read: {error}.", file=file, error=error) from error


def parse_pack(toml: str, name: str, file: str = "style.toml") -> StylePack:
    """The pack of that name from the text of its style.toml; BadRequest names `file` and the entry that is wrong."""
    try:
        entries = tomllib.loads(toml)
    except (ValueError, RecursionError) as error:  # also of a number with thousands of digits
        raise BadRequest("The style pack {file} cannot be read: {error}.", file=file, error=error) from error
    version = entries.get("format", FORMAT)
    if isinstance(version, int) and version > FORMAT:
        raise BadRequest(
            "The style pack {file} has format {version}; this StyleSketch reads {known}. Update StyleSketch.",
            file=file,
            version=min(version, 10**9),  # not thousands of digits
            known=FORMAT,
        )
    try:
        return read_table(StylePack, entries, extra={"name": name, "folder": None})
    except WrongEntry as error:
        raise BadRequest("The style pack {file} has a wrong entry: {error}.", file=file, error=error) from error


def write_pack(pack: StylePack) -> str:
    """The text of the pack's style.toml, from which `parse_pack` reads the same pack."""
    return f"format = {FORMAT}\n{write_table(pack, skip=('name', 'format', 'folder'))}"
