"""The daemon's life: one at a time, ready, busy, idle, ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from stylesketch_ext.wire.messages import PROTOCOL_VERSION

from backend import __version__
from backend.core.errors import OutOfDisk
from backend.core.lock import only_one
from backend.daemon.app import House, create_app
from backend.daemon.endpoint import Endpoint, lock_file, read_endpoint, remove_endpoint, write_endpoint
from backend.daemon.events import EventLog
from backend.daemon.executors import ProcessExecutor
from backend.daemon.failures import is_disk_full
from backend.daemon.images import Images
from backend.daemon.job_kinds import job_kinds
from backend.daemon.jobs import DOWNLOADS, Jobs
from backend.daemon.models import Models
from backend.daemon.result_files import ResultFiles
from backend.daemon.store import Store
from backend.daemon.styles import Styles
from backend.daemon.tasks import Tasks
from backend.places import Places
from backend.style_library import Library
from backend.weights.checkpoints import CHECKPOINTS
from backend.weights.manifest import MANIFEST

logger = logging.getLogger(__name__)
HOST = "127.0.0.1"
LOG_BYTES, LOG_FILES = 512 * 1024, 2
CLOSING_SECONDS = 2  # that open connections have when the daemon stops


def serve(
    places: Places, idle_timeout: float | None = None, say: Callable[[str], None] = print, tasks: Tasks | None = None
) -> None:
    """Runs the daemon of these places until it is told to stop, or has been idle for `idle_timeout` seconds.

    Where one runs already it says so and returns. `tasks` replaces the work itself (in tests).
    """
    try:
        places.create()
        with only_one(lock_file(places)) as alone:
            if not alone:
                say(_already(places))
                return
            log = _log_to(places)
            Daemon(places, idle_timeout, say, tasks or Tasks.real(), log).run()
    except OSError as error:
        if is_disk_full(error):
            raise OutOfDisk("The disk is full: StyleSketch cannot start. Free some space and try again.") from error
        raise


@dataclass
class Activity:
    """When somebody last needed the daemon."""

    last: float = field(default_factory=time.monotonic)

    def seen(self) -> None:
        """Somebody needs it now."""
        self.last = time.monotonic()


class Daemon:
    """One life of the daemon over its places."""

    def __init__(self, places: Places, idle_timeout: float | None, say: Callable[[str], None], tasks: Tasks, log: str) -> None:
        self._places, self._idle_timeout, self._say = places, idle_timeout, say
        self._socket = _listening_socket()
        port = self._socket.getsockname()[1]
        self._endpoint = Endpoint(PROTOCOL_VERSION, __version__, HOST, port, os.getpid(), secrets.token_urlsafe(32))
        self._store = Store(places.jobs)
        self._events = EventLog()
        self._activity = Activity()
        self._intake = ProcessExecutor("intake", log=log, grace=0.0)
        images = Images(places.data / "images", self._store, self._intake, tasks.measure)
        styles = Styles(Library(places.packs), self._intake)
        models = Models(places, MANIFEST, CHECKPOINTS)
        results = ResultFiles(places.data / "results")
        self._jobs = Jobs(
            self._store,
            self._events,
            results,
            lambda lane: ProcessExecutor(lane or "drawing", None if lane == DOWNLOADS else tasks.preload, log),
            job_kinds(tasks, images, styles, models, results),
            log,
        )
        self._jobs.on_idle = self._activity.seen
        house = House(
            jobs=self._jobs,
            images=images,
            styles=styles,
            models=models,
            token=self._endpoint.token,
            port=port,
            log=log,
            stop=self._ask_to_stop,
            activity=self._activity.seen,
        )
        app = create_app(house, self._lifespan)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=CLOSING_SECONDS, ws="none"
        )
        self._server = StoppableServer(config, self._events.close)

    def run(self) -> None:
        """Serves until it is told to stop; what ran waits for the next life."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            remove_endpoint(self._places.endpoint, self._endpoint)
            self._jobs.stop()
            self._intake.stop()
            self._store.close()
            self._socket.close()
            logger.info("stopped")

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Any) -> AsyncIterator[None]:
        self._jobs.start()
        write_endpoint(self._places.endpoint, self._endpoint)
        logger.info("version %s listens on %s, process %d", __version__, self._endpoint.url, self._endpoint.pid)
        self._say(f"StyleSketch {__version__} listens on {self._endpoint.url} (process {self._endpoint.pid}).")
        watch = asyncio.create_task(self._stop_when_idle(self._idle_timeout)) if self._idle_timeout is not None else None
        yield
        if watch:
            watch.cancel()

    async def _stop_when_idle(self, timeout: float) -> None:
        while (left := self._activity.last + timeout - time.monotonic()) > 0 or self._busy():
            await asyncio.sleep(max(left, min(1.0, timeout)))
        logger.info("idle for %g s", timeout)
        self._ask_to_stop()

    def _busy(self) -> bool:
        if self._events.open_streams or self._store.active():
            self._activity.seen()
            return True
        return False

    def _ask_to_stop(self) -> None:
        self._server.stop()


class StoppableServer(uvicorn.Server):
    """A server whose event streams end first when it stops."""

    def __init__(self, config: uvicorn.Config, close_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._close_streams = close_streams
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGINT and SIGTERM: a clean end, which is no failure."""
        self.stop()

    def stop(self) -> None:
        """Ends the server soon; from any thread and from signal handlers."""
        self.should_exit = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._close_streams)


def _listening_socket() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((HOST, 0))
    return listener


def _already(places: Places) -> str:
    for _ in range(50):  # it may be about to write its endpoint
        endpoint = read_endpoint(places.endpoint)
        if endpoint:
            return f"StyleSketch is already running: process {endpoint.pid} at {endpoint.url}. `stylesketch stop` ends it."
        time.sleep(0.1)
    return "StyleSketch is already starting or stopping. Try again in a moment."


def _log_to(places: Places) -> str:
    path = places.state / "daemon.log"
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    return str(path)
