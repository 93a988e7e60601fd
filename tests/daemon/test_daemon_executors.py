import os
import signal
import threading
import time

import pytest
from plain_tasks import add, die, fail, failing_preload, halting, linger, many
from stylesketch_ext.wire.messages import ProgressEvent

from backend.core.errors import BadRequest, Cancelled, Internal, WorkerDied
from backend.core.work import Executor, completed
from backend.daemon.executors import LocalExecutor, ProcessExecutor


@pytest.fixture(params=[LocalExecutor, lambda: ProcessExecutor("test", grace=0.5)], ids=["local", "process"])
def executor(request) -> Executor:
    made = request.param()
    yield made
    if isinstance(made, ProcessExecutor):
        made.stop()


def test_work_gives_progress_and_result(executor):
    seen = []
    assert completed(executor.run(add, 2, 3), seen.append)[0] == 5
    assert seen == [ProgressEvent("adding", 0.5, losses={"a": 1.0})]


def test_errors_of_our_tree_come_through(executor):
    with pytest.raises(BadRequest, match=r"^a sentence\.$"):
        completed(executor.run(fail, BadRequest))
    assert completed(executor.run(add, 1, 1))[0] == 2


def test_closing_the_work_closes_the_task(executor, tmp_path):
    work = executor.run(linger, tmp_path / "closed")
    next(work)
    work.close()
    assert (tmp_path / "closed").exists()
    assert completed(executor.run(add, 1, 1))[0] == 2


def driven(work, answers):
    """The result of a work that is sent these after its progress."""
    told = None
    for answer in (*answers, None):
        try:
            work.send(told)
        except StopIteration as end:
            return end.value
        told = answer
    pytest.fail("the work goes on")


def test_a_work_that_waits_is_told_whether_to_hurry(process):
    answers = [False, None, True, None]
    assert driven(process.run(halting, 2), answers) == [None, None, True, None]
    assert driven(halting(2), [None, None, True, None]) == [None, None, True, None]


def test_a_work_that_waits_can_be_closed_and_the_next_one_is_not_told_its_answer(process):
    work = process.run(halting, 1)
    next(work)
    work.close()
    assert driven(process.run(halting, 1), [True, None]) == [True, None]
    assert driven(process.run(halting, 1), [False, None]) == [None, None]


def test_much_progress_and_a_large_result(executor):
    seen = []
    assert len(completed(executor.run(many), seen.append)) == 1_000_000
    assert len(seen) == 2000


@pytest.fixture
def process():
    executor = ProcessExecutor("test", grace=0.5)
    yield executor
    executor.stop()


def test_one_process_serves_until_it_dies(process):
    first, second = (completed(process.run(add, 1, 1))[1] for _ in range(2))
    assert first == second == process.pid != os.getpid()
    with pytest.raises(WorkerDied):
        completed(process.run(die))
    assert completed(process.run(add, 1, 1))[1] not in (first, os.getpid())


def test_a_process_killed_between_two_tasks_is_replaced(process):
    process.warm()
    os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while process.pid and time.monotonic() < deadline:
        time.sleep(0.01)
    assert completed(process.run(add, 1, 1))[0] == 2


def test_bugs_are_told_without_their_details(process, caplog):
    with pytest.raises(Internal, match="RuntimeError"):
        completed(process.run(fail, RuntimeError))
    assert "a sentence." in caplog.text, "the details are in the log"


def test_cancelled_work_raises(process, tmp_path):
    cancelled = threading.Event()
    work = process.run_unless(cancelled.is_set, linger, tmp_path / "closed")
    next(work)
    cancelled.set()
    with pytest.raises(Cancelled):
        completed(work)
    assert (tmp_path / "closed").exists()


def test_after_stop_there_is_no_work(process):
    process.warm()
    process.stop()
    assert process.pid is None
    with pytest.raises(WorkerDied):
        completed(process.run(add, 1, 1))


def test_a_preload_that_fails_fails_the_work():
    executor = ProcessExecutor("test", failing_preload)
    with pytest.raises(BadRequest, match="nothing to load"):
        completed(executor.run(add, 1, 1))
    executor.stop()
