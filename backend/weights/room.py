"""Whether the disk has room for weights."""

from __future__ import annotations

import shutil
from pathlib import Path

from backend.core.errors import OutOfDisk

RESERVE = 64 << 20  # bytes of the disk that are left free


def need_room(folder: Path, count: int) -> None:
    """OutOfDisk where so many more bytes would fill the disk of a folder."""
    free = shutil.disk_usage(folder).free
    if free < count + RESERVE:
        raise OutOfDisk(
            "{wanted} MB are needed in {folder}, and {free} MB are free. Free some space, or set "
            "STYLESKETCH_HOME to a folder on another disk.",
            wanted=f"{(count + RESERVE) / 1e6:.0f}",
            folder=folder,
            free=f"{free / 1e6:.0f}",
        )
