"""How a terminal shows what goes on."""

from __future__ import annotations

import sys
from typing import TextIO

from stylesketch_ext.wire.messages import ProgressEvent

BAR = 24  # characters


class ProgressLine:
    """One line on stderr that follows the work; nothing where stderr is no terminal."""

    def __init__(self, quiet: bool, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = not quiet and self._stream.isatty()

    def show(self, event: ProgressEvent) -> None:
        """Draws the line anew."""
        if self._shown:
            full = round(BAR * min(1.0, max(0.0, event.done)))
            self._stream.write(f"\r\x1b[K{'━' * full}{'┄' * (BAR - full)} {event.done:4.0%} {event.stage}")
            self._stream.flush()

    def clear(self) -> None:
        """Removes the line."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def counted(count: int, noun: str) -> str:
    """So many of a thing, as `1 stroke` and `2 strokes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
