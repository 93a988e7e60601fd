"""Something heavy that stays in memory for the next use: one at a time or a few, and not for ever."""

from __future__ import annotations

import contextlib
import gc
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, Protocol, TypeVar

import torch

T = TypeVar("T")
IDLE = 300.0  # seconds without use after which memory is worth more than the time of loading


class Clock(Protocol):
    """A threading.Timer, or what stands for one."""

    def start(self) -> None: ...

    def cancel(self) -> None: ...


def timer(seconds: float, act: Callable[[], None]) -> Clock:
    """Calls `act` later, in a thread that keeps no process alive."""
    clock = threading.Timer(seconds, act)
    clock.daemon = True
    return clock


class Kept(Generic[T]):
    """Keeps the thing that was used last. It goes when another is needed, before that is made; and when it was idle."""

    def __init__(self, idle: float = IDLE, clock: Callable[[float, Callable[[], None]], Clock] = timer) -> None:
        self._idle, self._clock = idle, clock
        self._lock = threading.RLock()
        self._key: Hashable = None
        self._thing: T | None = None
        self._users = 0
        self._waiting: Clock | None = None

    @contextlib.contextmanager
    def holding(self, key: Hashable, make: Callable[[], T]) -> Iterator[T]:
        """The thing of a key, made if it is not the one that is kept; it stays while it is held."""
        with self._lock:
            self._wait_no_more()
            if self._thing is None or self._key != key:
                self.forget()
                self._thing, self._key = make(), key
            thing = self._thing
            self._users += 1
        try:
            yield thing
        finally:
            del thing
            with self._lock:
                self._users -= 1
                if not self._users and self._thing is not None:
                    self._waiting = self._clock(self._idle, self._idled)
                    self._waiting.start()

    @property
    def empty(self) -> bool:
        """Is nothing kept?"""
        return self._thing is None

    def forget(self) -> None:
        """Keeps it no more; who holds it still has it."""
        with self._lock:
            self._wait_no_more()
            if self._thing is None:
                return
            self._thing, self._key = None, None
        _free_memory()

    def _idled(self) -> None:
        with self._lock:
            if not self._users:
                self.forget()

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class KeptFew(Generic[T]):
    """Keeps the few things that were used last, until none of them was asked for any more for a while.

    One that goes while somebody still uses it is found again as long as it is used, so that it is never there twice.
    """

    def __init__(self, most: int, idle: float = IDLE, clock: Callable[[float, Callable[[], None]], Clock] = timer) -> None:
        self._most, self._idle, self._clock = most, idle, clock
        self._lock = threading.RLock()
        self._things: dict[Hashable, T] = {}  # what was used last is last
        self._used: weakref.WeakValueDictionary[Hashable, T] = weakref.WeakValueDictionary()
        self._waiting: Clock | None = None

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing of a key, made if it is not there."""
        with self._lock:
            self._wait_no_more()
            thing = self._things.pop(key, None)
            thing = self._used.get(key) if thing is None else thing
            if thing is None:
                self._leave(self._most - 1)
                thing = make()
            self._things[key] = self._used[key] = thing
            self._leave(self._most)
            self._waiting = self._clock(self._idle, self.forget)
            self._waiting.start()
            return thing

    def forget(self) -> None:
        """Keeps nothing more."""
        with self._lock:
            self._wait_no_more()
            self._things.clear()
        _free_memory()

    def _leave(self, most: int) -> None:
        while len(self._things) > most:
            del self._things[next(iter(self._things))]

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
