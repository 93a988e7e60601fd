"""Style packs: folders of data that say how a stroke looks."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.core.errors import BadRequest, NotFound

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Pen:
    """The line itself."""

    width: float = 0.005  # full width as a share of the framed subject's longer side
    color: tuple[float, float, float] = (0.0, 0.0, 0.0)  # sRGB in [0, 1]


@dataclass(frozen=True)
class StylePack:
    """A named style."""

    name: str
    title: str
    pen: Pen = Pen()
    strokes: int = 64  # how many, when the user leaves the choice to the style
    paper: tuple[float, float, float] = (1.0, 1.0, 1.0)


def bundled_packs() -> Path:
    """The folder of the packs that come with the program: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).parent / "bundled_packs"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "style_packs"


def pack_folders(own: Path) -> Iterator[Path]:
    """All packs, the user's own first."""
    for root in (own, bundled_packs()):
        if root.is_dir():
            yield from sorted(path.parent for path in root.glob("*/style.toml"))


def load_pack(name: str, own: Path) -> StylePack:
    """The pack of that name; NotFound lists the names there are, BadRequest says what is wrong in its file."""
    folders = list(pack_folders(own))
    for folder in folders:
        if folder.name == name:
            return read_pack(folder)
    names = ", ".join(sorted({folder.name for folder in folders})) or "none"
    raise NotFound(f"There is no style pack named '{name}'. Installed packs: {names}.")


def read_pack(folder: Path) -> StylePack:
    """The pack in a folder with a style.toml; BadRequest names the file and the entry that is wrong."""
    file = folder / "style.toml"
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadRequest(f"The style pack {file} cannot be read: {error}.") from error
    try:
        pen = entries.get("pen", {})
        return StylePack(
            name=folder.name,
            title=str(entries["title"]),
            pen=Pen(width=_positive(pen.get("width", Pen.width)), color=_color(pen.get("color", "#000000"))),
            strokes=_count(entries.get("strokes", StylePack.strokes)),
            paper=_color(entries.get("paper", "#ffffff")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRequest(f"The style pack {file} has a wrong or missing entry: {error}.") from error


def _positive(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        raise ValueError(f"a width is a number above 0, not {value!r}")
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"a number of strokes is a whole number above 0, not {value!r}")
    return value


def _color(text: object) -> tuple[float, float, float]:
    if not isinstance(text, str) or not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise ValueError(f"a color is written #rrggbb, not {text!r}")
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue
