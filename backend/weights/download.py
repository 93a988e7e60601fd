"""One file from one address, in a part that is taken up again after any interruption."""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from backend import __version__
from backend.core.errors import OutOfDisk
from backend.core.files import write_whole
from backend.weights.manifest import WeightsFile
from backend.weights.room import need_room

PIECE = 1 << 18  # bytes
SEEN_SECONDS = 0.1  # between two reports
LOOK_EVERY = 64 << 20  # bytes between two looks at the free space
DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Patience:
    """How long to wait for a network."""

    silence: float = 30.0  # s without a byte, also until a connection stands
    attempts: int = 5  # in a row that bring nothing, once something came
    pause: float = 1.0  # s before the second one; doubles


class Unreachable(Exception):
    """Nobody answers, or not any more; the text is the reason."""


class WrongAnswer(Exception):
    """An answer that is not the file; the text is the reason."""


class _Broken(Exception):
    """The connection ended early."""


@dataclass
class _Transfer:
    """What an answer promises: `start` bytes are kept, `total` are expected at the end."""

    start: int
    total: int


def download(url: str, part: Path, file: WeightsFile, patience: Patience) -> Iterator[int]:
    """Fetches an address into `part`, going on after what is there already; yields how many bytes are there.

    Closing the iterator keeps the part. Raises Unreachable (the part is kept), WrongAnswer, OutOfDisk (the part is removed
    if it filled the disk, and kept if it was seen in time that it would).
    """
    if not _safe(url):
        raise WrongAnswer("its address is not https")
    came, failures = False, 0
    if _size(part) > file.size:
        drop(part)
    while _size(part) != file.size:
        before = _size(part)
        try:
            yield from _once(url, part, file, patience)
        except (urllib.error.URLError, http.client.HTTPException, OSError, _Broken) as error:
            failures = 0 if _size(part) > before else failures + 1
            came = came or failures == 0
            _give_up(error, part, came and failures < patience.attempts)
            yield from _waited(min(30.0, patience.pause * 2**failures), part)


def host(url: str) -> str:
    """Whose address it is, for the user."""
    return urlsplit(url).hostname or url


def drop(part: Path) -> None:
    """Removes a part and what is known of it."""
    part.unlink(missing_ok=True)
    _memory(part).unlink(missing_ok=True)


def _give_up(error: Exception, part: Path, again: bool) -> None:
    """Raises what an error means, unless it is worth another try."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code < 500 and error.code not in (408, 429):
            raise WrongAnswer(f"it answers {error.code} {error.reason}") from error
    elif isinstance(error, OSError) and error.errno in DISK_FULL:
        drop(part)
        raise OutOfDisk("The disk is full; the unfinished download was removed. Free some space and try again.") from error
    if not again:
        raise Unreachable(reason_of(error)) from error


def _waited(seconds: float, part: Path) -> Iterator[int]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield _size(part)
        time.sleep(min(seconds, SEEN_SECONDS))


def _once(url: str, part: Path, file: WeightsFile, patience: Patience) -> Iterator[int]:
    request = urllib.request.Request(url, headers=_headers(url, part, file))
    with _opened(request, part, patience) as answer:
        transfer = _transfer(answer, part, file)
        need_room(part.parent, transfer.total - transfer.start)
        _remember(part, url, answer)
        with part.open("r+b" if transfer.start else "wb") as target:
            target.seek(transfer.start)
            yield from _copied(answer, target, part, transfer)


@contextlib.contextmanager
def _opened(request: urllib.request.Request, part: Path, patience: Patience) -> Iterator[http.client.HTTPResponse]:
    """The answer; where the server knows no such range any more, the answer without a range."""
    opener = urllib.request.build_opener(_NoDowngrade())
    try:
        answer = opener.open(request, timeout=patience.silence)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        error.close()
        drop(part)
        request.remove_header("Range")
        request.remove_header("If-range")
        answer = opener.open(request, timeout=patience.silence)
    with answer:
        yield answer


def _headers(url: str, part: Path, file: WeightsFile) -> dict[str, str]:
    headers = {"User-Agent": f"stylesketch/{__version__}", "Accept-Encoding": "identity"}
    have, known = _size(part), _remembered(part)
    validator = known.get("validator") if known.get("url") == url else None
    if have and (validator or file.whole):
        headers["Range"] = f"bytes={have}-"
        if validator:
            headers["If-Range"] = validator
    return headers


def _transfer(answer: http.client.HTTPResponse, part: Path, file: WeightsFile) -> _Transfer:
    """What the answer brings; WrongAnswer where that is not this file."""
    if answer.status == 206:
        matched = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
        if not matched or int(matched[1]) != _size(part):
            drop(part)
            raise WrongAnswer("it answers with another part than was asked for")
        transfer = _Transfer(int(matched[1]), int(matched[2]))
    else:
        length = answer.headers.get("Content-Length", "")
        transfer = _Transfer(0, int(length) if length.isdigit() else file.size)
    if transfer.total != file.size:
        drop(part)
        raise WrongAnswer(f"it offers {transfer.total} bytes instead of {file.size}")
    return transfer


def _copied(answer: http.client.HTTPResponse, target: BinaryIO, part: Path, transfer: _Transfer) -> Iterator[int]:
    done, seen, looked = transfer.start, 0.0, transfer.start
    while piece := answer.read1(PIECE):
        done += len(piece)
        if done > transfer.total:
            drop(part)
            raise WrongAnswer(f"it sends more than the {transfer.total} bytes it should")
        target.write(piece)
        if done - looked >= LOOK_EVERY:
            looked = done
            need_room(part.parent, transfer.total - done)
        if time.monotonic() - seen >= SEEN_SECONDS:
            seen = time.monotonic()
            yield done
    target.flush()
    os.fsync(target.fileno())
    if done < transfer.total:
        raise _Broken(f"the connection ended after {done} of {transfer.total} bytes")
    yield done


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to something less."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if not _safe(newurl):
            raise WrongAnswer("it leads to an address that is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _remember(part: Path, url: str, answer: http.client.HTTPResponse) -> None:
    tag = answer.headers.get("ETag", "")
    validator = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")
    write_whole(_memory(part), json.dumps({"url": url, "validator": validator}).encode())


def _remembered(part: Path) -> dict[str, str]:
    try:
        known = json.loads(_memory(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _memory(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def reason_of(error: Exception) -> str:
    """Why nothing comes over the network, in a few words."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "it does not answer"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror[0].lower() + cause.strerror[1:]
    return str(cause).rstrip(".") or type(error).__name__
