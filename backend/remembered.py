"""What was found out lately, so that it need not be found out again each time."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
LATELY = 600.0  # seconds after which it is worth while to look again


class Remembered(Generic[T]):
    """A value for each key, forgotten some time after it was noted, however often it is looked up."""

    def __init__(self, seconds: float = LATELY, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._now = seconds, now
        self._noted: dict[Hashable, tuple[float, T]] = {}

    def note(self, key: Hashable, value: T) -> None:
        """Remember this from now on."""
        self._noted[key] = self._now(), value

    def known(self, key: Hashable) -> T | None:
        """What was noted lately."""
        noted, value = self._noted.get(key, (0.0, None))
        if value is not None and self._now() - noted >= self._seconds:
            self._noted.pop(key, None)  # another thread may have done so
            return None
        return value
