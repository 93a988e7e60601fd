"""`stylesketch restyle`: photographs in the looks of an exemplar."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stylesketch_ext.wire.messages import MAX_SEED, ProgressEvent

from backend import __version__
from backend.cli.arguments import Commands, add_command, places, share, whole_number
from backend.cli.exemplar import Exemplar, read_exemplar
from backend.cli.outputs import check_writable, make_folder
from backend.cli.prompt import MOST_STEPS, add_checkpoint
from backend.cli.sketch import read_file
from backend.cli.style_extract import PICTURES
from backend.cli.terminal import ProgressLine
from backend.core.errors import BadRequest, Cancelled, Missing, OutOfMemory, StyleSketchError
from backend.core.files import write_whole

if TYPE_CHECKING:
    from backend.model_pool import ModelPool
    from backend.recipes.style_transfer import RestyleChoices, RestyleResult


@dataclass(frozen=True)
class _Task:
    """A photograph, and the files made of it."""

    photograph: Path
    output: Path
    edges: Path | None

    @property
    def written(self) -> list[Path]:
        return [self.output, *([self.edges] if self.edges else [])]


@dataclass(frozen=True)
class _Work:
    """What is done to every photograph, and with what."""

    exemplar: Exemplar
    choices: RestyleChoices
    pool: ModelPool


@dataclass
class _Done:
    """What has come of it so far."""

    files: list[Path] = field(default_factory=list)
    photographs: list[str] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)  # notes, and of which photographs
    failed: list[str] = field(default_factory=list)
    last: RestyleResult | None = None

    @property
    def notes(self) -> list[str]:
        """What holds of all photographs once, the rest with their names."""
        return [note if names == self.photographs else f"{', '.join(names)}: {note}" for note, names in self.said.items()]


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "restyle", run, "Make a photograph look like an exemplar, its shapes kept.")
    option = command.add_argument
    option("image", metavar="IMAGE|DIR", type=Path, help="a picture file, or a folder of them")
    option("-o", "--output", metavar="FILE|DIR", type=Path, required=True, help="a .png; for a folder, a folder")
    option("--style", metavar="PACK|STYLE_IMAGE", required=True, help="a pack that carries an exemplar, or a picture file")
    told = "0 = the photograph … 1 = restyled (default: 1; diffusion: 0.4)"
    option("--strength", metavar="S", type=share, help=told)
    told = "classical, diffusion, or auto: what is here (default: auto)"
    option("--method", choices=("auto", "classical", "diffusion"), default="auto", help=told)
    option("--edges-out", metavar="FILE|DIR", type=Path, help="also write the photograph's edges, dark on white")
    option("--seed", metavar="N", type=whole_number(0, MAX_SEED), default=0, help="another seed, another variation")
    option("--prompt", metavar="T", default="", help="diffusion: what is seen, in words")
    option("--negative", metavar="T", default="", help="diffusion: what shall not be seen")
    option("--steps", metavar="N", type=whole_number(1, MOST_STEPS), help="diffusion: of a whole schedule (default: 50)")
    told = "diffusion: how the photograph's noise is found, stochastic or ddim (default: stochastic)"
    option("--inversion", choices=("stochastic", "ddim"), default="stochastic", help=told)
    add_checkpoint(command)
    option("--device", metavar="NAME", default="auto", help="diffusion: auto, cpu, cuda, cuda:1, mps (default: auto)")
    option("--json", action="store_true", help="print one JSON object about the result")
    option("--quiet", action="store_true", help="no progress, no summary")


def run(arguments: argparse.Namespace) -> int:
    """Restyles and writes; 1 where a picture of a folder could not be used."""
    from backend.daemon.sketching import prepare_process
    from backend.model_pool import ModelPool

    choices = _choices(arguments)
    exemplar = read_exemplar(arguments.style, places(arguments))
    tasks = _tasks(arguments)
    inputs = [task.photograph for task in tasks] + ([exemplar.file] if exemplar.file else [])
    check_writable([path for task in tasks for path in task.written], inputs)
    prepare_process()
    begin = time.perf_counter()
    work = _Work(exemplar, choices, ModelPool.choose(arguments.device, places=places(arguments)))
    done = _all_restyled(arguments, tasks, work)
    _tell(arguments, done, work, time.perf_counter() - begin)
    return 1 if done.failed else 0


def _choices(arguments: argparse.Namespace) -> RestyleChoices:
    """What the options ask for; BadRequest for those of one method given to another."""
    from backend.recipes.style_transfer import CLASSICAL, RestyleChoices

    choices = RestyleChoices(
        strength=arguments.strength,
        method=arguments.method,
        seed=arguments.seed,
        prompt=arguments.prompt,
        negative=arguments.negative,
        steps=arguments.steps,
        cfg_scale=arguments.cfg_scale,
        inversion=arguments.inversion,
        checkpoint=arguments.checkpoint,
    )
    if choices.method == CLASSICAL and choices.for_diffusion:
        raise BadRequest("Prompts, steps, inversion, CFG scale and checkpoint are for diffusion: leave them out, or --method.")
    return choices


def _all_restyled(arguments: argparse.Namespace, tasks: Sequence[_Task], work: _Work) -> _Done:
    """Restyles picture by picture; what could not be done is told at the end (one picture alone raises instead)."""
    from backend.export.picture import picture_png

    several, line, done = arguments.image.is_dir(), ProgressLine(arguments.quiet), _Done()
    try:
        for task in tasks:
            name = f"{task.photograph.name}: " if several else ""
            try:
                result = _restyled(task, work, line, name)
            except (Missing, OutOfMemory):  # so it will be for the others
                raise
            except StyleSketchError as error:
                if not several:
                    raise
                done.failed.append(f"{name}{error}")
                continue
            write_whole(task.output, picture_png(result.image))
            if task.edges:
                write_whole(task.edges, picture_png(result.edges))
            done.files += task.written
            done.photographs.append(task.photograph.name)
            for note in result.notes:
                done.said.setdefault(note, []).append(task.photograph.name)
            done.last = result
    except KeyboardInterrupt:
        left = f"Stopped; {len(done.files)} files were finished and stay." if done.files else "Stopped; nothing was written."
        raise Cancelled(left) from None
    finally:
        line.clear()
    return done


def _restyled(task: _Task, work: _Work, line: ProgressLine, name: str) -> RestyleResult:
    from backend.perception.photograph import decode
    from backend.recipes.style_transfer import StyleSource, restyle

    photograph = decode(read_file(task.photograph)).pixels
    style = StyleSource(decode(work.exemplar.content).pixels, work.exemplar.label, work.exemplar.learned)
    with contextlib.closing(restyle(photograph, style, work.choices, work.pool)) as steps:
        while True:
            try:
                progress = next(steps)
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


def _tell(arguments: argparse.Namespace, done: _Done, work: _Work, seconds: float) -> None:
    outputs, last = [str(path.absolute()) for path in done.files], done.last
    if arguments.json:
        account = {
            "version": __version__,
            "recipe": "style_transfer",
            "outputs": outputs,
            "seed": arguments.seed,
            "device": str(work.pool.device) if last and last.steps else "cpu",
            "guidance": last.method if last else "",
            "style": work.exemplar.label,
            "strength": last.strength if last else arguments.strength,
            "steps": last.steps if last else 0,
            "seconds": {"total": seconds},
            "notes": done.notes,
            "failed": done.failed,
        }
        print(json.dumps(account, ensure_ascii=False))
    elif not arguments.quiet:
        files = f": {len(outputs)} files" if arguments.image.is_dir() else ""
        print(f"{arguments.output.absolute()}{files} in {seconds:.1f} s")
    if not arguments.quiet and not arguments.json:
        for note in done.notes:
            sys.stderr.write(f"stylesketch: {note}\n")
    for sentence in done.failed:
        sys.stderr.write(f"stylesketch: {sentence}\n")
