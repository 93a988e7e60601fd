"""What the daemon remembers of pictures and jobs, in SQLite; safe for every thread and against kill -9."""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylesketch_ext.wire.codec import WireError, dumps, loads
from stylesketch_ext.wire.messages import (
    ENDED_STATES,
    FAILED,
    QUEUED,
    RUNNING,
    FeaturesRequest,
    ImageInfo,
    JobInfo,
    MatrixRequest,
    Problem,
    PromptRequest,
    PullRequest,
    RefineRequest,
    RestyleRequest,
    SequenceRequest,
    SketchRequest,
    StyleRequest,
    TextureRequest,
)

from backend.core.errors import Conflict, NotFound, WorkerDied
from backend.daemon.failures import as_problem

logger = logging.getLogger(__name__)
MAX_ATTEMPTS = 2
MIGRATIONS = (
    """
    CREATE TABLE images (sha256 TEXT PRIMARY KEY, width INTEGER NOT NULL, height INTEGER NOT NULL);
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, key TEXT UNIQUE, request TEXT NOT NULL,
        state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL, started REAL, ended REAL, error TEXT
    );
    CREATE INDEX jobs_by_state ON jobs (state);
    """,
    "ALTER TABLE jobs ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE jobs ADD COLUMN kind TEXT NOT NULL DEFAULT 'request';",
)
COLUMNS = "id, kind, request, state, attempts, forgiven, created, started, ended, error"
REQUESTS: dict[str, type] = {
    "request": SketchRequest,
    "style": StyleRequest,
    "pull": PullRequest,
    "matrix": MatrixRequest,
    "texture": TextureRequest,
    "restyle": RestyleRequest,
    "prompt": PromptRequest,
    "features": FeaturesRequest,
    "sequence": SequenceRequest,
    "refine": RefineRequest,
}
"""What a job can be asked for with, by the field of JobInfo that tells it."""

JobRequest = (
    SketchRequest
    | StyleRequest
    | PullRequest
    | MatrixRequest
    | TextureRequest
    | RestyleRequest
    | PromptRequest
    | FeaturesRequest
    | SequenceRequest
    | RefineRequest
)


@dataclass(frozen=True)
class StoredJob:
    """A job and how often it was begun."""

    info: JobInfo
    attempts: int
    forgiven: int = 0  # attempts that a clean stop of the daemon ended

    @property
    def last_attempt(self) -> bool:
        """Whether the job is given up when its worker dies (again)."""
        return self.attempts - self.forgiven >= MAX_ATTEMPTS


class Store:
    """The tables `images` and `jobs`. NotFound and Conflict carry sentences; sqlite3 errors pass through."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        try:
            self._prepare(path)
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Ends the use of the file."""
        with self._lock:
            self._database.close()

    def add_image(self, image: ImageInfo) -> None:
        """Remembers a picture; the same picture twice is one."""
        self._run("INSERT OR IGNORE INTO images VALUES (?, ?, ?)", image.sha256, image.width, image.height)

    def image(self, sha256: str) -> ImageInfo | None:
        """A picture that was uploaded."""
        row = self._run("SELECT sha256, width, height FROM images WHERE sha256 = ?", sha256).first
        return ImageInfo(*row) if row else None

    def add_job(self, request: JobRequest, key: str | None = None) -> tuple[JobInfo, bool]:
        """A new job, or the one that was begun with the same key; True for a new one.

        Raises Conflict where the key belongs to another request.
        """
        with self._lock:
            known = self.by_key(key) if key else None
            if known:
                if request_of(known) != request:
                    raise Conflict("This Idempotency-Key was used for another request. Use a new one.")
                return known, False
            job = secrets.token_hex(8)
            self._run(
                "INSERT INTO jobs (id, key, kind, request, state, created) VALUES (?, ?, ?, ?, ?, ?)",
                *(job, key, _kind(request), dumps(request), QUEUED, time.time()),
            )
            return self.job(job).info, True

    def job(self, job: str) -> StoredJob:
        """The job of that id; NotFound, Conflict for one that another version wrote and this one cannot read."""
        row = self._run(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", job).first
        if row is None:
            raise _no_job(job)
        return _stored(row)

    def jobs(self) -> list[StoredJob]:
        """Every job, the newest first; without those that this version cannot read."""
        return list(_readable(self._run(f"SELECT {COLUMNS} FROM jobs ORDER BY number DESC")))

    def waiting(self) -> list[JobInfo]:
        """The queue: the oldest first, but after new ones what was interrupted before."""
        rows = self._run(f"SELECT {COLUMNS} FROM jobs WHERE state = ? ORDER BY attempts, number", QUEUED)
        return [stored.info for stored in _readable(rows)]

    def active(self) -> int:
        """How many jobs wait or run."""
        count: int = self._run("SELECT count(*) FROM jobs WHERE state IN (?, ?)", QUEUED, RUNNING)[0][0]
        return count

    def start(self, job: str) -> StoredJob | None:
        """Marks a waiting job as running and counts the attempt; None where it does not wait (any more)."""
        changed = self._run(
            "UPDATE jobs SET state = ?, attempts = attempts + 1, started = ? WHERE id = ? AND state = ?",
            *(RUNNING, time.time(), job, QUEUED),
        ).rowcount
        return self.job(job) if changed else None

    def requeue(self, job: str, forgive: bool = False) -> None:
        """Puts a running job back into the queue; `forgive`: the attempt does not count."""
        self._run(
            "UPDATE jobs SET state = ?, started = NULL, forgiven = forgiven + ? WHERE id = ? AND state = ?",
            *(QUEUED, int(forgive), job, RUNNING),
        )

    def end(self, job: str, state: str, error: Problem | None = None, only_from: Iterable[str] = (QUEUED, RUNNING)) -> bool:
        """Ends a job in one of ENDED_STATES; False where it was in none of the states `only_from`."""
        assert state in ENDED_STATES
        allowed = tuple(only_from)
        changed = self._run(
            f"UPDATE jobs SET state = ?, ended = ?, error = ? WHERE id = ? AND state IN ({', '.join('?' * len(allowed))})",
            *(state, time.time(), dumps(error) if error else None, job, *allowed),
        ).rowcount
        return bool(changed)

    def remove(self, job: str) -> None:
        """Forgets an ended job; NotFound, or Conflict while it waits or runs."""
        with self._lock:
            row = self._run("SELECT state FROM jobs WHERE id = ?", job).first
            if row is None:
                raise _no_job(job)
            if row[0] not in ENDED_STATES:
                raise Conflict("The job has not ended yet. Cancel it first.")
            self._run("DELETE FROM jobs WHERE id = ?", job)

    def recover(self) -> None:
        """After a daemon died: what ran is queued again, unless it brought the daemon down twice, or cannot be read."""
        with self._lock:
            for row in self._run(f"SELECT {COLUMNS} FROM jobs WHERE state IN (?, ?)", QUEUED, RUNNING):
                try:
                    stored = _stored(row)
                except Conflict as error:
                    self.end(row[0], FAILED, as_problem(error))
                    continue
                if stored.info.state != RUNNING:
                    continue
                if stored.last_attempt:
                    self.end(stored.info.id, FAILED, as_problem(died_twice()))
                else:
                    self.requeue(stored.info.id)

    def _prepare(self, path: Path) -> None:
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise Conflict(
                "The job database {path} cannot be read ({error}). Move it away and start again.", path=path, error=error
            ) from error
        if version > len(MIGRATIONS):
            raise Conflict(
                "The job database {path} was made by a newer StyleSketch. Update this one or use another --data.", path=path
            )
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            self._database.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")

    def by_key(self, key: str) -> JobInfo | None:
        """The job that was begun with a key."""
        row = self._run(f"SELECT {COLUMNS} FROM jobs WHERE key = ?", key).first
        return _stored(row).info if row else None

    def _run(self, statement: str, *values: object) -> _Rows:
        with self._lock:
            cursor = self._database.execute(statement, values)
            return _Rows(cursor.fetchall(), cursor.rowcount)


class _Rows(list[tuple]):
    """Rows that were fetched under the lock."""

    def __init__(self, rows: list[tuple], rowcount: int) -> None:
        super().__init__(rows)
        self.rowcount = rowcount

    @property
    def first(self) -> tuple | None:
        return self[0] if self else None


def died_twice() -> WorkerDied:
    """What the user is told of a job that ended its worker twice."""
    return WorkerDied(
        "The drawing process ended without an answer, twice; most often memory has run out. "
        "Close other programs or scale the picture down, and try again."
    )


def request_of(info: JobInfo) -> JobRequest:
    """What a job was asked for with, whatever its kind."""
    found: JobRequest = next(getattr(info, field) for field in REQUESTS if getattr(info, field) is not None)
    return found


def _kind(request: JobRequest) -> str:
    return next(field for field, kind in REQUESTS.items() if kind is type(request))


def _readable(rows: Iterable[tuple]) -> Iterator[StoredJob]:
    """The jobs in rows; one that cannot be read does not keep the daemon from starting."""
    for row in rows:
        try:
            yield _stored(row)
        except Conflict as error:
            logger.warning("%s", error)


def _no_job(job: str) -> NotFound:
    return NotFound("There is no job '{job}'. `stylesketch jobs list` shows those there are.", job=job[:64])


def _stored(row: tuple) -> StoredJob:
    job, kind, request, state, attempts, forgiven, created, started, ended, error = row
    try:
        if kind not in REQUESTS:
            raise WireError(f"there is no kind '{kind}'")
        asked: dict[str, Any] = {
            field: loads(message, request) if field == kind else None for field, message in REQUESTS.items()
        }
    except WireError as wrong:
        raise Conflict(
            "The job {job} was written by another version of StyleSketch and cannot be read ({wrong}). Ask for it anew.",
            job=job,
            wrong=wrong,
        ) from None
    info = JobInfo(
        id=job,
        state=state,
        **asked,
        created=created,
        started=started,
        ended=ended,
        done=1.0 if state == "finished" else 0.0,
        error=loads(Problem, error) if error else None,
    )
    return StoredJob(info, attempts, forgiven)
