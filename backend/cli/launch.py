"""Starting the daemon from the command line, so that it outlives it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import stylesketch_ext
from stylesketch_ext.wire.messages import PROTOCOL_VERSION

import backend
from backend.cli.client import DaemonClient, running_client
from backend.core.errors import Conflict, Missing
from backend.places import Places

IDLE_SECONDS = 1800  # a daemon that nobody needs ends by itself
START_SECONDS = 60.0


def running_or_started(places: Places) -> DaemonClient:
    """A client of the daemon of these places, which is started if need be. Conflict, Missing."""
    client = running_client(places) or _start(places)
    health = client.health()
    if health.protocol != PROTOCOL_VERSION:
        raise Conflict(
            f"A StyleSketch of another version is running ({health.version}; it speaks protocol {health.protocol}, this one "
            f"{PROTOCOL_VERSION}). `stylesketch stop` ends it."
        )
    return client


def _start(places: Places) -> DaemonClient:
    process = _spawn(places)
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        client = running_client(places)
        if client:
            return client
        if process.poll() not in (None, 0):
            break
        time.sleep(0.05)
    raise Missing(f"StyleSketch's daemon did not start. `stylesketch serve` shows why; the log is in {places.state}.")


def _spawn(places: Places) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "backend", "serve", "--idle-timeout", str(IDLE_SECONDS)]
    roots = {str(Path(str(package.__file__)).absolute().parents[1]) for package in (backend, stylesketch_ext)}
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*sorted(roots), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "STYLESKETCH_HOME": str(places.data.parent),
    }
    if places != Places.find(places.data.parent):  # the user's own folders, which have no common home
        del environment["STYLESKETCH_HOME"]
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        apart = {"creationflags": flags}
    none = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdin=none, stdout=none, stderr=none, **apart)
