"""Work that is begun anew with less memory where memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from backend.core.errors import OutOfMemory
from backend.core.memory import is_out_of_memory
from backend.core.notes import wording
from backend.core.work import Progress, Work
from backend.model_pool import ModelPool
from backend.recipes import diffusion_parts, exemplar

T = TypeVar("T")
TOO_LITTLE = wording(
    "There is not enough memory for this picture, even sparingly used. Close other programs or scale the picture down."
)


def sparing(work: Callable[[ModelPool], Work[T]], pool: ModelPool) -> Work[tuple[T, ModelPool]]:
    """What `work` brings, and the pool that it succeeded with, whose notes tell what it lacked.

    Work that raises OutOfMemory itself has done without all it can on that device, so the processor comes next.
    Raises OutOfMemory where the thriftiest pool has too little, and what the work raises.
    """
    while True:
        try:
            return (yield from work(pool)), pool
        except OutOfMemory:
            less = pool.by_processor or pool.thriftier  # on the processor, another process may have run out of it
            if less is None:
                raise
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            less = pool.thriftier
            if less is None:
                raise OutOfMemory(TOO_LITTLE) from error
        pool = less  # only here, where nothing holds the failed attempt's pictures any more
        exemplar.forget()
        diffusion_parts.forget()
        pool.release()
        yield Progress("beginning anew with less memory", 0.0)


def newly_lacked(used: ModelPool, given: ModelPool) -> tuple[str, ...]:
    """What a pool lacks that the one it came from did not."""
    return tuple(note for note in used.lacked if note not in given.lacked)
