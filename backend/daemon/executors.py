"""The executors of core/work.py: here in this process, or in a process of its own that may die at any time."""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from backend.core.errors import ERRORS_BY_CODE, Cancelled, Internal, WorkerDied
from backend.daemon.worker import Preload, run_worker

T = TypeVar("T")
P = TypeVar("P")  # what the work yields: Progress, or what a task makes of it for the wire
Task = Callable[..., Generator[P, Any, T]]
TICK = 0.05  # seconds between two looks at whether the work was cancelled
GRACE = 2.0  # seconds that a cancelled task has to stop by itself
logger = logging.getLogger(__name__)


class LocalExecutor:
    """Runs work in this process."""

    def run(self, task: Task[P, T], *arguments: object) -> Generator[P, bool | None, T]:
        """The work itself."""
        return task(*arguments)


class ProcessExecutor:
    """Runs work in one long-lived process, spawned (never forked) at the first need and again after it died.

    preload: an importable function that runs once in each new process; `hello` is what it returned.
    log: the file that error sentences name. grace: seconds that a closed task has before the process is killed.
    """

    def __init__(self, name: str, preload: Preload | None = None, log: str = "", grace: float = GRACE) -> None:
        self.name = name
        self.hello: Any = None
        self._preload, self._log, self._grace = preload, log, grace
        self._child: Child | None = None
        self._lock = threading.Lock()  # one task at a time
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """The process, if it lives."""
        child = self._child
        return child.process.pid if child and child.process.is_alive() else None

    def run(self, task: Task[P, T], *arguments: object) -> Generator[P, bool | None, T]:
        """The work `task(*arguments)`, done in the process. Closing it stops the task.

        Raises what the task raised (as one of our error tree) and WorkerDied.
        """
        return self.run_unless(lambda: False, task, *arguments)

    def run_unless(self, cancelled: Callable[[], bool], task: Task[P, T], *arguments: object) -> Generator[P, bool | None, T]:
        """As `run`; raises Cancelled soon after `cancelled()` became true, whatever the task is doing."""
        with self._lock:
            child, ended = self._ready(cancelled), False
            try:
                child.send(("run", task, arguments))
                while True:
                    kind, *values = child.receive(cancelled)
                    if kind == "progress":
                        hurry = yield values[0]
                        if getattr(values[0], "waits", False):
                            child.send(("told", bool(hurry)))
                        continue
                    ended = True
                    if kind == "done":
                        return values[0]
                    raise self._failure(*values)
            except WorkerDied:
                ended = True
                self._discard()
                raise
            finally:
                if not ended and not child.close_task(self._grace):
                    logger.warning("%s worker did not stop within %g s and is killed", self.name, self._grace)
                    self._discard()

    def warm(self, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Starts the process, if there is none, and waits until it is ready."""
        with self._lock:
            self._ready(cancelled)

    def stop(self) -> None:
        """Ends the process; running work raises WorkerDied, later work too."""
        self._stopped = True
        child = self._child
        if child:
            child.process.kill()
        if self._lock.acquire(timeout=GRACE):  # the running work notices at once
            self._discard()
            self._lock.release()

    def _ready(self, cancelled: Callable[[], bool]) -> Child:
        if self._stopped:
            raise WorkerDied("StyleSketch is stopping. Start it again and retry.")
        if self._child and self._child.process.is_alive():
            return self._child
        self._discard()
        child = self._child = Child(self.name, self._preload, self._log)
        try:
            kind, *values = child.receive(cancelled)
        except BaseException:
            self._discard()
            raise
        if kind != "hello":
            self._discard()
            raise self._failure(*values)
        self.hello = values[0]
        return child

    def _failure(self, code: str, sentence: str, details: str) -> Exception:
        if details:
            logger.error("%s worker: %s\n%s", self.name, sentence, details)
        return ERRORS_BY_CODE.get(code, Internal)(sentence)

    def _discard(self) -> None:
        if self._child:
            self._child.kill()
            self._child = None


class Child:
    """One worker process and our end of its pipe."""

    def __init__(self, name: str, preload: Preload | None, log: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=run_worker, args=(theirs, preload, log), name=name, daemon=True)
        self.process.start()
        theirs.close()

    def send(self, message: tuple) -> None:
        """Hands the worker a message; WorkerDied."""
        try:
            self._pipe.send(message)
        except OSError as error:
            raise self._death() from error

    def receive(self, cancelled: Callable[[], bool]) -> tuple:
        """The worker's next message; Cancelled, or WorkerDied when the process ends first."""
        try:
            while not cancelled():
                if self._pipe.poll(TICK):
                    return self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._death() from error
        raise Cancelled("The work was cancelled.")

    def close_task(self, grace: float) -> bool:
        """Asks the task to stop; False where it has not stopped after `grace` seconds."""
        end = time.monotonic() + grace
        try:
            self.send(("close",))
            while self.receive(lambda: time.monotonic() > end)[0] == "progress":
                pass
        except (Cancelled, WorkerDied):
            return False
        return True

    def kill(self) -> None:
        """Ends the process at once."""
        self.process.kill()
        self.process.join()
        self._pipe.close()

    def _death(self) -> WorkerDied:
        self.process.join(1)
        code = self.process.exitcode
        logger.warning("worker %s (process %s) ended with %s", self.process.name, self.process.pid, code)
        return WorkerDied(
            "The drawing process ended without an answer; most often memory has run out. Close other programs or "
            "scale the picture down, and try again."
        )
