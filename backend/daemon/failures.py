"""Any exception as one of the error tree, and an error of the tree as the problem that the wire carries."""

from __future__ import annotations

import errno
import sqlite3

from stylesketch_ext.wire.messages import Problem

from backend.core.errors import ERRORS_BY_CODE, BadRequest, Internal, Missing, OutOfDisk, OutOfMemory, StyleSketchError
from backend.core.memory import is_out_of_memory
from backend.daemon.phrases import phrase_of

DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS}


def as_failure(error: BaseException, log: str = "") -> StyleSketchError:
    """The error of our tree that tells the user what to do about `error`; `log` names the file with the details."""
    if isinstance(error, StyleSketchError):
        return error
    if is_disk_full(error):
        return OutOfDisk("The disk is full; nothing half-written was left. Free some space and try again.")
    if is_out_of_memory(error):
        return OutOfMemory("There is not enough memory for this picture. Close other programs or scale the picture down.")
    if isinstance(error, OSError) and error.errno in NO_ACCESS and error.filename:
        return BadRequest(
            "There is no access to {file} ({reason}). Check its permissions.", file=error.filename, reason=error.strerror
        )
    if isinstance(error, ModuleNotFoundError):
        return Missing("StyleSketch is not installed completely ({error}). Run ./install.sh in its folder again.", error=error)
    if log:
        return Internal(
            "Something went wrong inside StyleSketch ({kind}). The details are in {log}.", kind=type(error).__name__, log=log
        )
    return Internal(
        "Something went wrong inside StyleSketch ({kind}). Run it again with STYLESKETCH_DEBUG=1 to see the details.",
        kind=type(error).__name__,
    )


def is_disk_full(error: BaseException) -> bool:
    """Whether an exception says that the disk or the quota is full."""
    if isinstance(error, sqlite3.OperationalError):
        return "disk is full" in str(error)
    return isinstance(error, OSError) and error.errno in DISK_FULL


def as_problem(error: StyleSketchError, status: int | None = None) -> Problem:
    """The wire form of an error."""
    title = error.code.replace("-", " ").capitalize()
    phrase = phrase_of(error.sentence)
    return Problem(title=title, status=status or error.status, code=error.code, detail=str(error), phrase=phrase)


def from_problem(problem: Problem) -> StyleSketchError:
    """The error that a problem tells of."""
    return ERRORS_BY_CODE.get(problem.code, Internal)(problem.detail)
