"""Errands run one after the other in their thread; what follows runs where it is asked for."""

import threading
import time

import pytest
from stylesketch_ext.errands import Errands
from stylesketch_ext.failures import Cancelled, Failure, Unreachable


class Ends:
    """What has been called back."""

    def __init__(self):
        self.results, self.failures, self.threads = [], [], set()

    def then(self, result):
        self.results.append(result)
        self.threads.add(threading.current_thread())

    def otherwise(self, failure):
        self.failures.append(failure)


@pytest.fixture
def errands():
    connected = []

    def connect(tell, stopped):
        tell("Starting …")
        connected.append(f"client {len(connected) + 1}")
        return connected[-1]

    made = Errands(connect)
    made.connected = connected
    made.start()
    yield made
    made.stop()
    made.join(5)
    assert not made.is_alive()


def wait(errands):
    limit = time.monotonic() + 5
    while errands.busy and time.monotonic() < limit:
        errands.call_back()
        time.sleep(0.01)
    assert not errands.busy and not errands.stage


def fail(error):
    def errand(client):
        raise error

    return errand


def test_they_run_in_order_and_end_in_the_caller_s_thread(errands):
    ends = Ends()
    for number in range(3):
        errands.do(lambda client, number=number: (client, number), ends.then, ends.otherwise)
    assert not ends.results
    wait(errands)
    assert ends.results == [("client 1", 0), ("client 1", 1), ("client 1", 2)]
    assert ends.threads == {threading.current_thread()}


def test_a_lost_engine_is_looked_for_again(errands):
    ends, gone = Ends(), Unreachable("It is gone: try again.")
    errands.do(fail(gone), ends.then, ends.otherwise)
    errands.do(lambda client: client, ends.then, ends.otherwise)
    wait(errands)
    assert (ends.failures, ends.results) == ([gone], ["client 2"])


def test_a_failure_leaves_the_connection_and_the_next_errand(errands):
    ends, failure = Ends(), Failure("No.")
    errands.do(fail(failure), ends.then, ends.otherwise)
    errands.do(fail(Cancelled()), ends.then, ends.otherwise)
    errands.do(lambda client: client, ends.then, ends.otherwise)
    wait(errands)
    assert (ends.failures, ends.results) == ([failure, None], ["client 1"])


def test_an_error_of_ours_is_a_sentence(errands, caplog):
    ends = Ends()
    errands.do(fail(KeyError("x")), ends.then, ends.otherwise)
    wait(errands)
    assert "stumbled over an error of its own ('x'): try again." in str(ends.failures[0])
    assert "Traceback" in caplog.text


def test_an_engine_that_does_not_start_is_told_and_tried_again():
    tries, ends = [], Ends()

    def connect(tell, stopped):
        tries.append(1)
        if len(tries) == 1:
            raise Failure("The engine does not start.")
        return "client"

    errands = Errands(connect)
    errands.start()
    for _ in range(2):
        errands.do(lambda client: client, ends.then, ends.otherwise)
    wait(errands)
    errands.stop()
    assert ([str(f) for f in ends.failures], ends.results) == (["The engine does not start."], ["client"])


def test_stopping_breaks_off_the_search_for_the_engine():
    ends = Ends()

    def connect(tell, stopped):
        tell("Starting …")
        while not stopped():
            time.sleep(0.01)
        raise Cancelled()

    errands = Errands(connect)
    errands.start()
    errands.do(lambda client: client, ends.then, ends.otherwise)
    limit = time.monotonic() + 5
    while not errands.stage and time.monotonic() < limit:
        time.sleep(0.01)
    assert errands.stage == "Starting …" and errands.busy
    errands.stop()
    errands.join(5)
    assert not errands.is_alive()
