"""Memory of the size of pictures, kept between steps."""

from __future__ import annotations

import ctypes
import functools
import sys

MMAP_THRESHOLD = 32 << 20  # bytes, the most that glibc allows
TRIM_THRESHOLD = 1 << 30
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


@functools.cache
def keep_large_blocks() -> str:
    """Lets the C library reuse blocks of up to 32 MiB instead of returning them; what was set, in words.

    Else every picture-sized tensor is fresh memory whose pages the system hands over one by one, which takes longer than
    drawing. Does nothing outside glibc.
    """
    if sys.platform != "linux":
        return "allocator as it is"
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return "allocator as it is"
    library.mallopt(_M_MMAP_THRESHOLD, MMAP_THRESHOLD)
    library.mallopt(_M_TRIM_THRESHOLD, TRIM_THRESHOLD)
    return f"glibc mmap threshold {MMAP_THRESHOLD >> 20} MiB, trim threshold {TRIM_THRESHOLD >> 20} MiB"
