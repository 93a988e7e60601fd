"""Draws exemplar.png and preview.png of the bundled style packs anew: `python -m tests.exemplars [NAME…]`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

from backend.core.work import completed
from backend.daemon.sketching import prepare_process
from backend.export.png import drawing_png
from backend.model_pool import ModelPool
from backend.perception.photograph import Photograph
from backend.recipes import RECIPES, Inputs, SketchChoices
from backend.recipes.still_life import still_life
from backend.style_pack import StylePack, read_pack
from tests.pictures import photograph

PACKS = Path(__file__).parents[2] / "style_packs"
HEIGHT, WIDTH = 580, 900  # px of the still life
SIDES = {"exemplar.png": 1000, "preview.png": 480}  # px, the longer side
COLORS = 48  # of a picture file


def exemplar(pack: StylePack, picture: Photograph, side: int) -> Image.Image:
    """A picture, drawn in a style, whatever exemplar it has by now."""
    pool = ModelPool.choose("cpu")
    drawing = completed(RECIPES["object"].run(Inputs(picture), SketchChoices(style_weight=0.0), pack, pool))
    return Image.open(io.BytesIO(drawing_png(drawing, pool.rasterizer, pool.device, side)))


def main(names: list[str]) -> None:
    """Draws the packs of these names, or all."""
    prepare_process()
    picture = photograph(still_life(HEIGHT, WIDTH))
    for folder in sorted(path.parent for path in PACKS.glob("*/style.toml")):
        if names and folder.name not in names:
            continue
        large = exemplar(read_pack(folder), picture, SIDES["exemplar.png"])
        for name, side in SIDES.items():
            size = (side, round(side * large.height / large.width))
            small = large if size == large.size else large.resize(size, Image.Resampling.LANCZOS)
            small.quantize(COLORS, dither=Image.Dither.NONE).save(folder / name, optimize=True)
        print(folder.name)


if __name__ == "__main__":
    main(sys.argv[1:])
