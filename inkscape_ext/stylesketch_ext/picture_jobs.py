"""Pictures being made by the engine: textures, restyled pictures, and what a text is drawn after."""

from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Sequence, Tuple, TypeVar

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_thread import EngineThread
from stylesketch_ext.failures import Refusal
from stylesketch_ext.one_by_one import each
from stylesketch_ext.wire.messages import (
    ImageInfo,
    PicturesResult,
    PromptRequest,
    RestyleRequest,
    SketchResult,
    TextureRequest,
)
from stylesketch_ext.words import _

Task = Callable[[BackendClient, EngineThread], Any]
Bitmap = Tuple[str, bytes]  # name, bytes of the file
T = TypeVar("T")


@dataclass(frozen=True)
class Made:
    """What one request brought."""

    result: PicturesResult
    pictures: List[bytes]  # a PNG for each entry of the result
    source: Optional[ImageInfo] = None  # the picture that it was made of, as the engine decoded it
    number: int = 0  # of that picture, from 0, among those of the task


@dataclass(frozen=True)
class PicturesMade:
    """What those requests of a task brought that succeeded."""

    parts: List[Made]

    @property
    def notes(self) -> List[str]:
        """What the engine has to say about them."""
        return [note for part in self.parts for note in part.result.notes]

    @property
    def tries(self) -> List[Tuple[bytes, str]]:
        """Of one request alone, what can be picked from: (picture, title)."""
        if len(self.parts) != 1:
            return []
        (part,) = self.parts
        return [(data, _title(info.seed, info.iterations)) for data, info in zip(part.pictures, part.result.pictures)]


@dataclass(frozen=True)
class Drawn:
    """A sketch that was drawn after a picture made for it: of a text, or of a restyled picture."""

    sketch: SketchResult
    picture: Optional[bytes]  # that it was drawn after
    source: Optional[ImageInfo] = None  # the picture that was restyled, as the engine decoded it
    number: int = 0  # of that picture, from 0, among those of the task

    @property
    def notes(self) -> List[str]:
        """What the engine has to say about it."""
        return self.sketch.notes


@dataclass(frozen=True)
class SketchesMade:
    """The sketches of several restyled pictures."""

    parts: List[Drawn]

    @property
    def notes(self) -> List[str]:
        """What the engine has to say about them."""
        return [note for part in self.parts for note in part.notes]


def texturing(exemplar: Optional[bytes], request: Callable[[Optional[ImageInfo]], TextureRequest]) -> Task:
    """Make a texture; `request(exemplar)` is what to ask for, with the exemplar as the engine decoded it, if there is one."""

    def task(client: BackendClient, thread: EngineThread) -> PicturesMade:
        thread.part(0, 1)
        source = _handed_over(client, thread, exemplar) if exemplar else None
        job = thread.done_by(client, request(source))
        return PicturesMade([_fetched(client, thread, job, source)])

    return task


def restyling(pictures: Sequence[Bitmap], request: Callable[[str, str], RestyleRequest]) -> Task:
    """Restyle each picture; `request(hash, name)` is what to ask for."""

    return lambda client, thread: PicturesMade(_each(client, thread, pictures, request, _fetched))


def drawing_restyled(pictures: Sequence[Bitmap], request: Callable[[str, str], RestyleRequest]) -> Task:
    """Restyle and draw each picture; `request(hash, name)` is what to ask for."""
    return lambda client, thread: SketchesMade(_each(client, thread, pictures, request, _drawn))


def drawing_of(request: PromptRequest) -> Task:
    """Draw a text."""

    def task(client: BackendClient, thread: EngineThread) -> Drawn:
        thread.part(0, 1)
        return _drawn(client, thread, thread.done_by(client, request))

    return task


def _each(
    client: BackendClient,
    thread: EngineThread,
    pictures: Sequence[Bitmap],
    request: Callable[[str, str], RestyleRequest],
    fetched: Callable[[BackendClient, EngineThread, str, ImageInfo, int], T],
) -> List[T]:
    """What `fetched` brings of the job of each picture, of those that succeed."""

    def do(number: int, data: bytes) -> T:
        source = _handed_over(client, thread, data)
        job = thread.done_by(client, request(source.sha256, pictures[number][0]))
        return fetched(client, thread, job, source, number)

    return each(thread, pictures, do)


def _drawn(client: BackendClient, thread: EngineThread, job: str, source: Optional[ImageInfo] = None, number: int = 0) -> Drawn:
    thread.tell(_("Placing the strokes …"), 1.0)
    return Drawn(client.result(job), _picture_if_any(client, job), source, number)


def _handed_over(client: BackendClient, thread: EngineThread, data: bytes) -> ImageInfo:
    thread.tell(_("Handing over the picture …"))
    return client.upload(data)


def _fetched(
    client: BackendClient, thread: EngineThread, job: str, source: Optional[ImageInfo] = None, number: int = 0
) -> Made:
    thread.tell(_("Fetching the pictures …"), 1.0)
    result = client.pictures(job)
    found = []
    for place in range(len(result.pictures)):
        thread.go_on()
        found.append(client.picture(job, place + 1))
    return Made(result, found, source, number)


def _picture_if_any(client: BackendClient, job: str) -> Optional[bytes]:
    try:
        return client.picture(job, 1)
    except Refusal as refusal:
        if refusal.problem.code == "not-found":  # CLIP drew without one
            return None
        raise


def _title(seed: int, iterations: int) -> str:
    return _("seed %d, step %d") % (seed, iterations) if iterations else _("seed %d") % seed
