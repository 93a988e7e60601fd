"""Memory that has run out."""

from __future__ import annotations

import sys

TEXTS = ("can't allocate memory", "not enough memory", "out of memory")  # torch raises plain RuntimeErrors too


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on the processor or on a graphics card."""
    torch = sys.modules.get("torch")
    if isinstance(error, MemoryError) or (torch is not None and isinstance(error, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in TEXTS)
