"""Where noise goes (a log file) and where sentences for the user go (the real stderr, which Inkscape shows in a dialog).

Standard library only: this runs before anything that might be missing.
"""

import logging
import os
import sys
import tempfile
from typing import IO, Optional

LOG_NAME = "inkscape-extension.log"
LOG_LIMIT = 1_000_000  # bytes; a longer log starts anew


class Diagnostics:
    """The log file of this run, and the stream whose text Inkscape shows to the user."""

    def __init__(self, path: str, user: IO[str]) -> None:
        self.path = path
        self.user = user

    def tell(self, text: str) -> None:
        """One sentence for the user, in Inkscape's own message dialog."""
        self.user.write(text.rstrip() + "\n")
        self.user.flush()


def divert_stderr(state: Optional[str]) -> Diagnostics:
    """Send file descriptor 2, sys.stderr and logging to a log file in `state` (or the temporary folder); keep the real
    stderr for sentences. C libraries such as GTK write to descriptor 2 directly, hence not just sys.stderr."""
    user = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    path, descriptor = _open_log(state)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    return Diagnostics(path, user)


def _open_log(state: Optional[str]) -> "tuple":
    """(path, descriptor) of the first place that can be written; the null device if there is none."""
    own = "stylesketch-%s" % (os.getuid() if hasattr(os, "getuid") else "user")
    for folder in filter(None, (state, os.path.join(tempfile.gettempdir(), own))):
        path = os.path.join(folder, LOG_NAME)
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            long = os.path.exists(path) and os.path.getsize(path) > LOG_LIMIT
            flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if long else os.O_APPEND) | getattr(os, "O_NOFOLLOW", 0)
            return path, os.open(path, flags, 0o600)
        except OSError:
            continue
    return os.devnull, os.open(os.devnull, os.O_WRONLY)
