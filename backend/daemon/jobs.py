"""Jobs from submission to their end: one lane per device, each with its own worker process."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stylesketch_ext.wire.messages import CANCELLED, FAILED, FINISHED, RUNNING, JobInfo, ProgressEvent

from backend.core.errors import Cancelled, Conflict, Internal, StyleSketchError, WorkerDied
from backend.daemon.capabilities import Capabilities
from backend.daemon.events import EventLog
from backend.daemon.executors import ProcessExecutor
from backend.daemon.failures import as_failure, as_problem
from backend.daemon.phrases import note_of
from backend.daemon.result_files import ResultFiles
from backend.daemon.store import JobRequest, Store, StoredJob, died_twice, request_of

logger = logging.getLogger(__name__)
RETRY_SECONDS = 5.0
MAIN = ""  # the lane of the best device; it exists before that device's name is known
DOWNLOADS = "downloads"  # a lane without a device


@dataclass(frozen=True)
class Kind:
    """How jobs of one kind are done."""

    task: Callable[..., Any]  # an importable function: a generator of ProgressEvent
    arguments: Callable[[Any], tuple[object, ...]]  # of the task, for a request
    keep: Callable[[str, Any], None]  # stores what the task of a job returned
    told: Callable[[str, Any], ProgressEvent] = lambda job, event: event  # of what a task of a job yields; may store a part
    check: Callable[[Capabilities, Any], None] = lambda known, request: None  # BadRequest for what this machine cannot do
    device: Callable[[Any], str] = lambda request: "auto"
    lane: str = MAIN  # another one for what needs no device, so that sketches need not wait for it


@dataclass(frozen=True)
class Running:
    """A job in its worker."""

    cancelled: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """The queue. `kinds` says for every type of request how it is carried out."""

    def __init__(
        self,
        store: Store,
        events: EventLog,
        results: ResultFiles,
        executor: Callable[[str], ProcessExecutor],
        kinds: Mapping[type, Kind],
        log: str = "",
    ) -> None:
        self.store, self.events, self.results = store, events, results
        self._executor, self._kinds, self._log = executor, kinds, log
        self._running: dict[str, Running] = {}
        self._lanes: dict[str, Lane] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self.on_idle: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Takes up what an earlier daemon left, and warms the worker in the background."""
        self.store.recover()
        self._lane(MAIN)
        for info in self.store.waiting():
            self._enqueue(info)

    def stop(self) -> None:
        """Ends the workers; a running job waits for the next daemon."""
        self._stopping.set()
        with self._lock:
            lanes, running = list(self._lanes.values()), list(self._running.values())
        for job in running:
            job.cancelled.set()
        for lane in lanes:
            lane.stop()

    @property
    def capabilities(self) -> Capabilities | None:
        """What the drawing worker told of itself; None while it warms up."""
        lane = self._lanes.get(MAIN)
        return lane.executor.hello if lane else None

    @property
    def worker_pid(self) -> int | None:
        """The drawing worker of the best device, if it lives."""
        lane = self._lanes.get(MAIN)
        return lane.executor.pid if lane else None

    def submit(self, request: JobRequest, key: str | None = None) -> tuple[JobInfo, bool]:
        """A new job, or the one of the same key (then False); BadRequest, Conflict."""
        if self.capabilities:
            self._kinds[type(request)].check(self.capabilities, request)
        with self._lock:
            info, new = self.store.add_job(request, key)
            if new:
                self._enqueue(info)
        return self._live(info), new

    def info(self, job: str) -> JobInfo:
        """The job as it is now; NotFound."""
        return self._live(self.store.job(job).info)

    def check_finished(self, job: str) -> None:
        """NotFound for a job that is not there, Conflict for one without a result."""
        info = self.info(job)
        if info.state == FAILED and info.error:
            raise Conflict("The job failed: {why}", why=note_of(info.error.detail, info.error.phrase))
        if info.state == CANCELLED:
            raise Conflict("The job was canceled, so it has no result. Start it again.")
        if info.state != FINISHED:
            raise Conflict("The job has no result yet. Wait for it.")

    def stored(self, job: str) -> StoredJob:
        """The job and its attempts; NotFound."""
        return self.store.job(job)

    def all(self) -> list[JobInfo]:
        """Every job, the newest first."""
        return [self._live(stored.info) for stored in self.store.jobs()]

    def cancel(self, job: str) -> JobInfo:
        """Stops a job that waits or runs; an ended one stays as it is. NotFound."""
        with self._lock:
            running = self._running.get(job)
            if running:
                running.cancelled.set()
            else:
                self.store.end(job, CANCELLED)
        self.events.wake(job)
        return self.info(job)

    def remove(self, job: str) -> None:
        """Forgets an ended job and its files; NotFound, Conflict."""
        self.store.remove(job)
        self.results.remove(job)
        self.events.forget(job)

    def run(self, job: str, executor: ProcessExecutor) -> None:
        """Runs a waiting job to its end in this thread; whatever happens is written down, nothing is raised."""
        with self._lock:
            stored = None if self._stopping.is_set() else self.store.start(job)
            if stored is None:
                return
            running = self._running[job] = Running()
        try:
            self._attempt(stored, running, executor)
        except Exception as error:
            self._failed(stored, running, error)
        else:
            self._end(job, FINISHED)
        finally:
            with self._lock:
                self._running.pop(job, None)
            self.on_idle()

    def _attempt(self, stored: StoredJob, running: Running, executor: ProcessExecutor) -> None:
        job, request = stored.info.id, request_of(stored.info)
        kind = self._kinds[type(request)]
        work = executor.run_unless(running.cancelled.is_set, kind.task, *kind.arguments(request))
        try:
            while True:
                self.events.progress(job, stored.attempts, kind.told(job, next(work)))
        except StopIteration as end:
            finished = end.value
        finally:
            work.close()
        kind.keep(job, finished)

    def _failed(self, stored: StoredJob, running: Running, error: Exception) -> None:
        job = stored.info.id
        with self._lock:
            del self._running[job]
            if self._stopping.is_set():
                self.store.requeue(job, forgive=True)
                return
            cancelled = isinstance(error, Cancelled) or running.cancelled.is_set()
            if isinstance(error, WorkerDied) and not stored.last_attempt and not cancelled:
                logger.warning("job %s goes to a fresh worker", job)
                self.store.requeue(job)
                self._enqueue(stored.info)
                return
        if cancelled:
            self._end(job, CANCELLED)
            return
        failure = died_twice() if isinstance(error, WorkerDied) else as_failure(error, self._log)
        if isinstance(failure, Internal) and failure is not error:
            logger.error("job %s", job, exc_info=error)
        self._end(job, FAILED, failure)

    def _end(self, job: str, state: str, failure: StyleSketchError | None = None) -> None:
        """Writes the end of a job down; waits for space where the disk is full."""
        while True:
            try:
                self.store.end(job, state, as_problem(failure) if failure else None)
                break
            except sqlite3.OperationalError as error:
                logger.error("the end of job %s cannot be written yet: %s", job, error)
                if self._stopping.wait(RETRY_SECONDS):
                    return
        self.events.wake(job)

    def _live(self, info: JobInfo) -> JobInfo:
        newest = self.events.newest(info.id) if info.state == RUNNING else None
        return replace(info, stage=newest.stage, done=newest.done) if newest else info

    def _enqueue(self, info: JobInfo) -> None:
        request = request_of(info)
        kind = self._kinds[type(request)]
        if kind.lane != MAIN:
            self._lane(kind.lane).put(info.id)
            return
        known, wanted = self.capabilities, kind.device(request)
        name = known.lane(wanted) if known else MAIN
        elsewhere = known is not None and name in known.devices and name != known.device
        self._lane(name if elsewhere else MAIN).put(info.id)

    def _lane(self, name: str) -> Lane:
        with self._lock:
            if name not in self._lanes:
                self._lanes[name] = Lane(self._executor(name), self.run)
            return self._lanes[name]


class Lane:
    """A thread that runs jobs one after another in one worker process."""

    def __init__(self, executor: ProcessExecutor, run: Callable[[str, ProcessExecutor], None]) -> None:
        self.executor, self._run = executor, run
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"lane {executor.name}", daemon=True)
        self._thread.start()

    def put(self, job: str) -> None:
        """Adds a job to the end."""
        self._queue.put(job)

    def stop(self) -> None:
        """Ends the worker and the thread."""
        self._stopped.set()
        self._queue.put(None)
        self.executor.stop()
        self._thread.join(5)

    def _work(self) -> None:
        self._warm()
        while (job := self._queue.get()) is not None:
            try:
                self._run(job, self.executor)
            except Exception:  # such as a full disk under the database: the job waits
                logger.exception("job %s", job)
                self._stopped.wait(RETRY_SECONDS)
                self._queue.put(job)
            self._warm()  # a worker that was killed is replaced before it is needed

    def _warm(self) -> None:
        try:
            self.executor.warm(self._stopped.is_set)
        except StyleSketchError as error:
            if not self._stopped.is_set():
                logger.warning("the drawing worker cannot be warmed up: %s", error)
