"""Draws exemplar.png and preview.png of the bundled style packs anew, and measures them: `python -m tests.exemplars [NAME…]`.

With --measure nothing is drawn; what the exemplars show is written into the packs.
"""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from backend.core.drawing import Drawing
from backend.core.entries import write_table
from backend.core.work import completed
from backend.daemon.sketching import prepare_process
from backend.export.png import drawing_png
from backend.perception.line_style import measure
from backend.perception.photograph import Photograph
from backend.recipes import RECIPES, Inputs, SketchChoices
from backend.recipes.still_life import still_life
from backend.style_from_lines import measured_on
from backend.style_pack import Measured, StylePack, read_pack
from tests.pictures import photograph
from tests.pools import bare_pool

PACKS = Path(__file__).parents[2] / "style_packs"
HEIGHT, WIDTH = 580, 900  # px of the still life
SIDES = {"exemplar.png": 1000, "preview.png": 480}  # px, the longer side
COLORS = 48  # of a picture file
STILL_LIFE = 0.891  # its longer side, with the margin it is drawn with, as a share of the picture's
TABLE = "\n[measured]"


def drawing_of(pack: StylePack, picture: Photograph) -> Drawing:
    """A picture, drawn in a style, whatever exemplar it has by now."""
    choices = SketchChoices(style_weight=0.0)
    return completed(RECIPES["object"].run(Inputs(picture), choices, pack, bare_pool()))


def exemplar(pack: StylePack, picture: Photograph, side: int) -> Image.Image:
    """The same as a picture file shows it."""
    pool, drawing = bare_pool(), drawing_of(pack, picture)
    return Image.open(io.BytesIO(drawing_png(drawing, pool.rasterizer, pool.device, side)))


def measured(file: Path) -> Measured:
    """What an exemplar shows; the pack's lengths are shares of the still life, those of the picture are shares of all of it.

    Not how its lines waver: along the long lines of these hands that would be how the pear bends. It stands in [gesture].
    """
    pixels = np.asarray(Image.open(file).convert("RGB"), np.float32) / 255
    return replace(measured_on(measure(pixels), round(1 / STILL_LIFE, 3)), wobble=None)


def with_measured(toml: str, found: Measured) -> str:
    """The text of a style.toml with another last table, [measured]."""
    return f"{toml.partition(TABLE)[0].rstrip()}\n{TABLE}\n{write_table(found)}"


def main(names: list[str]) -> None:
    """Draws and measures the packs of these names, or all."""
    prepare_process()
    picture, draws = photograph(still_life(HEIGHT, WIDTH)), "--measure" not in names
    wanted = [name for name in names if name != "--measure"]
    for folder in sorted(path.parent for path in PACKS.glob("*/style.toml")):
        if wanted and folder.name not in wanted:
            continue
        if draws:
            _draw(folder, picture)
        style = folder / "style.toml"
        style.write_text(with_measured(style.read_text(encoding="utf-8"), measured(folder / "exemplar.png")), encoding="utf-8")
        print(folder.name)


def _draw(folder: Path, picture: Photograph) -> None:
    large = exemplar(read_pack(folder), picture, SIDES["exemplar.png"])
    for name, side in SIDES.items():
        size = (side, round(side * large.height / large.width))
        small = large if size == large.size else large.resize(size, Image.Resampling.LANCZOS)
        small.quantize(COLORS, dither=Image.Dither.NONE).save(folder / name, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
