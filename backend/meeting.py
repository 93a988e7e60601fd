"""Works that go on side by side and meet where a network looks: it sees the pictures of all of them at once.

Each work has a thread of its own, since it must be able to stop in the middle of a call; but only one moves at a time, and
only while `Member.step` waits for it, so that nothing depends on how fast threads are.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from logging import getLogger
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor

from backend.core.image import Image, Mask
from backend.core.work import Progress, Work
from backend.encoders.encoder import Encoder, Features, SalientEncoder, is_gray

log = getLogger(__name__)
T = TypeVar("T")
MOST_TOGETHER = 64  # pictures that a network sees at once, unless one work alone asks for more


class Seat(Protocol):
    """What a work at a meeting asks for."""

    def look(self, encoder: Encoder, images: Image) -> Features:
        """What an encoder sees of images, as its call tells it."""
        ...

    def descend(self, loss: Tensor) -> None:
        """The gradient of a loss, as `loss.backward()` brings it."""
        ...


@dataclass(frozen=True)
class _Look:
    encoder: Encoder
    images: Image  # a single channel, where all are one
    gradient: bool

    @property
    def kind(self) -> tuple[Any, ...]:
        """Requests of one kind can be answered at once."""
        return (self.encoder.name, self.gradient, self.images.shape[1:], self.images.dtype, self.images.device)


@dataclass(frozen=True)
class _Descent:
    loss: Tensor


@dataclass(frozen=True)
class _Ended:
    result: Any


@dataclass(frozen=True)
class _Failed:
    error: BaseException


class _Leave(BaseException):
    """Raised where a closed work stands."""


class Member(Generic[T]):
    """One work at a meeting, and its seat."""

    def __init__(self, make: Callable[[Seat], Work[T]]) -> None:
        """make: the work, given its seat; called at the first step."""
        self._make = make
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.request: _Look | _Descent | None = None  # what it waits for
        self.ended = False
        self._result: T | None = None

    @property
    def result(self) -> T:
        """What the work brought; only of one that ended."""
        assert self.ended and self._result is not None
        return self._result

    def step(self, hurry: bool = False) -> Progress | None:
        """Its next progress; None where it waits for an answer, or ended. Raises what the work raises.

        hurry: it shall come to its end soon.
        """
        assert self.request is None and not self.ended
        return self._resumed(hurry or None)

    def answered(self, answer: object) -> Progress | None:
        """As `step`, once what it waited for is here."""
        self.request = None
        return self._resumed(answer)

    def close(self) -> None:
        """Closes the work, wherever it stands; what it raises then is logged, so that others can be closed, too."""
        if self._thread is not None and not self.ended:
            self._inbox.put(_Leave())
            while not isinstance(told := self._outbox.get(), (_Ended, _Failed)):
                self._inbox.put(_Leave())
            self._thread.join()  # lets go of what the work held
            if isinstance(told, _Failed) and not isinstance(told.error, _Leave):
                log.warning("A work that was closed failed", exc_info=told.error)
        self.ended, self.request = True, None

    def look(self, encoder: Encoder, images: Image) -> Features:
        """Asked by the work itself."""
        gradient = torch.is_grad_enabled() and images.requires_grad
        found: Features = self._asked(_Look(encoder, images[:, :1] if is_gray(images) else images, gradient))
        return found

    def descend(self, loss: Tensor) -> None:
        """Asked by the work itself."""
        self._asked(_Descent(loss))

    def _resumed(self, message: object) -> Progress | None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._inbox.put(message)
        told = self._outbox.get()
        if isinstance(told, Progress):
            return told
        if isinstance(told, (_Look, _Descent)):
            self.request = told
            return None
        self.ended = True
        if isinstance(told, _Failed):
            raise told.error
        self._result = told.result
        return None

    def _asked(self, request: _Look | _Descent) -> Any:
        self._outbox.put(request)
        return self._received()

    def _received(self) -> Any:
        message = self._inbox.get()
        if isinstance(message, _Leave):
            raise message
        return message

    def _run(self) -> None:
        """The thread."""
        work: Work[T] | None = None
        try:
            message, work = self._received(), self._make(self)
            next_progress = next(work)
            while True:
                self._outbox.put(next_progress)
                message = self._received()
                next_progress = work.send(message)
        except StopIteration as end:
            self._outbox.put(_Ended(end.value))
        except BaseException as error:
            self._outbox.put(_Failed(_closed(work) or error))


def _closed(work: Work[Any] | None) -> BaseException | None:
    """What closing a work raises, since whoever waits for it must be told."""
    try:
        if work is not None:
            work.close()
    except BaseException as error:
        return error
    return None


class SeatedEncoder:
    """An encoder that is asked from a seat."""

    def __init__(self, encoder: Encoder, seat: Seat) -> None:
        self._encoder, self._seat = encoder, seat
        self.name, self.layers = encoder.name, encoder.layers

    def __eq__(self, other: object) -> bool:
        """Seats of one network see the same, so that what is kept for one serves all."""
        return isinstance(other, SeatedEncoder) and self._encoder is other._encoder

    def __hash__(self) -> int:
        return hash(self._encoder)

    def __call__(self, images: Image) -> Features:
        """Every layer [B, C, h, w] of images [B, 3 or 1, H, W]."""
        return self._seat.look(self._encoder, images)

    def saliency(self, images: Image, inside: Mask | None = None) -> Tensor:
        """As the encoder itself says; asked alone, since it is asked once."""
        assert isinstance(self._encoder, SalientEncoder)
        return self._encoder.saliency(images, inside)


def answer(members: Sequence[Member[Any]]) -> list[tuple[Member[Any], Progress | None]]:
    """Answers members that all wait, each to where it stops next.

    Those that want pictures looked at come first, all pictures of one kind at once; only where nobody does, all gradients
    are computed, at once too. So works come to do the same at the same time.
    """
    looks = [member for member in members if isinstance(member.request, _Look)]
    if looks:
        found = _seen([member.request for member in looks if isinstance(member.request, _Look)])
        return [(member, member.answered(features)) for member, features in zip(looks, found, strict=True)]
    torch.autograd.backward([member.request.loss for member in members if isinstance(member.request, _Descent)])
    return [(member, member.answered(None)) for member in members]


def _seen(looks: Sequence[_Look]) -> list[Features]:
    """What each request asked for, in their order."""
    found: list[Features] = [{} for _ in looks]
    kinds: dict[tuple[Any, ...], list[int]] = {}
    for number, look in enumerate(looks):
        kinds.setdefault(look.kind, []).append(number)
    for numbers in kinds.values():
        for some in _batches(numbers, [len(looks[number].images) for number in numbers]):
            for number, features in zip(some, _at_once([looks[number] for number in some]), strict=True):
                found[number] = features
    return found


def _at_once(looks: Sequence[_Look]) -> list[Features]:
    """What requests of one kind asked for; pictures that several ask for are looked at once."""
    first, rows, pictures = looks[0], list[int](), list[Image]()
    for look in looks:
        same = None if first.gradient else next((i for i, seen in enumerate(pictures) if _equal(seen, look.images)), None)
        rows.append(len(pictures) if same is None else same)
        if same is None:
            pictures.append(look.images)
    with torch.set_grad_enabled(first.gradient):
        features = first.encoder(torch.cat(pictures) if len(pictures) > 1 else pictures[0])
        counts = [len(images) for images in pictures]
        parts = {layer: values.split(counts) for layer, values in features.items()}
    return [{layer: values[row] for layer, values in parts.items()} for row in rows]


def _equal(one: Tensor, other: Tensor) -> bool:
    return one is other or (one.shape == other.shape and torch.equal(one, other))


def _batches(numbers: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    """The numbers in groups that are together no larger than allowed, unless one alone is."""
    groups, room = list[list[int]](), 0
    for number, size in zip(numbers, sizes, strict=True):
        if not groups or size > room:
            groups.append([])
            room = MOST_TOGETHER
        groups[-1].append(number)
        room -= size
    return groups
