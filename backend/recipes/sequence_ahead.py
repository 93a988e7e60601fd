"""The frames of a clip, those to come looked at while one is drawn."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from backend.core.errors import BadRequest
from backend.core.image import Framing, Image, Mask
from backend.initialize.carry import Canvas
from backend.perception.frames import Clip, Frame
from backend.perception.marked_foreground import Mark
from backend.perception.tracker_plugin import BroughtMotion, BroughtTracker
from backend.perception.tracking import Glance, Motion, TrackingSettings, glance, motion_between
from backend.recipes.sequence_notebook import Page

Map = npt.NDArray[np.float32]  # [H, W]


@dataclass(frozen=True)
class SequenceInputs:
    """The clip, and what is known of its subject."""

    clip: Clip
    mask: Mask | None = None  # [1, 1, H, W] of the first frame, 1 = keep
    masks: Clip | None = None  # one for each frame, white = keep
    marks: tuple[Mark, ...] = ()  # lines that tell the subject of the first frame
    tracker: BroughtTracker | None = None  # the user's; None: optical flow


@dataclass(frozen=True)
class Look:
    """A frame that goes on with a shot, as far as it can be told without strokes."""

    page: Page  # without strokes
    motion: Motion | BroughtMotion  # since the frame before
    framing: Framing
    pixels: Image


@dataclass(frozen=True)
class View:
    """The same, with its lines, once they are found."""

    look: Look
    canvas: Future[Canvas]


@dataclass(frozen=True)
class Seen:
    """A frame whose turn it is."""

    number: int
    frame: Frame
    mask: Map | None  # if it was given
    view: View | None  # None: a shot begins


class Looker(Protocol):
    """Who tells of a frame what needs no stroke."""

    @property
    def ahead(self) -> int:
        """How many frames are looked at before it is their turn."""
        ...

    @property
    def tracking(self) -> TrackingSettings: ...

    def looked(self, page: Page, number: int, frame: Frame, mask: Map | None, motion: Motion | BroughtMotion) -> Look: ...

    def lined(self, look: Look) -> Canvas: ...


class Ahead:
    """The frames of a clip in their order. Those to come are looked at already: no stroke is needed to tell how they moved,
    where the subject is and what lines they have, so that the lines of several frames are found at the same time.

    Up to a cut only: the drawing of what comes after it must begin first.
    """

    def __init__(self, looker: Looker, inputs: SequenceInputs, page: Page | None, known: int) -> None:
        """page: of the last of so many frames that are known; they are passed by."""
        self._looker, self._inputs = looker, inputs
        self._all = enumerate(frames_of(inputs))
        self._page, self._known = page, known
        self._waiting = deque[Seen]()
        self._before: Glance | None = None
        self._last: Frame | None = None
        self._threads = ThreadPoolExecutor(looker.ahead)
        self.size = (0, 0)  # height and width of the frames, px, once one was seen

    def frames(self) -> Iterator[Seen]:
        """Every frame that is not known."""
        while True:
            self._look_ahead()
            if not self._waiting:
                return
            yield self._waiting.popleft()

    def follow(self, page: Page) -> None:
        """A shot has begun so."""
        self._page = page

    def close(self) -> None:
        """Finds no more lines."""
        self._threads.shutdown(cancel_futures=True)

    def _look_ahead(self) -> None:
        while len(self._waiting) < self._looker.ahead and not (self._waiting and self._waiting[-1].view is None):
            number, (frame, mask) = next(self._all, (-1, (None, None)))
            if frame is None:
                return
            view = self._view(number, frame, mask)
            if number >= self._known:
                self._waiting.append(Seen(number, frame, mask, view))

    def _view(self, number: int, frame: Frame, mask: Map | None) -> View | None:
        now, before, last = glance(frame, self._looker.tracking), self._before, self._last
        self._before, self._last, self.size = now, frame, (frame.shape[0], frame.shape[1])
        if number < self._known or before is None or last is None:
            return None
        flow, tracker = motion_between(before, now, self._looker.tracking), self._inputs.tracker
        motion = tracker.motion(flow, last, frame) if tracker else flow
        if self._page is None or motion.cut:
            return None
        look = self._looker.looked(self._page, number, frame, mask, motion)
        self._page = look.page
        return View(look, self._threads.submit(self._looker.lined, look))


def frames_of(inputs: SequenceInputs) -> Iterator[tuple[Frame, Map | None]]:
    """Every frame with its mask, where one was given."""
    masks = inputs.masks.frames() if inputs.masks else None
    for number, frame in enumerate(inputs.clip.frames()):
        if masks is None:
            yield frame, inputs.mask[0, 0].numpy() if inputs.mask is not None and number == 0 else None
            continue
        mask = next(masks, None)
        if mask is None:
            raise BadRequest(
                "There are only {number} masks for the frames. Give one for each frame, or only one.", number=number
            )
        if mask.shape != frame.shape:
            raise BadRequest("The masks must have the size of the frames.")
        yield frame, (mask.mean(2) > 127.5).astype(np.float32)
