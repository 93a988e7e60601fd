"""What a window wants of the engine, done one after the other by a thread of its own."""

import logging
import queue
import threading
from typing import Any, Callable, List, Optional, Tuple

from stylesketch_ext.client import BackendClient
from stylesketch_ext.engine_thread import Connect
from stylesketch_ext.failures import Cancelled, Failure, Unreachable, stumbled

LOG = logging.getLogger(__name__)

Errand = Callable[[BackendClient], Any]
Then = Callable[[Any], None]
Otherwise = Callable[[Optional[Failure]], None]  # None: it was canceled


class Errands(threading.Thread):
    """Connects to the engine when there is something to do, and again where the connection was lost.

    Errands run in this thread; what follows on them is called by `call_back`, in the thread of the window.
    """

    def __init__(self, connect: Connect) -> None:
        super().__init__(name="errands", daemon=True)
        self._connect = connect
        self._client: Optional[BackendClient] = None
        self._waiting: "queue.Queue[Optional[Tuple[Errand, Then, Otherwise]]]" = queue.Queue()
        self._ended: "queue.Queue[Callable[[], None]]" = queue.Queue()
        self._stopping = threading.Event()
        self._open = 0  # given, but not called back; only the window's thread counts
        self.stage = ""  # what connecting is about, a text for the user

    def do(self, errand: Errand, then: Then, otherwise: Otherwise) -> None:
        """Run `errand` when its turn comes; `then` gets what it returns, `otherwise` why it failed."""
        self._open += 1
        self._waiting.put((errand, then, otherwise))

    @property
    def busy(self) -> bool:
        """Is there something whose end has not been called back?"""
        return self._open > 0

    def call_back(self) -> None:
        """Call what follows on the errands that have ended since the last time."""
        for follow in self._take():
            self._open -= 1
            follow()

    def stop(self) -> None:
        """Do nothing more; returns at once."""
        self._stopping.set()
        self._waiting.put(None)

    def run(self) -> None:
        while True:
            given = self._waiting.get()
            if given is None or self._stopping.is_set():
                return
            self._ended.put(self._done(*given))

    def _done(self, errand: Errand, then: Then, otherwise: Otherwise) -> Callable[[], None]:
        """Run an errand; what is to be called after it."""
        try:
            if not self._client:
                self._client = self._connect(self._say, self._stopping.is_set)
            result = errand(self._client)
        except Cancelled:
            return lambda: otherwise(None)
        except Failure as error:
            failure = error
            if isinstance(failure, Unreachable):
                self._client = None
            return lambda: otherwise(failure)
        except Exception as error:
            LOG.exception("an errand broke")
            broken = stumbled(error)
            return lambda: otherwise(broken)
        finally:
            self.stage = ""
        return lambda: then(result)

    def _say(self, text: str) -> None:
        self.stage = text

    def _take(self) -> List[Callable[[], None]]:
        found: List[Callable[[], None]] = []
        while not self._ended.empty():
            found.append(self._ended.get())
        return found
