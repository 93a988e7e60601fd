"""The events of a job as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from stylesketch_ext.wire.codec import dumps
from stylesketch_ext.wire.messages import ENDED_STATES, FAILED

from backend.core.errors import NotFound
from backend.daemon.events import FINAL, PER_ATTEMPT, Event
from backend.daemon.jobs import Jobs
from backend.daemon.store import StoredJob

HEARTBEAT = 5.0  # seconds


def final_event(stored: StoredJob) -> Event | None:
    """The event that ends a job's stream; None while it has not ended."""
    info = stored.info
    if info.state not in ENDED_STATES:
        return None
    problem = info.error if info.state == FAILED else None
    return Event(stored.attempts * PER_ATTEMPT + FINAL, info.state, problem or {})


def event_text(event: Event) -> str:
    """An event on the wire."""
    return f"id: {event.id}\nevent: {event.name}\ndata: {dumps(event.data)}\n\n"


async def event_stream(jobs: Jobs, job: str, last: int, heartbeat: float = HEARTBEAT) -> AsyncIterator[str]:
    """What happened to a job after event `last`, and what happens, until it has ended or the daemon stops."""
    with jobs.events.listening(job) as listener:
        yield ": hello\n\n"
        while not jobs.events.closed:
            try:
                stored = await run_in_threadpool(jobs.stored, job)  # before the events: nothing between them is missed
            except NotFound:
                return
            final = final_event(stored)
            for event in jobs.events.after(job, last):
                yield event_text(event)
                last = event.id
            if final:
                yield event_text(final)
                return
            if not await listener.wait(heartbeat):
                yield ": still there\n\n"
