"""The inside of a worker process: runs one task after another and tells how it goes.

It never outlives the daemon: when the pipe ends, the process ends. Messages to it are ("run", task, arguments),
("told", hurry) after each progress that waits for it, and ("close",); from it come ("hello", value), ("progress", value)
and exactly one of ("done", value), ("closed",) and ("failed", code, sentence, details) for each run.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from backend.daemon.failures import as_failure

Preload = Callable[[], Any]


def run_worker(pipe: Connection, preload: Preload | None, log: str) -> None:
    """Serves one pipe until its other end closes. `preload` runs first; what it returns goes with the hello."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal goes to the daemon, which stops us
    inbox: queue.SimpleQueue[tuple] = queue.SimpleQueue()
    told: queue.SimpleQueue[bool] = queue.SimpleQueue()
    closing = threading.Event()
    threading.Thread(target=_listen, args=(pipe, inbox, told, closing), daemon=True).start()
    try:
        pipe.send(("hello", preload() if preload else None))
    except BaseException as error:
        pipe.send(_failed(error, log))
        return
    while True:
        task, arguments = inbox.get()
        pipe.send(_outcome(pipe, told, closing, log, task, arguments))


def _listen(pipe: Connection, inbox: queue.SimpleQueue[tuple], told: queue.SimpleQueue[bool], closing: threading.Event) -> None:
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)  # the daemon is gone: nobody wants the result
        except Exception as error:  # a task that cannot be imported here
            inbox.put((_raising, (error,)))
            continue
        if message[0] == "run":
            closing.clear()
            while not told.empty():  # what the last task was told too late
                told.get()
            inbox.put(message[1:])
        elif message[0] == "told":
            told.put(message[1])
        else:
            closing.set()
            told.put(False)  # a task that waits need not any more


def _raising(error: Exception) -> Any:
    raise error


def _outcome(
    pipe: Connection, told: queue.SimpleQueue[bool], closing: threading.Event, log: str, task: Callable, arguments: tuple
) -> tuple:
    try:
        work, hurry = task(*arguments), False
        while not closing.is_set():
            progress = work.send(True) if hurry else next(work)
            pipe.send(("progress", progress))
            hurry = told.get() if getattr(progress, "waits", False) else False
        work.close()
    except StopIteration as end:
        return ("done", end.value)
    except BrokenPipeError:
        os._exit(0)
    except BaseException as error:
        return _failed(error, log)
    return ("closed",)


def _failed(error: BaseException, log: str) -> tuple:
    failure = as_failure(error, log)
    details = "" if failure is error else "".join(traceback.format_exception(error))
    return ("failed", failure.code, failure.sentence, details)
