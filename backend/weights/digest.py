"""The sha256 of large files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 24  # bytes


def sha256_of(path: Path) -> str:
    """The sha256 of a file, 64 hexadecimal digits."""
    *_, digest = hashed(path)
    return str(digest)


def hashed(path: Path) -> Iterator[int | str]:
    """How many bytes have been looked at, again and again, and finally the file's sha256."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
            done += len(piece)
            yield done
    yield digest.hexdigest()
