"""What the kernels are told: `Drawing` and `Job` of kernels.cu, field by field."""

from __future__ import annotations

import ctypes
from ctypes import c_float, c_int32, c_void_p

TILE, PATCHES, LANES = 16, 8, 32  # px; warps of a tile; pixels of each
MOST_DRAWINGS = 16
TILE_THREADS, STROKE_THREADS = 256, 64
FRAGMENT = 5  # floats of a pixel that a stroke covers: its parameter, the color below, and another parameter
PAGE, BEFORE_KNOTS = 16, 12  # floats that are summed at once; those of a segment that are not of its knots
BOUNDS, CURVE = 12, 19  # floats of a segment


class DrawingRow(ctypes.Structure):
    """`Drawing`: where a drawing's strokes and their gradients lie."""

    _fields_ = (
        *((name, c_void_p) for name in ("points", "segments", "widths", "colors", "opacities")),
        *((name, c_void_p) for name in ("by_points", "by_widths", "by_colors", "by_opacities")),
        *((name, c_int32) for name in ("strokes", "longest", "knots", "first")),
    )


class Job(ctypes.Structure):
    """`Job`: one picture, or one batch of pictures."""

    _fields_ = (
        ("drawings", DrawingRow * MOST_DRAWINGS),
        *((name, c_void_p) for name in ("paper", "softness", "image", "gradient", "bounds", "curves", "control", "lacked")),
        *((name, c_void_p) for name in ("tiles", "group_segments", "hits", "fragments", "records", "sums")),
        ("ground", c_float * 3),
        ("soft", c_float),
        *((name, c_int32) for name in ("height", "width", "columns", "rows", "capacity", "record", "keep", "colors_move")),
    )


def record_length(knots: int) -> int:
    """Floats of the gradients of one segment within one patch."""
    return PAGE * (1 + (max(0, knots - (PAGE - BEFORE_KNOTS)) + PAGE - 1) // PAGE)
