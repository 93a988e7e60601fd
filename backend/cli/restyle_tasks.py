"""Which files `stylesketch restyle` makes of which photographs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.cli.draw_on import FILMS
from backend.cli.outputs import ENDINGS, make_folder
from backend.cli.style_extract import PICTURES
from backend.core.errors import BadRequest

PICTURE, DRAWING = ".png", ".svg"  # what a folder is filled with


@dataclass(frozen=True)
class RestyleTask:
    """A photograph, and the files made of it."""

    photograph: Path
    outputs: list[Path]  # one picture, or a sketch in several formats
    edges: Path | None
    picture: Path | None = None  # what a sketch was drawn after

    @property
    def written(self) -> list[Path]:
        """All of them."""
        return [*self.outputs, *(path for path in (self.picture, self.edges) if path)]


def tasks_of(arguments: argparse.Namespace, misused: Callable[[str], None]) -> list[RestyleTask]:
    """What is to be made of what; BadRequest. misused: ends the command for names that cannot be meant."""
    if not arguments.image.is_dir():
        return [_alone(arguments, misused)]
    if len(arguments.output) > 1:
        misused("-o names one folder where the photographs are in one")
    return _of_folder(arguments)


def _alone(arguments: argparse.Namespace, misused: Callable[[str], None]) -> RestyleTask:
    outputs, edges, picture = arguments.output, arguments.edges_out, arguments.image_out
    known = ENDINGS + FILMS if arguments.sketch else (PICTURE,)
    for path in outputs:
        if path.suffix.lower() not in known:
            misused(f"-o: '{path}' must end in {'one of: ' if len(known) > 1 else ''}{', '.join(known)}")
    for name, path in (("--edges-out", edges), ("--image-out", picture)):
        if path is not None and path.suffix.lower() != PICTURE:
            misused(f"{name}: '{path}' must end in {PICTURE}")
    if len(outputs) > 1 and not arguments.sketch:
        misused("-o is given once, but with --sketch")
    task = RestyleTask(arguments.image, outputs, edges, picture)
    if len({path.absolute() for path in task.written}) < len(task.written):
        raise BadRequest("Every result needs a file of its own, the edges too: name another one.")
    return task


def _of_folder(arguments: argparse.Namespace) -> list[RestyleTask]:
    image, [output] = arguments.image, arguments.output
    pictures = sorted(file for file in image.iterdir() if file.suffix.lower() in PICTURES and file.is_file())
    if not pictures:
        raise BadRequest(f"There is no picture in the folder {image}. Choose another one, or a picture file.")
    folders = [folder for folder in (output, arguments.edges_out, arguments.image_out) if folder is not None]
    for folder in folders:
        if folder.suffix.lower() in ENDINGS + FILMS:
            raise BadRequest(f"{image} is a folder: name a folder instead of {folder}.")
        make_folder(folder)
    if len({image.resolve(), *(folder.resolve() for folder in folders)}) <= len(folders):
        raise BadRequest("Photographs, results and edges need a folder each. Choose others.")
    ending = DRAWING if arguments.sketch else PICTURE
    return [
        RestyleTask(
            photograph,
            [output / f"{name}{ending}"],
            arguments.edges_out / f"{name}{PICTURE}" if arguments.edges_out else None,
            arguments.image_out / f"{name}{PICTURE}" if arguments.image_out else None,
        )
        for photograph, name in zip(pictures, _names(pictures), strict=True)
    ]


def _names(pictures: Sequence[Path]) -> list[str]:
    """What their results are called; those that would be the same keep their ending."""
    stems = [path.stem for path in pictures]
    return [path.stem if stems.count(path.stem) == 1 else path.name for path in pictures]
