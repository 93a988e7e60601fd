"""What happened to each job, in order, for those who listen now and for those who come back later."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from stylesketch_ext.wire.messages import ProgressEvent

KEPT = 1000  # progress events of a job that can be replayed
KEPT_JOBS = 50  # the newest; of older ones only the last event is told, which the store knows
PER_ATTEMPT = 1_000_000  # ids of one attempt; so ids rise across restarts without being stored
FINAL = PER_ATTEMPT - 1


@dataclass(frozen=True)
class Event:
    """A server-sent event: `progress` with a ProgressEvent, or `finished`, `failed`, `cancelled`."""

    id: int
    name: str
    data: Any  # a wire message, or {}

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self.name != "progress"


class Listener:
    """Wakes one event stream from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something is new; from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._woken.set)

    async def wait(self, seconds: float) -> bool:
        """True as soon as something is new, False after `seconds`."""
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        self._woken.clear()
        return True


class EventLog:
    """The progress events of every job of this daemon's life, and the streams that listen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: dict[str, deque[Event]] = {}
        self._listeners: dict[str, set[Listener]] = {}
        self.closed = False

    def progress(self, job: str, attempt: int, event: ProgressEvent) -> None:
        """Adds a progress event; only the newest keeps its preview."""
        with self._lock:
            events = self._events.setdefault(job, deque(maxlen=KEPT))
            if len(self._events) > KEPT_JOBS:
                del self._events[next(iter(self._events))]
            number = max(attempt * PER_ATTEMPT, events[-1].id if events else 0) + 1
            if events and events[-1].data.preview is not None and event.preview is not None:
                events[-1] = replace(events[-1], data=replace(events[-1].data, preview=None))
            events.append(Event(min(number, attempt * PER_ATTEMPT + FINAL - 1), "progress", event))
        self.wake(job)

    def after(self, job: str, last: int) -> list[Event]:
        """The progress events with an id above `last`."""
        with self._lock:
            return [event for event in self._events.get(job, ()) if event.id > last]

    def newest(self, job: str) -> ProgressEvent | None:
        """How far a job is."""
        with self._lock:
            events = self._events.get(job)
            return events[-1].data if events else None

    def forget(self, job: str) -> None:
        """Drops the events of a job; its streams end."""
        with self._lock:
            self._events.pop(job, None)
        self.wake(job)

    def wake(self, job: str) -> None:
        """Tells the streams of a job to look again."""
        with self._lock:
            listeners = list(self._listeners.get(job, ()))
        for listener in listeners:
            listener.wake()

    def close(self) -> None:
        """Ends every stream: the daemon stops."""
        self.closed = True
        with self._lock:
            listeners = [listener for group in self._listeners.values() for listener in group]
        for listener in listeners:
            listener.wake()

    @property
    def open_streams(self) -> int:
        """How many streams listen."""
        with self._lock:
            return sum(len(group) for group in self._listeners.values())

    @contextlib.contextmanager
    def listening(self, job: str) -> Iterator[Listener]:
        """A listener for the running event loop, woken whenever the job has news."""
        listener = Listener(asyncio.get_running_loop())
        with self._lock:
            self._listeners.setdefault(job, set()).add(listener)
        try:
            yield listener
        finally:
            with self._lock:
                group = self._listeners[job]
                group.discard(listener)
                if not group:
                    del self._listeners[job]
