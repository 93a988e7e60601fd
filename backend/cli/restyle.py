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
from typing import TYPE_CHECKING, TypeVar

from stylesketch_ext.wire.messages import MAX_SEED, ProgressEvent

from backend import __version__
from backend.cli import restyle_sketch, sketch
from backend.cli.arguments import Commands, add_command, places, share, whole_number
from backend.cli.exemplar import Exemplar, read_exemplar
from backend.cli.outputs import check_writable
from backend.cli.prompt import MOST_STEPS, add_checkpoint
from backend.cli.restyle_tasks import RestyleTask, tasks_of
from backend.cli.sketch import read_file
from backend.cli.terminal import ProgressLine
from backend.core.errors import BadRequest, Cancelled, Missing, OutOfMemory, StyleSketchError
from backend.core.files import write_whole

if TYPE_CHECKING:
    from stylesketch_ext.wire.messages import SketchResult

    from backend.cli.restyle_sketch import Pen
    from backend.core.work import Work
    from backend.model_pool import ModelPool
    from backend.recipes.style_transfer import RestyleChoices


T = TypeVar("T")


@dataclass(frozen=True)
class _Work:
    """What is done to every photograph, and with what."""

    exemplar: Exemplar
    choices: RestyleChoices
    pool: ModelPool
    pen: Pen | None = None  # that draws the restyled pictures


@dataclass(frozen=True)
class _Made:
    """What came of a photograph."""

    method: str
    strength: float | None
    steps: int
    notes: Sequence[str]
    sketch: SketchResult | None = None


@dataclass
class _Done:
    """What has come of it so far."""

    files: list[Path] = field(default_factory=list)
    photographs: list[str] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)  # notes, and of which photographs
    failed: list[str] = field(default_factory=list)
    last: _Made | None = None

    @property
    def notes(self) -> list[str]:
        """What holds of all photographs once, the rest with their names."""
        return [note if names == self.photographs else f"{', '.join(names)}: {note}" for note, names in self.said.items()]


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "restyle", run, "Make a photograph look like an exemplar, its shapes kept.")
    option = command.add_argument
    option("image", metavar="IMAGE|DIR", type=Path, help="a picture file, or a folder of them")
    told = "a .png; for a folder, a folder; for sketches see --sketch"
    option("-o", "--output", metavar="FILE|DIR", type=Path, action="append", required=True, help=told)
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
    restyle_sketch.add_options(command)
    command.set_defaults(misused=command.error, default=command.get_default)


def run(arguments: argparse.Namespace) -> int:
    """Restyles and writes; 1 where a picture of a folder could not be used."""
    from backend.daemon.sketching import prepare_process
    from backend.model_pool import ModelPool

    restyle_sketch.check(arguments, arguments.default)
    choices = _choices(arguments)
    tasks = tasks_of(arguments, arguments.misused)
    exemplar = read_exemplar(arguments.style, places(arguments))
    mask = sketch.mask_file(arguments.mask)
    inputs = [task.photograph for task in tasks] + [file for file in (exemplar.file, mask) if file]
    check_writable([path for task in tasks for path in task.written], inputs)
    prepare_process()
    begin = time.perf_counter()
    with restyle_sketch.opened_pen(arguments, exemplar) as pen:
        work = _Work(exemplar, choices, ModelPool.choose(arguments.device, arguments.rasterizer, places(arguments)), pen)
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


def _all_restyled(arguments: argparse.Namespace, tasks: Sequence[RestyleTask], work: _Work) -> _Done:
    """Restyles picture by picture; what could not be done is told at the end (one picture alone raises instead)."""
    several, line, done = arguments.image.is_dir(), ProgressLine(arguments.quiet), _Done()
    try:
        for task in tasks:
            name = f"{task.photograph.name}: " if several else ""
            try:
                made = _made(task, work, line, name)
            except (Missing, OutOfMemory):  # so it will be for the others
                raise
            except StyleSketchError as error:
                if not several:
                    raise
                done.failed.append(f"{name}{error}")
                continue
            done.files += task.written
            done.photographs.append(task.photograph.name)
            for note in made.notes:
                done.said.setdefault(note, []).append(task.photograph.name)
            done.last = made
    except KeyboardInterrupt:
        left = f"Stopped; {len(done.files)} files were finished and stay." if done.files else "Stopped; nothing was written."
        raise Cancelled(left) from None
    finally:
        line.clear()
    return done


def _made(task: RestyleTask, work: _Work, line: ProgressLine, name: str) -> _Made:
    """The files of a photograph, written."""
    from backend.export.picture import picture_png
    from backend.perception.photograph import decode
    from backend.perception.picture_file import named
    from backend.recipes.style_transfer import StyleSource, restyle

    with named(work.exemplar.label):
        style = StyleSource(decode(work.exemplar.content).pixels, work.exemplar.label, work.exemplar.learned)
    if work.pen:
        drawn = _ended(work.pen.drawn(task, style, work.choices, work.pool), line, name)
        work.pen.write(task, drawn)
        edges, made = drawn.edges, _Made(drawn.method, drawn.strength, drawn.steps, drawn.result.notes, drawn.result)
    else:
        found = _ended(restyle(decode(read_file(task.photograph)).pixels, style, work.choices, work.pool), line, name)
        write_whole(task.outputs[0], picture_png(found.image))
        edges, made = found.edges, _Made(found.method, found.strength, found.steps, found.notes)
    if task.edges:
        write_whole(task.edges, picture_png(edges))
    return made


def _ended(work: Work[T], line: ProgressLine, name: str) -> T:
    """What work brings; its progress is shown meanwhile."""
    with contextlib.closing(work) as steps:
        while True:
            try:
                progress = next(steps)
            except StopIteration as end:
                found: T = end.value
                return found
            line.show(ProgressEvent(f"{name}{progress.stage}", progress.done))


def _tell(arguments: argparse.Namespace, done: _Done, work: _Work, seconds: float) -> None:
    outputs, last = [str(path.absolute()) for path in done.files], done.last
    if arguments.json:
        account = {
            "version": __version__,
            "recipe": "restyled" if work.pen else "style_transfer",
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
            **(restyle_sketch.account(last.sketch) if last and last.sketch else {}),
        }
        print(json.dumps(account, ensure_ascii=False))
    elif not arguments.quiet:
        several = arguments.image.is_dir()
        named = f"{arguments.output[0].absolute()}: {len(outputs)} files" if several else ", ".join(outputs)
        print(f"{named} in {seconds:.1f} s")
    if not arguments.quiet and not arguments.json:
        for note in done.notes:
            sys.stderr.write(f"stylesketch: {note}\n")
    for sentence in done.failed:
        sys.stderr.write(f"stylesketch: {sentence}\n")
