"""Sketches being made: a thread that talks to the engine, and snapshots of how far it is for whoever shows them."""

import base64
import binascii
import dataclasses
import logging
import threading
import uuid
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence, Tuple

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
from stylesketch_ext.words import _, spoken_stage

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
    drawing: bool = False  # has its turn come?
    number: int = 0  # of the picture that is being sketched, from 0


@dataclass(frozen=True)
class Sketched:
    """One finished sketch, and its picture as the engine decoded it."""

    image: ImageInfo
    result: SketchResult


class SketchJob(threading.Thread):
    """Connects at once, waits for `begin`, then for each picture uploads, submits and follows the job to its end.

    Read `snapshot` at any time. Once the thread has ended, `results` holds the finished sketches in the order of the
    pictures; fewer than pictures if there is a `failure`, none if it was `cancelled`.
    """

    def __init__(self, connect: Connect) -> None:
        super().__init__(name="sketch-job", daemon=True)
        self._connect = connect
        self.pictures: Sequence[Tuple[str, bytes]] = ()
        self._settings = SketchSettings()
        self._client: Optional[BackendClient] = None
        self._job: Optional[str] = None
        self._begun, self._stopping, self._lock = threading.Event(), threading.Event(), threading.Lock()
        self.snapshot = Snapshot(stage=_("Looking for the drawing engine …"))
        self.results: List[Sketched] = []
        self.failure: Optional[Failure] = None
        self.cancelled = False

    def begin(self, pictures: Sequence[Tuple[str, bytes]], settings: SketchSettings) -> None:
        """Go: sketch these pictures, given as (title, bytes of the file), with these settings."""
        self.pictures, self._settings = pictures, settings
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
        """Do without the finished sketches."""
        self.cancelled, self.results = True, []

    @property
    def notes(self) -> List[str]:
        """What the engine has to say about the finished sketches, each thing once.

        Of several pictures, with the names of those that it is about.
        """
        about: Dict[str, Dict[str, None]] = {}  # note: names
        for (title, _data), done in zip(self.pictures, self.results):
            for note in done.result.notes:
                about.setdefault(note, {})[title] = None
        if len(self.pictures) == 1:
            return list(about)
        return ["%s: %s" % (", ".join(names), note) for note, names in about.items()]

    def run(self) -> None:
        try:
            self._work()
        except Cancelled:
            self.discard()
        except Failure as failure:
            if self._stopping.is_set():
                self.discard()
            else:
                self.failure = failure
        except Exception as error:
            LOG.exception("the job's thread broke")
            self.failure = Failure(sentence(_("StyleSketch stumbled over an error of its own (%s): try again.") % error))

    def _work(self) -> None:
        client = self._client = self._connect(lambda text: self._show(stage=text), self._stopping.is_set)
        self._show(health=client.health(), stage="")
        self._begun.wait()
        self._go_on()
        for title, data in self.pictures:
            self.results.append(self._sketch(client, title, data))
            self._job = None
            self._go_on()

    def _sketch(self, client: BackendClient, title: str, data: bytes) -> Sketched:
        self._go_on()
        self._tell(_("Handing over the picture …"), 0.0)
        self._show(preview=None)
        image = client.upload(data)
        self._go_on()
        request = SketchRequest(image=image.sha256, settings=self._settings, title=title)
        job = client.submit(request, key=uuid.uuid4().hex)
        self._tell(_("Waiting for the engine …"), 0.0)
        self._show(working=True)
        self._follow(client, job)
        self._tell(_("Placing the strokes …"), 1.0)
        return Sketched(image, client.result(job.id))

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
        raise Garbled(_("The drawing engine lost the sketch: try again."))

    def _end(self, event: JobEvent) -> Exception:
        if event.kind == CANCELLED and self._stopping.is_set():
            return Cancelled()
        if event.problem:
            return Refusal(event.problem)
        return Failure(_("The sketch was canceled in the engine: start it again if that was not meant."), "engine")

    def _progress(self, progress: ProgressEvent) -> None:
        self._show(drawing=True)
        preview = None
        if progress.preview:
            try:
                preview = base64.b64decode(progress.preview)
            except binascii.Error:
                LOG.warning("a preview was not base64")
        self._tell(spoken_stage(progress.stage), min(1.0, max(0.0, progress.done)))
        if preview:
            self._show(preview=preview)

    def _tell(self, stage: str, done: float) -> None:
        """Show how far the present picture is."""
        count, number = len(self.pictures), len(self.results)
        if count > 1:
            stage = _("%s (picture %d of %d)") % (stage, number + 1, count)
        self._show(stage=stage, done=(number + done) / count, number=number)

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
