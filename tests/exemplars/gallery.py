"""One photograph in every bundled style, for the README: `python -m tests.exemplars.gallery [OUT.png]`."""

from __future__ import annotations

import sys
from pathlib import Path

import skimage.data
from PIL import Image, ImageDraw, ImageFont

from backend.daemon.sketching import prepare_process
from backend.style_pack import read_pack
from tests.exemplars.__main__ import PACKS, exemplar
from tests.pictures import photograph

OUT = Path(__file__).parents[2] / "inkscape_ext" / "pictures" / "styles.png"
ORDER = ("technical-pen", "pencil", "ballpoint", "gesture", "charcoal", "brush-ink", "single-line", "crosshatch", "engraving",
         "woodcut", "felt-tip", "colored-pencil", "blueprint", "chalk")  # fmt: skip
COLUMNS, CELL, GAP, LABEL = 5, 360, 14, 26  # px
PART = (0, 512, 0, 400)  # of the photograph: top, bottom, left, right


def main(out: Path) -> None:
    """Eileen Collins (NASA, public domain), photographed and drawn."""
    prepare_process()
    top, bottom, left, right = PART
    pixels = skimage.data.astronaut()[top:bottom, left:right]
    cells = [("Photograph", Image.fromarray(pixels))]
    for name in ORDER:
        pack = read_pack(PACKS / name)
        cells.append((pack.title, exemplar(pack, photograph(pixels), 2 * CELL)))
    rows = -(-len(cells) // COLUMNS)
    height = round(CELL * pixels.shape[0] / pixels.shape[1])
    sheet = Image.new("RGB", (COLUMNS * (CELL + GAP) + GAP, rows * (height + LABEL + GAP) + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(17)
    for i, (title, picture) in enumerate(cells):
        x, y = GAP + i % COLUMNS * (CELL + GAP), GAP + i // COLUMNS * (height + LABEL + GAP)
        sheet.paste(picture.convert("RGB").resize((CELL, height), Image.Resampling.LANCZOS), (x, y))
        pen.rectangle((x - 1, y - 1, x + CELL, y + height), outline="#dddddd")
        pen.text((x + CELL / 2, y + height + 6), title, fill="#444444", font=font, anchor="mt")
    sheet.quantize(256, dither=Image.Dither.NONE).save(out, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
