"""Contact sheets: rows of pictures of one height under a line of labels."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

GAP = 12  # px between pictures
HEAD = 22  # px for the labels
GRAY = "#555555"


def contact_sheet(rows: Sequence[Sequence[bytes]], labels: Sequence[str], cell: int, row_labels: Sequence[str] = ()) -> bytes:
    """PNG or other picture files in rows, each fitted into a square of `cell` px, under the labels of their columns; a PNG.

    row_labels: stand upright to the left of the rows.
    """
    columns = max((len(row) for row in rows), default=0)
    side = HEAD if row_labels else 0
    sheet = Image.new("RGB", (side + columns * (cell + GAP) + GAP, HEAD + len(rows) * (cell + GAP) + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, label in enumerate(labels):
        pen.text((side + GAP + column * (cell + GAP) + cell / 2, GAP / 2), label, fill=GRAY, font=font, anchor="mt")
    for y, label in enumerate(row_labels):
        strip = Image.new("RGB", (cell, HEAD), "white")
        ImageDraw.Draw(strip).text((cell / 2, GAP / 2), label, fill=GRAY, font=font, anchor="mt")
        sheet.paste(strip.transpose(Image.Transpose.ROTATE_90), (0, HEAD + GAP + y * (cell + GAP)))
    for y, row in enumerate(rows):
        for x, data in enumerate(row):
            picture = _fitted(data, cell)
            left = side + GAP + x * (cell + GAP) + (cell - picture.width) // 2
            top = HEAD + GAP + y * (cell + GAP) + (cell - picture.height) // 2
            sheet.paste(picture, (left, top))
    file = io.BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return file.getvalue()


def _fitted(data: bytes, side: int) -> Image.Image:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)
