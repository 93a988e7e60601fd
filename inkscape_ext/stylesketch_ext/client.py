"""The engine as the extension sees it: a few verbs and a stream of events."""

import dataclasses
import json
import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Type, TypeVar
from urllib.parse import quote, urlencode

from stylesketch_ext.failures import Garbled, Refusal, Unreachable
from stylesketch_ext.transport import Answer, StreamRefused, Transport
from stylesketch_ext.wire import codec
from stylesketch_ext.wire.messages import (
    CANCELLED,
    FAILED,
    FINISHED,
    DrawingData,
    Health,
    ImageInfo,
    JobInfo,
    MatrixRequest,
    ModelInfo,
    PicturesResult,
    Problem,
    ProgressEvent,
    PromptRequest,
    PullResult,
    RefineRequest,
    RestyleRequest,
    SequenceRequest,
    SequenceResult,
    SketchRequest,
    SketchResult,
    StyleChange,
    StyleInfo,
    StyleRequest,
    StyleResult,
    TextureRequest,
)  # fmt: skip
from stylesketch_ext.words import _, marked, spoken

T = TypeVar("T")

SILENCE = 15.0  # s; the engine sends a heartbeat at least every 5 s
UPLOAD_TIMEOUT = 120.0  # s; a worker decodes the picture meanwhile
RECONNECTS = 6  # in a row, without an event in between

GARBLED = marked("StyleSketch's engine gave an answer that this extension does not understand: run ./install.sh again.")


ROUTES: Dict[type, str] = {
    SketchRequest: "/jobs",
    MatrixRequest: "/matrices",
    TextureRequest: "/textures",
    RestyleRequest: "/restylings",
    PromptRequest: "/prompts",
    SequenceRequest: "/sequences",
    RefineRequest: "/refinements",
}
"""Where each kind of work is asked for."""


@dataclass(frozen=True)
class JobEvent:
    """One server-sent event of a job: `progress`, or one of the three ends."""

    id: str
    kind: str
    progress: Optional[ProgressEvent] = None
    problem: Optional[Problem] = None

    @property
    def ends(self) -> bool:
        return self.kind in (FINISHED, FAILED, CANCELLED)


class BackendClient:
    """Speaks to the engine at host:port. Methods raise Unreachable, Garbled, or Refusal with the engine's sentence."""

    def __init__(self, host: str, port: int, token: Optional[str], transport: Callable = Transport) -> None:
        self._http = transport("http://%s:%d/v1" % (host, port), token)

    def health(self, timeout: float = 5.0) -> Health:
        return self._message(Health, self._http.send("GET", "/health", timeout=timeout))

    def upload(self, picture: bytes) -> ImageInfo:
        """Hand over the bytes of an image file; the engine decodes them."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._message(ImageInfo, self._http.send("POST", "/images", picture, headers, UPLOAD_TIMEOUT))

    def submit(self, request: Any, key: str) -> JobInfo:
        """Queue a job of any kind in ROUTES. The same `key` gives the same job, so that a repeated call is harmless."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        body = codec.dumps(request).encode("utf-8")
        return self._message(JobInfo, self._http.send("POST", ROUTES[type(request)], body, headers))

    def job(self, job: str) -> JobInfo:
        return self._message(JobInfo, self._http.send("GET", "/jobs/" + job))

    def cancel(self, job: str) -> None:
        """Stop a job; the engine ends its worker."""
        self._checked(self._http.send("POST", "/jobs/%s/cancel" % job, b"", timeout=10.0))

    def result(self, job: str) -> SketchResult:
        return self._message(SketchResult, self._http.send("GET", "/jobs/%s/result" % job, timeout=60.0))

    def sequence(self, job: str) -> SequenceResult:
        """What an ended job of a SequenceRequest brought, without its frames where `count` tells of some."""
        return self._message(SequenceResult, self._http.send("GET", "/jobs/%s/result?frames=false" % job, timeout=60.0))

    def frame(self, job: str, number: int) -> DrawingData:
        """A frame of a sequence, counted from 1 to its `count`."""
        return self._message(DrawingData, self._http.send("GET", "/jobs/%s/frames/%d" % (job, number), timeout=60.0))

    def row(self, job: str, number: int) -> SketchResult:
        """A row of a matrix, counted from 1, once the job's progress said that so many are ready."""
        return self._message(SketchResult, self._http.send("GET", "/jobs/%s/rows/%d" % (job, number), timeout=60.0))

    def styles(self) -> List[StyleInfo]:
        """Every style pack here, the user's own first; one that cannot be drawn with says so in its `problem`."""
        return self._messages(StyleInfo, self._http.send("GET", "/styles"))

    def pictures(self, job: str) -> PicturesResult:
        """What an ended job of a TextureRequest or RestyleRequest brought."""
        return self._message(PicturesResult, self._http.send("GET", "/jobs/%s/result" % job))

    def picture(self, job: str, number: int) -> bytes:
        """A picture of an ended job as PNG, counted from 1; Refusal (not-found) where there is none."""
        return self._checked(self._http.send("GET", "/jobs/%s/pictures/%d" % (job, number), timeout=60.0)).body

    def style(self, name: str) -> StyleInfo:
        return self._message(StyleInfo, self._http.send("GET", _style(name)))

    def style_preview(self, name: str) -> bytes:
        """A PNG; Refusal (not-found) where the pack has none."""
        return self._checked(self._http.send("GET", _style(name, "preview.png"))).body

    def export_style(self, name: str) -> bytes:
        """The bytes of a .stylepack file."""
        return self._checked(self._http.send("GET", _style(name, "export"), timeout=UPLOAD_TIMEOUT)).body

    def import_style(self, archive: bytes, name: str = "", replace: bool = False) -> StyleInfo:
        """Install a .stylepack under `name`, or under its own; Refusal (exists) where an own pack has to be replaced for it."""
        query = urlencode({"name": name, "replace": int(replace)} if name else {"replace": int(replace)})
        headers = {"Content-Type": "application/zip"}
        return self._message(StyleInfo, self._http.send("POST", "/styles?" + query, archive, headers, UPLOAD_TIMEOUT))

    def extract_style(self, request: StyleRequest, key: str) -> JobInfo:
        """Queue the making of a style pack from uploaded pictures; `events`, `cancel` and `job` are those of a sketch."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self._message(JobInfo, self._http.send("POST", "/styles", codec.dumps(request).encode("utf-8"), headers))

    def style_result(self, job: str) -> StyleResult:
        """What an ended job of `extract_style` brought."""
        return self._message(StyleResult, self._http.send("GET", "/jobs/%s/result" % job))

    def see_style(self, name: str, key: str) -> JobInfo:
        """Queue a look of the networks at an own style pack; `style_result` tells what it brought."""
        return self._message(JobInfo, self._http.send("POST", _style(name, "features"), b"", {"Idempotency-Key": key}))

    def change_style(self, name: str, change: StyleChange) -> StyleInfo:
        """Rename an own pack, or give it another title; Refusal (exists) where the new name is taken."""
        headers = {"Content-Type": "application/json"}
        return self._message(StyleInfo, self._http.send("PATCH", _style(name), codec.dumps(change).encode("utf-8"), headers))

    def remove_style(self, name: str) -> None:
        """Delete an own pack."""
        self._checked(self._http.send("DELETE", _style(name)))

    def models(self) -> List[ModelInfo]:
        """The weights of every network: what they are for, whether they are here, how large they are."""
        return self._messages(ModelInfo, self._http.send("GET", "/models"))

    def pull_model(self, name: str, key: str) -> JobInfo:
        """Queue the download of weights; `events`, `cancel` and `job` are those of a sketch."""
        return self._message(JobInfo, self._http.send("POST", _model(name) + "/pull", b"", {"Idempotency-Key": key}))

    def pull_result(self, job: str) -> PullResult:
        """What an ended job of `pull_model` brought."""
        return self._message(PullResult, self._http.send("GET", "/jobs/%s/result" % job))

    def remove_model(self, name: str) -> None:
        """Delete weights."""
        self._checked(self._http.send("DELETE", _model(name)))

    def shutdown(self) -> None:
        self._checked(self._http.send("POST", "/shutdown", b"", timeout=10.0))

    def events(self, job: str) -> Iterator[JobEvent]:
        """What happens to a job, up to and including its end. A broken connection is taken up again where it broke."""
        last, broken = None, 0
        while True:
            try:
                for event in self._stream(job, last):
                    last, broken = event.id or last, 0
                    yield event
                    if event.ends:
                        return
                problem: Unreachable = Unreachable(_("StyleSketch's engine stopped in the middle of the sketch: try again."))
            except Unreachable as error:
                problem = error
            broken += 1
            if broken > RECONNECTS:
                raise problem
            time.sleep(min(2.0, 0.1 * 2**broken))

    def _stream(self, job: str, last: Optional[str]) -> Iterator[JobEvent]:
        headers = {"Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        fields: Dict[str, List[str]] = {}
        try:
            for line in self._http.lines("/jobs/%s/events" % job, headers, SILENCE):
                if line:
                    name, _colon, value = line.decode("utf-8", "replace").partition(":")
                    fields.setdefault(name, []).append(value[1:] if value.startswith(" ") else value)
                    continue
                if "event" in fields:
                    yield _event(fields)
                fields = {}
        except StreamRefused as refused:
            self._checked(refused.answer)
            raise Garbled(_(GARBLED)) from None

    def _message(self, kind: Type[T], answer: Answer) -> T:
        try:
            return told(codec.loads(kind, self._checked(answer).body))
        except codec.WireError as error:
            raise Garbled(_(GARBLED)) from error

    def _messages(self, kind: Type[T], answer: Answer) -> List[T]:
        try:
            return [told(codec.from_json(kind, item)) for item in json.loads(self._checked(answer).body)]
        except (ValueError, TypeError) as error:
            raise Garbled(_(GARBLED)) from error

    def _checked(self, answer: Answer) -> Answer:
        if 200 <= answer.status < 300:
            return answer
        try:
            problem = codec.loads(Problem, answer.body)
        except codec.WireError as error:
            raise Garbled("%s (HTTP status %d)" % (_(GARBLED), answer.status)) from error
        raise Refusal(problem)


def told(message: T) -> T:
    """A message with its notes and its problem, where its kind has them, in the user's language."""
    known: Any = message
    said: Dict[str, Any] = {}
    phrase, phrases = getattr(known, "problem_phrase", None), getattr(known, "phrases", None)
    if phrase:
        said["problem"] = spoken(known.problem, phrase)
    if phrases and len(phrases) == len(known.notes):
        said["notes"] = [spoken(note, each) for note, each in zip(known.notes, phrases)]
    in_words: T = dataclasses.replace(known, **said) if said else message
    return in_words


def _model(name: str) -> str:
    return "/models/" + quote(name, safe="")


def _style(name: str, *parts: str) -> str:
    return "/".join(["/styles", quote(name, safe=""), *parts])


def _event(fields: Dict[str, List[str]]) -> JobEvent:
    kind, data, number = fields["event"][-1], "\n".join(fields.get("data", [])), fields.get("id", [""])[-1]
    try:
        if kind == "progress":
            return JobEvent(number, kind, progress=codec.loads(ProgressEvent, data))
        if kind == FAILED:
            return JobEvent(number, kind, problem=codec.loads(Problem, data))
    except codec.WireError as error:
        raise Garbled(_(GARBLED)) from error
    return JobEvent(number, kind)
