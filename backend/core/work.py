"""Long work: a generator that yields `Progress`, returns its result, and is cancelled by `close()`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from backend.core.drawing import Drawing
from backend.core.image import Image

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """How far a piece of work is."""

    stage: str  # a word or two for the user: "finding the lines"
    done: float  # 0 … 1 of the whole
    preview: Drawing | None = None
    losses: Mapping[str, float] = field(default_factory=dict)
    picture: Image | None = None  # [1, 3, H, W], small: what is there so far, of work that makes a picture
    waits: bool = False  # the work goes on only once it was sent whether to hurry

    def within(self, begin: float, end: float) -> Progress:
        """This progress of a part of the work that lasts from `begin` to `end` of the whole."""
        return replace(self, done=begin + (end - begin) * self.done)


Work = Generator[Progress, bool | None, T]  # a work that is sent True shall come to its end soon, if it knows how


class Executor(Protocol):
    """Runs a piece of work somewhere; the caller sees its progress and result as if it ran here.

    `task` is an importable function that returns a Work; its arguments and result can be pickled. Closing the
    returned Work stops the task.
    """

    def run(self, task: Callable[..., Work[T]], *arguments: object) -> Work[T]: ...


def mapped(work: Work[T], change: Callable[[Progress], Progress]) -> Work[T]:
    """The same work, its progress told in other terms; what it is sent goes to `work`, closing it closes that."""
    hurry: bool | None = None
    try:
        while True:
            hurry = yield change(work.send(hurry))
    except StopIteration as end:
        return end.value
    finally:
        work.close()


def completed(work: Work[T], report: Callable[[Progress], object] = lambda progress: None) -> T:
    """The result of `work`, driven to its end; every Progress is handed to `report`."""
    try:
        while True:
            report(next(work))
    except StopIteration as end:
        return end.value
    finally:
        work.close()
