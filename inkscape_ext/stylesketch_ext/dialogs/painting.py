"""Sketches painted by cairo, from their strokes: no need to ask the engine."""

import io
from typing import Any, Sequence, Tuple

from stylesketch_ext.wire.messages import DrawingData, PathData

Point = Tuple[float, float]

ROUND, WINDING = 1, 0  # cairo's line cap and line join, and its fill rule


def can_paint() -> bool:
    """Has this Python cairo, and GTK's way to it?"""
    try:
        import gi

        gi.require_foreign("cairo")
    except (ImportError, AttributeError):
        return False
    return True


def placed(width: float, height: float, room: Tuple[float, float]) -> Tuple[float, float, float]:
    """How a picture fits into a room: scale, and its left upper corner, when it stands in the middle."""
    scale = min(room[0] / width, room[1] / height)
    return scale, (room[0] - width * scale) / 2, (room[1] - height * scale) / 2


def paint_sketch(context: Any, drawing: DrawingData, room: Tuple[float, float], thinnest: float = 0.0) -> None:
    """The paper and the strokes, as large as the room (px) holds them; lines get no thinner than `thinnest` px."""
    scale, x, y = placed(drawing.width, drawing.height, room)
    context.save()
    context.translate(x, y)
    context.scale(scale, scale)
    context.rectangle(0, 0, drawing.width, drawing.height)
    context.set_source_rgb(*rgb(drawing.paper))
    context.fill_preserve()
    context.clip()
    context.set_line_cap(ROUND)
    context.set_line_join(ROUND)
    context.set_fill_rule(WINDING)
    for layer in drawing.layers:
        for path in layer.paths:
            _paint_stroke(context, path, thinnest / scale)
    context.restore()


def sketch_png(drawing: DrawingData, side: int, thinnest: float = 0.0) -> bytes:
    """A PNG of a sketch, `side` px on its longer side; needs cairo."""
    import cairo

    scale = side / max(drawing.width, drawing.height)
    size = max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale))
    surface, file = cairo.ImageSurface(cairo.FORMAT_RGB24, *size), io.BytesIO()
    paint_sketch(cairo.Context(surface), drawing, size, thinnest)
    surface.write_to_png(file)
    return file.getvalue()


def rgb(color: str) -> Tuple[float, float, float]:
    """Of "#rrggbb", each 0 … 1."""
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _paint_stroke(context: Any, path: PathData, thinnest: float) -> None:
    context.set_source_rgba(*rgb(path.color), path.opacity)
    width = sum(path.widths) / len(path.widths) if path.widths else 1.0
    if path.outline and width >= thinnest:
        for ring in path.outline:
            _trace(context, ring, True)
        context.fill()
        return
    _trace(context, path.points, path.closed)
    context.set_line_width(max(width, thinnest))
    context.stroke()


def _trace(context: Any, points: Sequence[Point], closed: bool) -> None:
    if not points:
        return
    context.move_to(*points[0])
    for i in range(1, len(points) - 2, 3):
        context.curve_to(*points[i], *points[i + 1], *points[i + 2])
    if closed:
        context.close_path()
