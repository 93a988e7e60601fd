"""Work that is begun anew with less memory where memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from backend.core.errors import OutOfMemory
from backend.core.memory import is_out_of_memory
from backend.core.notes import wording
from backend.core.work import Progress, Work
from backend.model_pool import ModelPool
from backend.recipes import diffusion_parts, exemplar
from backend.remembered import Remembered

T = TypeVar("T")
TOO_LITTLE = wording(
    "There is not enough memory for this picture, even sparingly used. Close other programs or scale the picture down."
)


WORKED: Remembered[ModelPool] = Remembered()
"""What worked in this process where memory ran out lately, by what was wanted: device, engine, pictures at once."""


def sparing(work: Callable[[ModelPool], Work[T]], pool: ModelPool) -> Work[tuple[T, ModelPool]]:
    """What `work` brings, and the pool that it succeeded with, whose notes tell what it lacked.

    Where memory ran out some minutes ago, it begins with what worked then. Work that raises OutOfMemory itself has done without
    all it can on that device, so the processor comes next.
    Raises OutOfMemory where the thriftiest pool has too little, and what the work raises.
    """
    wanted = pool.device, pool.engine, pool.together
    pool = _like(WORKED.known(wanted), pool)
    failed = False
    while True:
        try:
            done = yield from work(pool)
            if failed:
                WORKED.note(wanted, pool)
            return done, pool
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
        failed = True
        pool = less  # only here, where nothing holds the failed attempt's pictures any more
        exemplar.forget()
        diffusion_parts.forget()
        pool.release()
        yield Progress("beginning anew with less memory", 0.0)


def _like(worked: ModelPool | None, pool: ModelPool) -> ModelPool:
    """The pool, as thrifty as the one that worked, if there is one."""
    if worked is None:
        return pool
    lacked = (*pool.lacked, *newly_lacked(worked, pool))
    return replace(pool, device=worked.device, engine=worked.engine, together=worked.together, lacked=lacked)


def newly_lacked(used: ModelPool, given: ModelPool) -> tuple[str, ...]:
    """What a pool lacks that the one it came from did not."""
    return tuple(note for note in used.lacked if note not in given.lacked)
