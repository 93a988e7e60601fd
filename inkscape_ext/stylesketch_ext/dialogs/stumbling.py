"""Errors of our own in what follows on a click: GTK only prints them, and the user would wait for nothing."""

import logging
import sys
from contextlib import contextmanager
from types import TracebackType
from typing import Callable, Iterator, Optional, Type

from stylesketch_ext.failures import Failure, stumbled

LOG = logging.getLogger(__name__)


@contextmanager
def errors_told(tell: Callable[[Failure], None]) -> Iterator[None]:
    """While this lasts they go to the log, and `tell` gets what the user is to read."""

    def hook(kind: Type[BaseException], error: BaseException, trace: Optional[TracebackType]) -> None:
        LOG.error("unexpected", exc_info=(kind, error, trace))
        tell(stumbled(error))

    before, sys.excepthook = sys.excepthook, hook
    try:
        yield
    finally:
        sys.excepthook = before
