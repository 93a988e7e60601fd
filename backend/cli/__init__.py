"""Floor 5: the command line, `stylesketch`."""

from __future__ import annotations

import argparse
import io
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from backend import __version__
from backend.cli import (
    bench,
    doctor,
    jobs,
    models,
    prompt,
    refine,
    restyle,
    running,
    scene,
    sequence,
    sheet,
    sketch,
    style,
    texture,
)
from backend.core.errors import Cancelled, Internal
from backend.daemon.failures import as_failure

COMMANDS = (
    sketch.add,
    scene.add,
    sequence.add,
    texture.add,
    restyle.add,
    prompt.add,
    refine.add,
    sheet.add,
    style.add,
    models.add,
    running.add,
    jobs.add,
    doctor.add,
    bench.add,
)
EPILOG = "Exit codes: 0 done, 1 bad request or input, 2 usage, 3 something is missing, 4 out of memory or disk, 130 cancelled."


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; an error is one sentence on stderr."""
    debug = bool(os.environ.get("STYLESKETCH_DEBUG"))
    _let_any_name_be_told()
    if not (sys.argv[1:] if argv is None else argv):
        parser().print_help(sys.stderr)
        return 2
    arguments = parser().parse_args(argv)
    if not debug:
        warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.DEBUG if debug else logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError as error:
        return 0 if _nobody_reads() else _tell(error, error if debug else None)
    except KeyboardInterrupt:
        return _tell(Cancelled("Stopped; nothing was written."), None)
    except Exception as error:
        return _tell(error, error if debug else None)


def _let_any_name_be_told() -> None:
    """Letters that the terminal's encoding lacks are spelled: work must not fail because of a file's name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nobody_reads() -> bool:
    """Whether stdout leads to a program that has seen enough, as `head` does; then nothing more is written to it."""
    try:
        os.write(sys.stdout.fileno(), b"\n")  # a flush that has failed once does not fail again
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


class Parser(argparse.ArgumentParser):
    """Wrong usage is one sentence, as every error."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. `{self.prog} --help` tells what can be given.\n")


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = Parser(
        prog="stylesketch", description="Turns photographs into editable pen strokes.", epilog=EPILOG, allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"stylesketch {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(commands)
    return top


def _tell(error: Exception, details: Exception | None) -> int:
    failure = as_failure(error)
    if details is not None and (isinstance(failure, Internal) or failure is not error):
        logging.getLogger(__name__).error("details", exc_info=details)
    sys.stderr.write(f"stylesketch: {failure}\n")
    return failure.exit_code
