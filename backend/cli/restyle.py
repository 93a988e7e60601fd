"""`stylesketch restyle`: photographs in the looks of an exemplar."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stylesketch_ext.wire.messages import MAX_SEED, ProgressEvent

from backend import __version__
from backend.cli.arguments import Commands, add_command, places, share, whole_number
from backend.cli.exemplar import Exemplar, read_exemplar
from backend.cli.outputs import check_writable, make_folder
from backend.cli.sketch import read_file
from backend.cli.style_extract import PICTURES
from backend.cli.terminal import ProgressLine
from backend.core.errors import BadRequest, Cancelled, StyleSketchError
from backend.core.files import write_whole

if TYPE_CHECKING:
    from backend.recipes.style_transfer import RestyleResult


@dataclass(frozen=True)
class _Task:
    """A photograph, and the files made of it."""

    photograph: Path
    output: Path
    edges: Path | None

    @property
    def written(self) -> list[Path]:
        return [self.output, *([self.edges] if self.edges else [])]


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "restyle", run, "Make a photograph look like an exemplar, its shapes kept.")
    option = command.add_argument
    option("image", metavar="IMAGE|DIR", type=Path, help="a picture file, or a folder of them")
    option("-o", "--output", metavar="FILE|DIR", type=Path, required=True, help="a .png; for a folder, a folder")
    option("--style", metavar="PACK|STYLE_IMAGE", required=True, help="a pack that carries an exemplar, or a picture file")
    option("--strength", metavar="S", type=share, default=1.0, help="0 = the photograph … 1 = restyled (default: 1)")
    option("--edges-out", metavar="FILE|DIR", type=Path, help="also write the photograph's edges, dark on white")
    option("--seed", metavar="N", type=whole_number(0, MAX_SEED), default=0, help="another seed, another variation")
    option("--json", action="store_true", help="print one JSON object about the result")
    option("--quiet", action="store_true", help="no progress, no summary")


def run(arguments: argparse.Namespace) -> int:
    """Restyles and writes; 1 where a picture of a folder could not be used."""
    from backend.daemon.sketching import prepare_process

    exemplar = read_exemplar(arguments.style, places(arguments))
    tasks = _tasks(arguments)
    inputs = [task.photograph for task in tasks] + ([exemplar.file] if exemplar.file else [])
    check_writable([path for task in tasks for path in task.written], inputs)
    prepare_process()
    begin = time.perf_counter()
    done, notes, failed = _all_restyled(arguments, tasks, exemplar)
    _tell(arguments, done, notes, failed, exemplar.label, time.perf_counter() - begin)
    return 1 if failed else 0


def _all_restyled(
    arguments: argparse.Namespace, tasks: Sequence[_Task], exemplar: Exemplar
) -> tuple[list[Path], list[str], list[str]]:
    """The files written, what is to be said of them, and what could not be done (one picture alone raises instead)."""
    from backend.export.picture import picture_png

    several, line = arguments.image.is_dir(), ProgressLine(arguments.quiet)
    done: list[Path] = []
    notes: list[str] = []
    failed: list[str] = []
    try:
        for task in tasks:
            name = f"{task.photograph.name}: " if several else ""
            try:
                result = _restyled(arguments, task, exemplar, line, name)
            except StyleSketchError as error:
                if not several:
                    raise
                failed.append(f"{name}{error}")
                continue
            write_whole(task.output, picture_png(result.image))
            if task.edges:
                write_whole(task.edges, picture_png(result.edges))
            done += task.written
            notes += [f"{name}{note}" for note in result.notes]
    except KeyboardInterrupt:
        left = f"Stopped; {len(done)} files were finished and stay." if done else "Stopped; nothing was written."
        raise Cancelled(left) from None
    finally:
        line.clear()
    return done, notes, failed


def _restyled(arguments: argparse.Namespace, task: _Task, exemplar: Exemplar, line: ProgressLine, name: str) -> RestyleResult:
    from backend.perception.photograph import decode
    from backend.recipes.style_transfer import style_transfer

    photograph, style = decode(read_file(task.photograph)).pixels, decode(exemplar.content).pixels
    with contextlib.closing(style_transfer(photograph, style, arguments.strength, arguments.seed)) as work:
        while True:
            try:
                progress = next(work)
            except StopIteration as end:
                return end.value
            line.show(ProgressEvent(f"{name}{progress.stage}", progress.done))


def _tasks(arguments: argparse.Namespace) -> list[_Task]:
    """What is to be made of what; BadRequest."""
    image, output, edges = arguments.image, arguments.output, arguments.edges_out
    if not image.is_dir():
        for path in filter(None, (output, edges)):
            if path.suffix.lower() != ".png":
                raise BadRequest(f"{path} must end in .png.")
        if edges is not None and edges.absolute() == output.absolute():
            raise BadRequest("The edges need a file of their own: name another one after --edges-out.")
        return [_Task(image, output, edges)]
    pictures = sorted(file for file in image.iterdir() if file.suffix.lower() in PICTURES and file.is_file())
    if not pictures:
        raise BadRequest(f"There is no picture in the folder {image}. Choose another one, or a picture file.")
    folders = [folder for folder in (output, edges) if folder is not None]
    for folder in folders:
        if folder.suffix.lower() == ".png":
            raise BadRequest(f"{image} is a folder: name a folder instead of {folder}.")
        make_folder(folder)
    if len({image.resolve(), *(folder.resolve() for folder in folders)}) <= len(folders):
        raise BadRequest("Photographs, results and edges need a folder each. Choose others.")
    names = [path.stem for path in pictures]
    plain = [path.stem if names.count(path.stem) == 1 else path.name for path in pictures]
    return [_Task(p, output / f"{n}.png", edges / f"{n}.png" if edges else None) for p, n in zip(pictures, plain, strict=True)]


def _tell(
    arguments: argparse.Namespace, done: list[Path], notes: list[str], failed: list[str], style: str, seconds: float
) -> None:
    outputs = [str(path.absolute()) for path in done]
    if arguments.json:
        account = {
            "version": __version__,
            "recipe": "style_transfer",
            "outputs": outputs,
            "seed": arguments.seed,
            "device": "cpu",
            "guidance": "classical",
            "style": style,
            "strength": arguments.strength,
            "seconds": {"total": seconds},
            "notes": notes,
            "failed": failed,
        }
        print(json.dumps(account, ensure_ascii=False))
    elif not arguments.quiet:
        shown = str(arguments.output.absolute())
        print(f"{shown}: {len(done)} files in {seconds:.1f} s" if arguments.image.is_dir() else f"{shown} in {seconds:.1f} s")
    if not arguments.quiet and not arguments.json:
        for note in notes:
            sys.stderr.write(f"stylesketch: {note}\n")
    for sentence in failed:
        sys.stderr.write(f"stylesketch: {sentence}\n")
