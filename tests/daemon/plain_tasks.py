"""Importable tasks for worker processes, without torch."""

import os
import signal
import time

from stylesketch_ext.wire.messages import ProgressEvent

from backend.core.errors import BadRequest


def add(a, b):
    yield ProgressEvent("adding", 0.5, losses={"a": 1.0})
    return a + b, os.getpid()


def fail(kind):
    yield ProgressEvent("failing", 0.5)
    raise kind("a sentence.")


def linger(path):
    try:
        while True:
            yield ProgressEvent("lingering", 0.1)
            time.sleep(0.01)
    finally:
        path.touch()


class Halt:
    """A progress after which the work waits to be told whether to hurry."""

    waits = True


def halting(count):
    """What it is sent after each of some halts, and after a progress that is none."""
    told = []
    for _ in range(count):
        told.append((yield Halt()))
        told.append((yield ProgressEvent("going on", 0.5)))
    return told


def die():
    yield ProgressEvent("dying", 0.5)
    os.kill(os.getpid(), signal.SIGKILL)


def many():
    for number in range(2000):
        yield ProgressEvent("many", number / 2000)
    return "x" * 1_000_000


def failing_preload():
    raise BadRequest("nothing to load.")
