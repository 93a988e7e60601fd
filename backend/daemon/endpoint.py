"""The file that tells callers where the daemon listens, and the lock that keeps it the only one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stylesketch_ext.wire.codec import WireError, dumps, loads

from backend.core.files import write_whole
from backend.places import Places


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
