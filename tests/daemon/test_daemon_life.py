"""The daemon as a process: killed, stopped, started twice, left alone."""

import json
import os
import signal
import stat
import subprocess
import sys

import psutil
import pytest
from daemon_process import LIMIT, DaemonProcess, until

from backend.daemon.endpoint import read_endpoint


def test_the_endpoint_file_is_private_and_complete_and_goes_with_the_daemon(start_daemon):
    daemon = start_daemon()
    told = json.loads(daemon.places.endpoint.read_text())
    assert set(told) == {"protocol", "version", "host", "port", "pid", "token"}
    assert told["host"] == "127.0.0.1" and len(told["token"]) >= 32
    if os.name == "posix":
        assert stat.S_IMODE(daemon.places.endpoint.stat().st_mode) == 0o600
    assert daemon.stop() == 0
    assert not daemon.places.endpoint.exists()
    log = (daemon.places.state / "daemon.log").read_text()
    assert "stopped" in log and told["token"] not in log


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_daemon_worker_and_streams_cleanly(start_daemon, name, tmp_path):
    daemon = start_daemon()
    job = daemon.submit(f"wait|{tmp_path / 'never'}")
    daemon.await_running(job)
    children = daemon.workers()
    assert len(children) == 2, "a drawing worker and an intake worker"
    with daemon.http.stream("GET", f"/v1/jobs/{job}/events") as answer:
        lines = answer.iter_lines()
        next(line for line in lines if line.startswith("event: progress"))
        daemon.process.send_signal(getattr(signal, name))
        assert not any(line in ("event: failed", "event: cancelled", "event: finished") for line in lines)
    assert daemon.process.wait(LIMIT) == 0
    assert psutil.wait_procs(children, LIMIT)[1] == []
    assert not daemon.places.endpoint.exists()


def test_a_job_that_was_stopped_with_the_daemon_goes_on_with_the_next_one(start_daemon, tmp_path):
    gate = tmp_path / "gate"
    daemon = start_daemon()
    job = daemon.submit(f"wait|{gate}")
    for _ in range(2):  # clean stops count as no failed attempts
        daemon.await_running(job)
        assert daemon.stop() == 0
        daemon = start_daemon()
    daemon.await_running(job)
    for worker in daemon.workers():  # so this is its first failure
        worker.kill()
    gate.touch()
    number, name, _ = daemon.events(job)[-1]
    assert (number, name) == ("4999999", "finished"), "ids rise across daemons"


def test_shutdown_over_http(start_daemon):
    daemon = start_daemon()
    assert daemon.http.post("/v1/shutdown").status_code == 202
    assert daemon.process.wait(LIMIT) == 0
    assert not daemon.places.endpoint.exists()


def test_a_second_daemon_leaves_the_first_alone(start_daemon):
    first = start_daemon()
    second = subprocess.run(
        [sys.executable, sys.modules[DaemonProcess.__module__].__file__, str(first.places.data.parent)],
        capture_output=True, text=True, timeout=LIMIT, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=True,
    )  # fmt: skip
    assert f"already running: process {first.process.pid} at {first.endpoint.url}" in second.stdout
    assert second.stderr == ""
    assert read_endpoint(first.places.endpoint) == first.endpoint
    assert first.http.get("/v1/health").status_code == 200


def test_a_worker_killed_in_the_middle_of_a_job_is_replaced_and_the_job_finishes(start_daemon, tmp_path):
    daemon = start_daemon()
    gate = tmp_path / "gate"
    job = daemon.submit(f"wait|{gate}")
    until(lambda: daemon.http.get(f"/v1/jobs/{job}").json()["stage"] == "waiting")
    before = {worker.pid for worker in daemon.workers()}
    drawing = max(daemon.workers(), key=lambda worker: worker.cpu_times().user)
    for worker in daemon.workers():  # whichever it is: both are replaced
        worker.kill()
    gate.touch()
    events = daemon.events(job)
    assert events[-1][1] == "finished", drawing
    numbers = [int(number) for number, _, _ in events]
    assert numbers == sorted(numbers) and numbers[-1] == 2_999_999
    assert not before & {worker.pid for worker in daemon.workers()}
    assert daemon.submit("plain")


def test_a_job_that_kills_every_worker_fails_and_the_next_one_finishes(start_daemon):
    daemon = start_daemon()
    job, after = daemon.submit("die"), daemon.submit("plain")
    *_, (_, name, problem) = daemon.events(job)
    assert (name, problem["code"]) == ("failed", "worker-died")
    assert daemon.events(after)[-1][1] == "finished"


def test_a_daemon_killed_in_the_middle_of_a_job_forgets_nothing(start_daemon, tmp_path):
    gate = tmp_path / "gate"
    daemon = start_daemon()
    earlier = daemon.submit("plain", seed=7)
    assert daemon.events(earlier)[-1][1] == "finished"
    running, waiting = daemon.submit(f"wait|{gate}"), daemon.submit("plain", seed=8)
    daemon.await_running(running)
    last = next(number for number, _, _ in _some_events(daemon, running))
    workers = daemon.workers()
    daemon.kill()
    assert psutil.wait_procs(workers, LIMIT)[1] == [], "workers end with their daemon"
    gate.touch()
    daemon = start_daemon()
    events = daemon.events(running, last)
    assert events[-1][1] == "finished" and all(int(number) > int(last) for number, _, _ in events)
    assert daemon.events(waiting)[-1][1] == "finished"
    assert daemon.http.get(f"/v1/jobs/{waiting}/result").json()["settings"]["seed"] == 8
    assert daemon.http.get(f"/v1/jobs/{earlier}/result").json()["settings"]["seed"] == 7


def test_a_job_that_brings_the_daemon_down_twice_is_not_tried_again(start_daemon, tmp_path):
    daemon = start_daemon()
    job = daemon.submit(f"wait|{tmp_path / 'never'}")
    for _ in range(2):
        daemon.await_running(job)
        daemon.kill()
        daemon = start_daemon()
    *_, (_, name, problem) = daemon.events(job)
    assert (name, problem["code"]) == ("failed", "worker-died")


@pytest.mark.parametrize("mode", ["deaf", "stubborn"])
def test_cancel_stops_a_worker_that_does_not_listen(start_daemon, tmp_path, mode):
    daemon = start_daemon()
    mark = tmp_path / "mark"
    job = daemon.submit(f"{mode}|{mark}")
    until(mark.exists)
    daemon.http.post(f"/v1/jobs/{job}/cancel")
    assert daemon.events(job)[-1][1:] == ("cancelled", {})
    until(lambda: len(daemon.workers()) == 2, "a new worker")
    assert daemon.events(daemon.submit("plain"))[-1][1] == "finished"


def test_an_idle_daemon_ends_but_not_while_somebody_needs_it(start_daemon, tmp_path):
    gate = tmp_path / "gate"
    daemon = start_daemon("1.0")
    job = daemon.submit(f"wait|{gate}")
    with daemon.http.stream("GET", f"/v1/jobs/{job}/events") as answer:
        lines = answer.iter_lines()
        next(line for line in lines if "waiting" in line)
        with pytest.raises(subprocess.TimeoutExpired):
            daemon.process.wait(2.5)  # longer than the idle time
        gate.touch()
        assert any(line == "event: finished" for line in lines)
    assert daemon.process.wait(LIMIT) == 0
    assert not daemon.places.endpoint.exists()


def _some_events(daemon, job):
    from daemon_process import parsed_events

    with daemon.http.stream("GET", f"/v1/jobs/{job}/events") as answer:
        yield from parsed_events(answer.iter_lines())
