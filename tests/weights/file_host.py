"""A server of files on the loopback interface, as well or badly behaved as wanted."""

from __future__ import annotations

import contextlib
import hashlib
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Manners:
    """How a server answers."""

    ranges: bool = True
    tags: bool = True  # sends ETag
    lengths: bool = True  # sends Content-Length
    status: int = 0  # answers this instead of the file
    breaks_after: list[int] = field(default_factory=list)  # bytes of each answer, one after the other; then whole ones
    leads_to: str = ""  # redirects there
    wrong_range: bool = False
    too_much: bytes = b""  # sent after the file
    waits_for: threading.Event | None = None  # before the second half of the file


class FileHost:
    """Serves one file under any path; `asked` holds the headers of every request."""

    def __init__(self, content: bytes, manners: Manners | None = None, certificate: Path | None = None) -> None:
        self.content, self.manners = content, manners or Manners()
        self.asked: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._scheme = "https" if certificate else "http"
        if certificate:
            secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            secure.load_cert_chain(certificate)
            self._server.socket = secure.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> FileHost:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.manners.waits_for:
            self.manners.waits_for.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/weights.bin"

    @property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'

    @property
    def ranges_asked(self) -> list[str]:
        return [headers.get("Range", "") for headers in self.asked]


def _handler(host: FileHost) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host.asked.append(dict(self.headers))
            with contextlib.suppress(ConnectionError):
                self._answer(host.manners)

        def _answer(self, manners: Manners) -> None:
            if manners.status or manners.leads_to:
                self.send_response(manners.status or 302)
                if manners.leads_to:
                    self.send_header("Location", manners.leads_to)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start = self._start(manners)
            if start > len(host.content):
                self.send_error(416)
                return
            self._send(manners, start)

        def _start(self, manners: Manners) -> int:
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            same = self.headers.get("If-Range") in (None, host.tag)
            return int(wanted[1]) if wanted and manners.ranges and same else 0

        def _send(self, manners: Manners, start: int) -> None:
            body = host.content[start:]
            self.send_response(206 if start else 200)
            if start:
                first = 0 if manners.wrong_range else start
                self.send_header("Content-Range", f"bytes {first}-{len(host.content) - 1}/{len(host.content)}")
            if manners.tags:
                self.send_header("ETag", host.tag)
            if manners.lengths:
                self.send_header("Content-Length", str(len(body)))
            else:
                self.close_connection = True
                self.send_header("Connection", "close")
            self.end_headers()
            count = manners.breaks_after.pop(0) if manners.breaks_after else len(body)
            if manners.waits_for:
                self.wfile.write(body[: count // 2])
                self.wfile.flush()
                manners.waits_for.wait(20)
                body, count = body[count // 2 :], count - count // 2
            self.wfile.write(body[:count] + manners.too_much)
            if count < len(body):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler
