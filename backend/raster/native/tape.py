"""The native engine's memory of a forward pass, reused from pass to pass."""

from __future__ import annotations

import ctypes


class Tape:
    """What a backward pass needs of its forward pass; its buffers go back to the engine's store when nobody holds it."""

    def __init__(self, library: ctypes.CDLL, idle: list[int], most_idle: int) -> None:
        self._library, self._idle, self._most_idle = library, idle, most_idle
        self.handle: int = idle.pop() if idle else library.stylesketch_open()
        if not self.handle:
            raise MemoryError("The rasterizer has no memory left.")

    def __del__(self) -> None:
        handle = getattr(self, "handle", None)
        if not handle:
            return
        if len(self._idle) < self._most_idle:
            self._idle.append(handle)
        else:
            self._library.stylesketch_close(handle)
