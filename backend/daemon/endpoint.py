"""The file that tells callers where the daemon listens, and the lock that keeps it the only one."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stylesketch_ext.wire.codec import WireError, dumps, loads

from backend.core.files import write_whole
from backend.places import Places

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@dataclass(frozen=True)
class Endpoint:
    """Where a daemon listens, and the token that its callers need."""

    protocol: int
    version: str
    host: str
    port: int
    pid: int
    token: str

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://{self.host}:{self.port}"


def lock_file(places: Places) -> Path:
    """The lock that the one daemon of these places holds."""
    return places.state / "daemon.lock"


def write_endpoint(path: Path, endpoint: Endpoint) -> None:
    """Tells callers of a daemon that is ready; only the user can read the file."""
    write_whole(path, dumps(endpoint).encode(), 0o600)


def read_endpoint(path: Path) -> Endpoint | None:
    """What the file says; None where there is none or where it cannot be read."""
    try:
        return loads(Endpoint, path.read_bytes())
    except (OSError, WireError):
        return None


def remove_endpoint(path: Path, endpoint: Endpoint) -> None:
    """Removes the file if it is still that of `endpoint`."""
    if read_endpoint(path) == endpoint:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[bool]:
    """Holds the lock file of these places; yields False where another process holds it.

    The system gives the lock back when its holder ends, however it ends.
    """
    with open(path, "a+b") as file:
        held = _lock(file.fileno())
        try:
            yield held
        finally:
            if held:
                _unlock(file.fileno())


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _unlock(descriptor: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
