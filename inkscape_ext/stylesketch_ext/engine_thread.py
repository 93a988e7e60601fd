"""Work of the engine for a window, or without one: a thread that connects, does a task, and shows how far it is."""

import base64
import binascii
import dataclasses
import logging
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable, List, Mapping, Optional, Sequence, Tuple

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_job import EngineJob
from stylesketch_ext.failures import Cancelled, Failure, stumbled
from stylesketch_ext.pack_facts import drawable
from stylesketch_ext.pack_previews import preview_of
from stylesketch_ext.wire.messages import Health, JobInfo, ProgressEvent, StyleInfo
from stylesketch_ext.words import _, spoken_stage

LOG = logging.getLogger(__name__)

Connect = Callable[[Callable[[str], None], Callable[[], bool]], BackendClient]  # (tell, stopped) → client


@dataclass(frozen=True)
class Snapshot:
    """How far the work is."""

    stage: str = ""  # a text for the user
    done: float = 0.0  # 0 … 1
    preview: Optional[bytes] = None  # the newest picture of it
    health: Optional[Health] = None  # set once the engine answers
    working: bool = False  # has the engine taken the job?
    drawing: bool = False  # has its turn come?
    number: int = 0  # of the part that is being done, from 0
    styles: Optional[List[StyleInfo]] = None  # the style packs there are, once they are known
    previews: Mapping[str, bytes] = field(default_factory=dict)  # name of a style pack: PNG


class EngineThread(threading.Thread):
    """Connects at once, waits for a task, and does it.

    Read `snapshot` at any time. Once the thread has ended there is a `result`, what the task returned; or a `failure`;
    or both, where the task could do a part only; or it was `cancelled`. The task is called in this thread with (client, this),
    and uses the methods from `part` on.
    """

    def __init__(self, connect: Connect, with_styles: bool = False) -> None:
        """`with_styles`: look for the style packs too, for a window that offers them."""
        super().__init__(name="engine", daemon=True)
        self._connect, self._with_styles = connect, with_styles
        self._task: Callable[[BackendClient, Any], Any] = lambda client, thread: None
        self._job, self._begun = EngineJob(), threading.Event()
        self._count = 1  # of the task's parts
        self.snapshot = Snapshot(stage=_("Looking for the drawing engine …"))
        self.pictures: Sequence[Tuple[str, bytes]] = ()  # (name, file) of what is worked on, where that is known
        self.result: Any = None
        self.failure: Optional[Failure] = None
        self.cancelled = False
        self.picked = 0  # which of several results the user wants

    def give(self, task: Callable[[BackendClient, Any], Any]) -> None:
        """Go: this is what to do."""
        self._task = task
        self._begun.set()

    def cancel(self) -> None:
        """Stop here and in the engine; returns at once."""
        self._job.stop()
        self._begun.set()

    def discard(self) -> None:
        """Do without the result."""
        self.cancelled, self.result, self.failure = True, None, None

    @property
    def has_result(self) -> bool:
        """Is there something for the document?"""
        return self.result is not None

    @property
    def notes(self) -> List[str]:
        """What the engine has to say about the result, each thing once."""
        return list(dict.fromkeys(getattr(self.result, "notes", ())))

    def run(self) -> None:
        try:
            self._work()
        except Cancelled:
            self.discard()
        except Failure as failure:
            if self._job.stopping():
                self.discard()
            else:
                self.failure = failure
        except Exception as error:
            LOG.exception("the engine's thread broke")
            self.failure = stumbled(error)

    def part(self, number: int, count: int) -> None:
        """What follows is the part `number` (from 0) of `count`; raises Cancelled if it is not to be begun."""
        self.go_on()
        self._count = count
        self._show(number=number, preview=None)

    def fall_short(self, failure: Failure) -> None:
        """What the task is going to return is not all of it, and this is why."""
        self.failure = failure

    def go_on(self) -> None:
        """Raises Cancelled if the user wants no more."""
        self._job.go_on()

    def tell(self, stage: str, done: float = 0.0) -> None:
        """Show what is being done, and how far the present part is, 0 … 1."""
        number = self.snapshot.number
        if self._count > 1:
            stage = _("%s (picture %d of %d)") % (stage, number + 1, self._count)
        self._show(stage=stage, done=(number + min(1.0, max(0.0, done))) / self._count)

    def done_by(self, client: BackendClient, request: Any) -> str:
        """Let the engine do a request, and show its progress; the id of the job, once it has finished.

        Raises Cancelled, or a Failure.
        """
        self.go_on()
        return self.followed(client, client.submit(request, key=uuid.uuid4().hex))

    def followed(self, client: BackendClient, job: JobInfo) -> str:
        """Show the progress of a job that was submitted; its id, once it has finished. Raises Cancelled, or a Failure."""
        self.tell(_("Waiting for the engine …"))
        self._show(working=True)
        self._job.follow(client, job, self._progress)
        return job.id

    def _work(self) -> None:
        client = self._connect(lambda text: self._show(stage=text), self._job.stopping)
        self._show(health=client.health(), stage="")
        if self._with_styles:
            self._look_for_styles(client)
        self._begun.wait()
        self.go_on()
        self.result = self._task(client, self)

    def _look_for_styles(self, client: BackendClient) -> None:
        """The packs, then their previews, as long as nobody waits."""
        styles = client.styles()
        self._show(styles=styles)
        for pack in drawable(styles):
            preview = None if self._begun.is_set() else preview_of(client, pack)
            if preview:
                self._show(previews={**self.snapshot.previews, pack.name: preview})

    def _progress(self, progress: ProgressEvent) -> None:
        self._show(drawing=True)
        preview = None
        if progress.preview:
            try:
                preview = base64.b64decode(progress.preview)
            except binascii.Error:
                LOG.warning("a preview was not base64")
        self.tell(spoken_stage(progress.stage), progress.done)
        if preview:
            self._show(preview=preview)

    def _show(self, **changes: object) -> None:
        self.snapshot = dataclasses.replace(self.snapshot, **changes)  # type: ignore[arg-type]
