"""Work on several pictures: one that fails keeps none of the others from being done."""

import logging
from typing import Callable, List, Sequence, Tuple, TypeVar

from stylesketch_ext.engine_thread import EngineThread
from stylesketch_ext.failures import Failure, Garbled, Shortfall, Unreachable

LOG = logging.getLogger(__name__)

T = TypeVar("T")


class Unread(bytes):
    """No bytes, of one of several pictures, which cannot be read."""

    def __new__(cls, failure: Failure) -> "Unread":
        return super().__new__(cls)

    def __init__(self, failure: Failure) -> None:
        self.failure = failure


def each(thread: EngineThread, pictures: Sequence[Tuple[str, bytes]], do: Callable[[int, bytes], T]) -> List[T]:
    """What `do(number, file)` brings of those pictures, given as (name, file), with which it succeeds, in their order.

    The thread gets as its failure what is to be told of the others; raises it where there is nothing else. Once
    the engine is gone no further pictures are tried.
    """
    thread.pictures = pictures
    done: List[T] = []
    failed: List[Tuple[str, Failure]] = []
    for number, (name, data) in enumerate(pictures):
        thread.part(number, len(pictures))
        try:
            if isinstance(data, Unread):
                raise data.failure
            done.append(do(number, data))
        except Failure as failure:
            thread.go_on()
            LOG.warning("%s: %s", name, failure, exc_info=failure.__cause__)
            failed.append((name, failure))
            if isinstance(failure, (Unreachable, Garbled)):
                break
    if failed and not done:
        raise failed[0][1] if len({str(failure) for _name, failure in failed}) == 1 else Shortfall(failed, 0, len(pictures))
    if failed:
        thread.fall_short(Shortfall(failed, len(done), len(pictures)))
    return done
