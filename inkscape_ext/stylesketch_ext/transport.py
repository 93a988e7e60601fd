"""HTTP over the loopback interface: by `requests` where Inkscape's Python has it, else by the standard library.

Never through a proxy: system-wide proxy settings must not touch 127.0.0.1.
"""

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Dict, Iterator, Mapping, Optional

try:
    import requests
except ImportError:
    requests = None  # type: ignore[assignment]

from stylesketch_ext.failures import Unreachable
from stylesketch_ext.words import _, marked

GONE = marked("StyleSketch's engine does not answer any more: try again, and it will be started anew.")


@dataclass(frozen=True)
class Answer:
    """What came back: the status code and the body."""

    status: int
    body: bytes


class StreamRefused(Exception):
    """A stream was asked for and an ordinary answer came."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class UrllibTransport:
    """`base` is http://host:port/v1. Both methods raise Unreachable when the connection fails or times out."""

    name = "urllib"

    def __init__(self, base: str, token: Optional[str]) -> None:
        self._base = base
        self._headers = _authorization(token)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send(
        self, method: str, path: str, body: Optional[bytes] = None, headers: Mapping[str, str] = {}, timeout: float = 30.0
    ) -> Answer:
        """One request and its whole answer, whatever its status."""
        try:
            with self._open(method, path, body, headers, timeout) as response:
                return Answer(response.status, response.read())
        except StreamRefused as refused:
            return refused.answer
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(_(GONE)) from error

    def lines(self, path: str, headers: Mapping[str, str], timeout: float) -> Iterator[bytes]:
        """The lines of a stream as they come; `timeout` is the longest silence. Raises StreamRefused unless status 200."""
        try:
            with self._open("GET", path, None, headers, timeout) as response:
                for line in response:
                    yield line.rstrip(b"\r\n")
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(_(GONE)) from error

    def _open(self, method: str, path: str, body: Optional[bytes], headers: Mapping[str, str], timeout: float):
        request = urllib.request.Request(self._base + path, data=body, method=method, headers={**self._headers, **headers})
        try:
            return self._opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise StreamRefused(Answer(error.code, error.read())) from None


class RequestsTransport:
    """The same by way of `requests`."""

    name = "requests"

    def __init__(self, base: str, token: Optional[str]) -> None:
        self._base = base
        self._headers = _authorization(token)

    def send(
        self, method: str, path: str, body: Optional[bytes] = None, headers: Mapping[str, str] = {}, timeout: float = 30.0
    ) -> Answer:
        """One request and its whole answer, whatever its status."""
        try:
            with self._session() as session:
                response = session.request(
                    method, self._base + path, data=body, headers=dict(headers), timeout=timeout, allow_redirects=False
                )
                return Answer(response.status_code, response.content)
        except OSError as error:  # requests.RequestException is one
            raise Unreachable(_(GONE)) from error

    def lines(self, path: str, headers: Mapping[str, str], timeout: float) -> Iterator[bytes]:
        """The lines of a stream as they come; `timeout` is the longest silence. Raises StreamRefused unless status 200."""
        try:
            with self._session() as session:
                url = self._base + path
                yield from _lines_of(
                    session.get(url, headers=dict(headers), timeout=timeout, stream=True, allow_redirects=False)
                )
        except OSError as error:
            raise Unreachable(_(GONE)) from error

    def _session(self):
        """One session per request: the job's thread and the canceling one share nothing."""
        session = requests.Session()
        session.trust_env = False
        session.headers.update(self._headers)
        return session


Transport = RequestsTransport if requests is not None else UrllibTransport


def _lines_of(response) -> Iterator[bytes]:
    with response:
        if response.status_code != 200:
            raise StreamRefused(Answer(response.status_code, response.content))
        # a body that is not chunked must be read byte by byte: a larger read would wait for more
        yield from response.iter_lines(chunk_size=None if getattr(response.raw, "chunked", False) else 1)


def _authorization(token: Optional[str]) -> Dict[str, str]:
    return {"Authorization": "Bearer " + token} if token else {}
