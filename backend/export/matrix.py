"""Several drawings of one picture in one SVG: rows and columns with their labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from backend.export.svg import INKSCAPE, SODIPODI, STYLESKETCH, DrawingLike, drawing_lines

GAP, HEAD = 0.06, 0.08  # between drawings, and for the labels above and beside them; shares of a drawing's longer side


def matrix_svg(rows: Sequence[Sequence[DrawingLike]], row_labels: Sequence[str], column_labels: Sequence[str]) -> str:
    """The text of a file with every drawing of the rows in a group of its own; they are of one size and their runs differ."""
    return "\n".join(_lines(rows, row_labels, column_labels)) + "\n"


def _lines(rows: Sequence[Sequence[DrawingLike]], row_labels: Sequence[str], column_labels: Sequence[str]) -> Iterator[str]:
    width, height = rows[0][0].width, rows[0][0].height
    gap, head = GAP * max(width, height), HEAD * max(width, height)
    total = head + len(column_labels) * (width + gap), head + len(rows) * (height + gap)
    size = f'width="{total[0]:g}" height="{total[1]:g}" viewBox="0 0 {total[0]:g} {total[1]:g}"'
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="{INKSCAPE}" xmlns:sodipodi="{SODIPODI}"'
    yield f'     xmlns:stylesketch="{STYLESKETCH}" {size}>'
    yield f'  <g font-family="sans-serif" font-size="{head / 2:g}" fill="#555555" text-anchor="middle">'
    for x, label in enumerate(column_labels):
        yield f'    <text x="{head + x * (width + gap) + width / 2:g}" y="{head / 2:g}">{escape(label)}</text>'
    for y, label in enumerate(row_labels):
        place = f"translate({head / 2:g} {head + y * (height + gap) + height / 2:g}) rotate(-90)"
        yield f'    <text transform="{place}">{escape(label)}</text>'
    yield "  </g>"
    for y, row in enumerate(rows):
        for x, drawing in enumerate(row):
            label = quoteattr(f"{row_labels[y]}, {column_labels[x]}")
            place = f"translate({head + x * (width + gap):g} {head + y * (height + gap):g})"
            yield f'  <g inkscape:label={label} transform="{place}">'
            yield from drawing_lines(drawing)
            yield "  </g>"
    yield "</svg>"
