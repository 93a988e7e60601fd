"""Sketches being made: a thread that talks to the engine, and snapshots of how far it is for whoever shows them."""

import base64
import binascii
import dataclasses
import logging
import threading
import uuid
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_job import EngineJob
from stylesketch_ext.failures import Cancelled, Failure, stumbled
from stylesketch_ext.pack_facts import drawable
from stylesketch_ext.pack_previews import preview_of
from stylesketch_ext.wire.messages import (
    Health,
    ImageInfo,
    Mark,
    ProgressEvent,
    SketchRequest,
    SketchResult,
    SketchSettings,
    StyleInfo,
)  # fmt: skip
from stylesketch_ext.words import _, spoken_stage

LOG = logging.getLogger(__name__)

MarksOn = Callable[[int, int], List[Mark]]  # width and height of a picture, px
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
    styles: Optional[List[StyleInfo]] = None  # the style packs there are, once they are known
    previews: Mapping[str, bytes] = field(default_factory=dict)  # name of a style pack: PNG


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

    def __init__(self, connect: Connect, with_styles: bool = False) -> None:
        """`with_styles`: look for the style packs too, for a window that offers them."""
        super().__init__(name="sketch-job", daemon=True)
        self._connect, self._with_styles = connect, with_styles
        self.pictures: Sequence[Tuple[str, bytes]] = ()
        self._settings, self._recipe = SketchSettings(), "object"
        self._marks: Sequence[MarksOn] = ()
        self._job, self._begun = EngineJob(), threading.Event()
        self.snapshot = Snapshot(stage=_("Looking for the drawing engine …"))
        self.results: List[Sketched] = []
        self.failure: Optional[Failure] = None
        self.cancelled = False

    def begin(
        self,
        pictures: Sequence[Tuple[str, bytes]],
        settings: SketchSettings,
        recipe: str = "object",
        marks: Sequence[MarksOn] = (),
    ) -> None:
        """Go: sketch these pictures, given as (title, bytes of the file), by a recipe of the engine with these settings.

        marks: for each picture, what gives the user's marks in px of it; none: there are no marks.
        """
        self.pictures, self._settings, self._recipe, self._marks = pictures, settings, recipe, marks
        self._begun.set()

    def cancel(self) -> None:
        """Stop here and in the engine; returns at once."""
        self._job.stop()
        self._begun.set()

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
            if self._job.stopping():
                self.discard()
            else:
                self.failure = failure
        except Exception as error:
            LOG.exception("the job's thread broke")
            self.failure = stumbled(error)

    def _work(self) -> None:
        client = self._connect(lambda text: self._show(stage=text), self._job.stopping)
        self._show(health=client.health(), stage="")
        if self._with_styles:
            self._look_for_styles(client)
        self._begun.wait()
        self._job.go_on()
        for title, data in self.pictures:
            self.results.append(self._sketch(client, title, data))
            self._job.go_on()

    def _look_for_styles(self, client: BackendClient) -> None:
        """The packs, then their previews, as long as nobody waits."""
        styles = client.styles()
        self._show(styles=styles)
        for pack in drawable(styles):
            preview = None if self._begun.is_set() else preview_of(client, pack)
            if preview:
                self._show(previews={**self.snapshot.previews, pack.name: preview})

    def _sketch(self, client: BackendClient, title: str, data: bytes) -> Sketched:
        self._job.go_on()
        self._tell(_("Handing over the picture …"), 0.0)
        self._show(preview=None)
        image = client.upload(data)
        self._job.go_on()
        settings = self._settings
        if self._marks:
            marks = self._marks[len(self.results)](image.width, image.height)
            settings = dataclasses.replace(settings, marks=marks)
        request = SketchRequest(image=image.sha256, settings=settings, recipe=self._recipe, title=title)
        job = client.submit(request, key=uuid.uuid4().hex)
        self._tell(_("Waiting for the engine …"), 0.0)
        self._show(working=True)
        self._job.follow(client, job, self._progress)
        self._tell(_("Placing the strokes …"), 1.0)
        return Sketched(image, client.result(job.id))

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

    def _show(self, **changes: object) -> None:
        self.snapshot = dataclasses.replace(self.snapshot, **changes)  # type: ignore[arg-type]
