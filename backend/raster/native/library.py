"""The C interface of the native engine, through ctypes."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import sys
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_void_p
from pathlib import Path

VERSION = 5  # of the interface; engine.cpp has the same
SOURCES = ("engine.h", "engine.cpp", "kernel.cpp", "min_cut.cpp", "streamlines.cpp", "lanes.h", "spot.h", "pieces.h", "folds.h")
ENDINGS = {"win32": ".dll", "darwin": ".dylib"}


class DrawingRow(ctypes.Structure):
    """`Drawing` in engine.h."""

    _fields_ = (
        *((name, c_void_p) for name in ("points", "segments", "widths", "colors", "opacities")),
        *((name, c_int32) for name in ("strokes", "longest", "knots")),
    )


class GradientRow(ctypes.Structure):
    """`Gradients` in engine.h."""

    _fields_ = tuple((name, c_void_p) for name in ("points", "widths", "colors", "opacities"))


def library_path() -> Path:
    """Where the build puts the library: beside this file."""
    return Path(__file__).with_name("stylesketch_raster" + ENDINGS.get(sys.platform, ".so"))


class TraceRow(ctypes.Structure):
    """`TraceRow` in streamlines.cpp."""

    _fields_ = (("keep", c_double), ("turn", c_double), *((name, c_int32) for name in ("gap", "apart", "border")))


@functools.cache
def load_library() -> ctypes.CDLL | None:
    """The library, or None where none was built or it does not run here."""
    return open_library(library_path())


def source_digest() -> str:
    """Which sources a library is made of: the hash that the build writes into it."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()[:16]


def is_current(library: ctypes.CDLL) -> bool:
    """Whether the library was built from the sources that lie here."""
    return bool(library.stylesketch_source() == source_digest().encode())


def open_library(path: Path) -> ctypes.CDLL | None:
    """The library at `path`, or None where there is none that runs here."""
    try:
        library = ctypes.CDLL(str(path))
        library.stylesketch_instructions.restype = c_char_p
        usable = library.stylesketch_version() == VERSION and library.stylesketch_instructions() != b""
    except (OSError, AttributeError):
        return None
    return _declared(library) if usable else None


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    library.stylesketch_source.restype = c_char_p
    library.stylesketch_open.restype = c_void_p
    library.stylesketch_close.argtypes = [c_void_p]
    library.stylesketch_close.restype = None
    library.stylesketch_choose.argtypes = [c_char_p]
    library.stylesketch_gray.argtypes = [c_void_p, c_int64]
    library.stylesketch_forward.argtypes = [
        *(c_void_p, POINTER(DrawingRow), c_int, c_int, c_int, c_void_p),
        *(c_float, c_int, c_int, c_int, c_void_p),
    ]
    library.stylesketch_fit.argtypes = [
        *(c_void_p, POINTER(DrawingRow), c_int, c_int, c_void_p, c_float, c_int, c_int),
        *(c_void_p, POINTER(GradientRow), POINTER(c_double)),
    ]
    library.stylesketch_min_cut.argtypes = [c_void_p, c_void_p, c_int, c_int, c_void_p, c_void_p]
    library.stylesketch_trace.restype = c_void_p
    library.stylesketch_trace.argtypes = [
        *(c_void_p, c_void_p, c_void_p, c_int, c_int, c_void_p, c_int64),
        *(POINTER(TraceRow), POINTER(c_int64), POINTER(c_int64)),
    ]
    library.stylesketch_traced.argtypes = [c_void_p, c_void_p, c_void_p, c_void_p]
    library.stylesketch_traced.restype = None
    library.stylesketch_backward.argtypes = [c_void_p, c_void_p, POINTER(GradientRow), c_int]
    return library
