"""A daemon with fake work in a process of its own; also the script that runs there."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
from stylesketch_ext.wire.codec import loads
from stylesketch_ext.wire.messages import Problem

from backend.core.errors import ERRORS_BY_CODE
from backend.daemon.endpoint import Endpoint, read_endpoint
from backend.places import Places

LIMIT = 30.0  # seconds


def until(condition, what="it"):
    """What `condition` gives once it is true."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen within {LIMIT} s")


def problem(answer: httpx.Response, code: str, status: int) -> str:
    """The sentence of an answer, which must be a problem of that code and status."""
    assert answer.headers["content-type"] == "application/problem+json"
    told = loads(Problem, answer.content)
    assert (told.code, told.status, answer.status_code) == (code, status, status), told
    assert told.code in ERRORS_BY_CODE
    assert told.detail.endswith(".")
    return told.detail


class DaemonProcess:
    """Starts the daemon and talks to it."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.places = Places.find(home)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "error::ResourceWarning"}
        self.process = subprocess.Popen([sys.executable, __file__, str(home), *arguments], env=environment)
        self.endpoint: Endpoint = until(self._own_endpoint, "the start of the daemon")
        self.http = httpx.Client(
            base_url=self.endpoint.url,
            headers={"Authorization": f"Bearer {self.endpoint.token}"},
            timeout=LIMIT,
            trust_env=False,
        )

    def _own_endpoint(self):
        assert self.process.poll() is None, "the daemon ended"
        endpoint = read_endpoint(self.places.endpoint)
        return endpoint if endpoint and endpoint.pid == self.process.pid else None

    def workers(self) -> list[psutil.Process]:
        living = []
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):  # one may end while it is looked at
                if "resource_tracker" not in " ".join(child.cmdline()):
                    living.append(child)
        return living

    def submit(self, title: str = "", seed: int = 0, **headers: str) -> str:
        sha256 = self.http.post("/v1/images", content=b"4x3").json()["sha256"]
        body = {"image": sha256, "title": title, "settings": {"seed": seed}}
        answer = self.http.post("/v1/jobs", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def state(self, job: str) -> str:
        return self.http.get(f"/v1/jobs/{job}").json()["state"]

    def await_running(self, job: str) -> None:
        until(lambda: self.state(job) == "running")

    def events(self, job: str, last: str = "") -> list[tuple[str, str, dict]]:
        """Every event to the end of the stream: id, name, data."""
        with self.http.stream("GET", f"/v1/jobs/{job}/events", headers={"Last-Event-ID": last} if last else {}) as answer:
            return list(parsed_events(answer.iter_lines()))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.http.close()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.http.close()
        return self.process.wait(LIMIT)


def parsed_events(lines):
    fields = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
        elif "event" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


if __name__ == "__main__":
    import fake_work

    from backend.daemon.serve import serve

    serve(Places.find(sys.argv[1]), float(sys.argv[2]) if sys.argv[2:] else None, tasks=fake_work.tasks())
