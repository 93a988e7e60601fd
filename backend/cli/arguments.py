"""What several commands' options have in common."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.core.errors import BadRequest
from backend.places import Places

Commands = Any  # argparse's own type of a group of subparsers is private


def add_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], about: str, absent: str | None = None
) -> argparse.ArgumentParser:
    """A command that `run` carries out; every command knows --data.

    absent: argparse.SUPPRESS for a verb of a command that knows --data itself.
    """
    command: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    command.set_defaults(run=run)
    command.add_argument(
        "--data", metavar="DIR", type=Path, default=absent, help="keep everything under DIR instead of the user's folders"
    )
    return command


def add_rasterizer(command: argparse.ArgumentParser, default: str | None = "auto") -> None:
    """The option that chooses what turns strokes into pixels; which names work here is known only later."""
    told = "what turns strokes into pixels: auto, native, culled, reference, diffvg, cuda (default: auto)"
    command.add_argument("--rasterizer", metavar="NAME", default=default, help=told)


def add_verb(verbs: Commands, name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
    """A verb of a command, which can answer in JSON."""
    command = add_command(verbs, name, run, about)
    command.add_argument("--json", action="store_true", help="print one JSON object")
    return command


def places(arguments: argparse.Namespace) -> Places:
    """The folders that a command works with, made if need be; BadRequest where they cannot be."""
    where = Places.find(arguments.data)
    try:
        return where.create()
    except OSError as error:
        raise BadRequest(
            f"The folders {where.data} and {where.state} cannot be made ({error.strerror}). Choose others with --data."
        ) from error


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """An argparse type: an integer from `low` to `high`."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{number} is not between {low} and {high}")
        return number

    return parse


def number_to(high: float) -> Callable[[str], float]:
    """An argparse type: a number from 0 to `high`."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
        if not 0 <= number <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between 0 and {high:g}")
        return number

    return parse


share = number_to(1)
"""An argparse type: a number from 0 to 1."""


def or_auto(parse: Callable[[str], int]) -> Callable[[str], int | None]:
    """An argparse type that also takes `auto`, as None."""
    return lambda text: None if text == "auto" else parse(text)


def points(text: str) -> list[tuple[float, float]]:
    """An argparse type: positions as `X,Y X,Y …`."""
    try:
        pairs = [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]
    except ValueError:
        pairs = []
    if not pairs or not all(math.isfinite(number) for pair in pairs for number in pair):
        raise argparse.ArgumentTypeError(f"'{text}' is not a row of positions like '120,80 140,95'")
    return pairs


def seconds(text: str) -> float:
    """An argparse type: a time of more than nothing."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds")
    return value
