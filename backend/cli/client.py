"""The daemon as the command line sees it; standard library only, and never through a proxy."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from stylesketch_ext.wire.codec import WireError, dumps, from_json, loads
from stylesketch_ext.wire.messages import (
    Health,
    ImageInfo,
    JobInfo,
    Problem,
    ProgressEvent,
    SketchRequest,
    SketchResult,
)

from backend.core.errors import Cancelled, Internal, Missing
from backend.daemon.endpoint import Endpoint, read_endpoint
from backend.daemon.failures import from_problem
from backend.places import Places

TIMEOUT = 120.0  # seconds; decoding a large picture takes a while
GONE = "StyleSketch's daemon does not answer any more. Repeat the command; `stylesketch doctor` names the log that tells why."


class DaemonClient:
    """Calls to a running daemon. Raises what the daemon's problems say, and Missing where it does not answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def health(self, timeout: float = 5.0) -> Health:
        """What the daemon is and can do."""
        return loads(Health, self._call("GET", "health", timeout=timeout))

    def upload(self, picture: bytes) -> ImageInfo:
        """Hands over a picture file's bytes."""
        return loads(ImageInfo, self._call("POST", "images", picture, {"Content-Type": "application/octet-stream"}))

    def submit(self, request: SketchRequest, key: str) -> JobInfo:
        """Queues a sketch."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return loads(JobInfo, self._call("POST", "jobs", dumps(request).encode(), headers))

    def all(self) -> list[JobInfo]:
        """Every job, the newest first."""
        return [from_json(JobInfo, item) for item in json.loads(self._call("GET", "jobs"))]

    def info(self, job: str) -> JobInfo:
        """One job."""
        return loads(JobInfo, self._call("GET", _job(job)))

    def cancel(self, job: str) -> JobInfo:
        """Stops a job."""
        return loads(JobInfo, self._call("POST", _job(job, "cancel")))

    def remove(self, job: str) -> None:
        """Forgets an ended job."""
        self._call("DELETE", _job(job))

    def result(self, job: str) -> tuple[SketchResult, str, bytes]:
        """A finished sketch, its SVG text and its PNG bytes."""
        result = loads(SketchResult, self._call("GET", _job(job, "result")))
        return (
            result,
            self._call("GET", _job(job, "result.svg")).decode(),
            self._call("GET", _job(job, "preview.png")),
        )

    def shutdown(self) -> None:
        """Asks the daemon to stop."""
        self._call("POST", "shutdown")

    def events(self, job: str) -> Iterator[ProgressEvent]:
        """Progress until the job has ended; raises what made it fail or cancelled it."""
        connection, response = self._open("GET", _job(job, "events"), None, {}, TIMEOUT)
        try:
            yield from _progress(response)
        except (OSError, http.client.HTTPException) as error:
            raise Missing(GONE) from error
        finally:
            connection.close()

    def _call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, timeout: float = TIMEOUT
    ) -> bytes:
        connection, response = self._open(method, path, body, headers or {}, timeout)
        try:
            return response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Missing(GONE) from error
        finally:
            connection.close()

    def _open(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], timeout: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(self.endpoint.host, self.endpoint.port, timeout=timeout)
        try:
            connection.request(method, f"/v1/{path}", body, {**headers, "Authorization": f"Bearer {self.endpoint.token}"})
            response = connection.getresponse()
            if response.status >= 400:
                raise _problem(response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Missing(GONE) from error
        except BaseException:
            connection.close()
            raise
        return connection, response


def running_client(places: Places) -> DaemonClient | None:
    """A client of the daemon of these places; None where none answers."""
    endpoint = read_endpoint(places.endpoint)
    if endpoint is None:
        return None
    client = DaemonClient(endpoint)
    try:
        client.health()
    except Missing:
        return None
    return client


def _job(job: str, *parts: str) -> str:
    return "/".join(["jobs", quote(job, safe=""), *parts])


def _problem(body: bytes) -> Exception:
    try:
        return from_problem(loads(Problem, body))
    except WireError:
        return Internal("StyleSketch's daemon gave an answer that is not understood. `stylesketch stop`, then try again.")


def _progress(response: http.client.HTTPResponse) -> Iterator[ProgressEvent]:
    fields: dict[str, Any] = {}
    for line in response:
        name, _, value = line.decode().rstrip("\r\n").partition(": ")
        if name:
            fields[name] = value
        elif "event" in fields:
            if fields["event"] == "progress":
                yield loads(ProgressEvent, fields["data"])
            elif fields["event"] == "failed":
                raise _problem(fields["data"].encode())
            elif fields["event"] == "cancelled":
                raise Cancelled("The job was cancelled.")
            else:
                return
            fields = {}
    raise Missing(GONE)
