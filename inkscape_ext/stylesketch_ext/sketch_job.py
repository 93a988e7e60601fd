"""One sketch being made: a thread that talks to the engine, and snapshots of how far it is for whoever shows them."""

import base64
import binascii
import dataclasses
import logging
import threading
import uuid
from dataclasses import dataclass
from typing import Callable, Optional

from stylesketch_ext.client import BackendClient, JobEvent
from stylesketch_ext.failures import Cancelled, Failure, Garbled, Refusal, sentence
from stylesketch_ext.wire.messages import (
    CANCELLED,
    FAILED,
    FINISHED,
    Health,
    ImageInfo,
    JobInfo,
    ProgressEvent,
    SketchRequest,
    SketchResult,
    SketchSettings,
)  # fmt: skip

LOG = logging.getLogger(__name__)

Connect = Callable[[Callable[[str], None], Callable[[], bool]], BackendClient]  # (tell, stopped) → client


@dataclass(frozen=True)
class Snapshot:
    """How far the job is."""

    stage: str = ""  # a text for the user
    done: float = 0.0  # 0 … 1
    preview: Optional[bytes] = None  # the newest PNG
    health: Optional[Health] = None  # set once the engine answers
    working: bool = False  # has the engine taken the job?


class SketchJob(threading.Thread):
    """Connects at once, waits for `begin`, then uploads, submits and follows the job to its end.

    Read `snapshot` at any time; once the thread has ended exactly one of `failure`, `cancelled` and `result` tells how.
    """

    def __init__(self, connect: Connect, picture: bytes, title: str) -> None:
        super().__init__(name="sketch-job", daemon=True)
        self._connect, self._picture, self._title = connect, picture, title
        self._settings: Optional[SketchSettings] = None
        self._client: Optional[BackendClient] = None
        self._job: Optional[str] = None
        self._begun, self._stopping, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self.snapshot = Snapshot(stage="Looking for the drawing engine …")
        self.image: Optional[ImageInfo] = None
        self.result: Optional[SketchResult] = None
        self.failure: Optional[Failure] = None
        self.cancelled = False

    def begin(self, settings: SketchSettings) -> None:
        """Go, with these settings."""
        self._settings = settings
        self._begun.set()

    def cancel(self) -> None:
        """Stop here and in the engine; returns at once."""
        with self._lock:
            first = not self._stopping.is_set()
            self._stopping.set()
            self._begun.set()
            job = self._job
        if first and job:
            threading.Thread(target=self._cancel_there, args=(job,), name="sketch-cancel", daemon=True).start()

    def discard(self) -> None:
        """Do without the finished sketch."""
        self.cancelled, self.result = True, None

    def run(self) -> None:
        try:
            self.result = self._work()
        except Cancelled:
            self.cancelled = True
        except Failure as failure:
            self.cancelled, self.failure = self._stopping.is_set(), None if self._stopping.is_set() else failure
        except Exception as error:
            LOG.exception("the job's thread broke")
            self.failure = Failure(sentence("StyleSketch stumbled over an error of its own (%s)" % error))

    def _work(self) -> SketchResult:
        client = self._client = self._connect(lambda text: self._show(stage=text), self._stopping.is_set)
        self._show(health=client.health(), stage="")
        self._begun.wait()
        self._go_on()
        self._show(stage="Handing over the picture …")
        self.image = client.upload(self._picture)
        self._go_on()
        request = SketchRequest(image=self.image.sha256, settings=self._settings or SketchSettings(), title=self._title)
        job = client.submit(request, key=uuid.uuid4().hex)
        self._show(stage="Waiting for the engine …", working=True)
        self._follow(client, job)
        self._show(stage="Placing the strokes …", done=1.0)
        result = client.result(job.id)
        self._go_on()
        return result

    def _follow(self, client: BackendClient, job: JobInfo) -> None:
        """Until the job has finished; raises how else it ended."""
        with self._lock:
            self._job = job.id
            late = self._stopping.is_set()
        if late:
            self._cancel_there(job.id)
            raise Cancelled()
        LOG.info("job %s", job.id)
        for event in client.events(job.id):
            if event.progress:
                self._progress(event.progress)
            elif event.kind == FINISHED:
                self._go_on()
                return
            elif event.kind in (CANCELLED, FAILED):
                raise self._end(event)
        raise Garbled("The drawing engine lost the sketch: try again.")

    def _end(self, event: JobEvent) -> Exception:
        if event.kind == CANCELLED and self._stopping.is_set():
            return Cancelled()
        if event.problem:
            return Refusal(event.problem)
        return Failure("The sketch was canceled in the engine: start it again if that was not meant.")

    def _progress(self, progress: ProgressEvent) -> None:
        preview = None
        if progress.preview:
            try:
                preview = base64.b64decode(progress.preview)
            except binascii.Error:
                LOG.warning("a preview was not base64")
        stage = progress.stage[:1].upper() + progress.stage[1:]
        self._show(stage=stage, done=min(1.0, max(0.0, progress.done)), **({"preview": preview} if preview else {}))

    def _cancel_there(self, job: str) -> None:
        try:
            if self._client:
                self._client.cancel(job)
                LOG.info("job %s canceled", job)
        except Failure as failure:
            LOG.warning("job %s could not be canceled: %s", job, failure)

    def _show(self, **changes: object) -> None:
        self.snapshot = dataclasses.replace(self.snapshot, **changes)  # type: ignore[arg-type]

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise Cancelled()
