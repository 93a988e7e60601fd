import asyncio
import threading

from stylesketch_ext.wire.messages import ProgressEvent

from backend.daemon.events import FINAL, KEPT, KEPT_JOBS, PER_ATTEMPT, EventLog


def event(done, preview=None):
    return ProgressEvent("drawing", done, preview)


def test_ids_rise_within_and_across_attempts():
    log = EventLog()
    for attempt in (1, 1, 2):
        log.progress("a", attempt, event(0.1))
    assert [each.id for each in log.after("a", 0)] == [PER_ATTEMPT + 1, PER_ATTEMPT + 2, 2 * PER_ATTEMPT + 1]
    assert [each.id for each in log.after("a", PER_ATTEMPT + 2)] == [2 * PER_ATTEMPT + 1]
    assert max(each.id for each in log.after("a", 0)) < 2 * PER_ATTEMPT + FINAL


def test_only_the_newest_preview_is_kept():
    log = EventLog()
    for number in range(3):
        log.progress("a", 1, event(number / 10, f"picture {number}"))
    log.progress("a", 1, event(0.9))
    assert [each.data.preview for each in log.after("a", 0)] == [None, None, "picture 2", None]
    assert log.newest("a").done == 0.9


def test_memory_is_bounded():
    log = EventLog()
    for number in range(KEPT + 5):
        log.progress("a", 1, event(number / 2000))
    assert len(log.after("a", 0)) == KEPT
    for number in range(KEPT_JOBS):
        log.progress(f"job {number}", 1, event(0.5))
    assert log.after("a", 0) == [] and log.newest("job 0") is not None


def test_listeners_wake_from_other_threads_and_are_counted():
    log = EventLog()

    async def listen():
        with log.listening("a") as listener:
            assert log.open_streams == 1
            assert not await listener.wait(0.01)
            threading.Thread(target=log.progress, args=("a", 1, event(0.5))).start()
            assert await listener.wait(10)
            threading.Thread(target=log.close).start()
            assert await listener.wait(10)
        assert log.open_streams == 0

    asyncio.run(listen())
    assert log.closed
