"""`stylesketch sketch`: a photograph to strokes."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stylesketch_ext.wire.messages import (
    MAX_CANDIDATES,
    MAX_SEED,
    MAX_STEPS,
    MAX_STROKES,
    Mark,
    ProgressEvent,
    SketchRequest,
    SketchResult,
    SketchSettings,
)

from backend.cli import draw_on
from backend.cli.arguments import Commands, add_command, add_rasterizer, number_to, or_auto, places, points, share, whole_number
from backend.cli.launch import running_or_started
from backend.cli.outputs import check_writable, make_folder, output_path
from backend.cli.style_option import opened_style
from backend.cli.terminal import ProgressLine, counted
from backend.core.errors import BadRequest
from backend.core.files import write_whole
from backend.places import Places

if TYPE_CHECKING:
    from backend.daemon.executors import ProcessExecutor

FEW_PROCESSORS = 2  # with which starting more processes takes as long as they save
MARKS = {
    "keep": "a line on the subject, in px of the picture, as in '120,80 140,95'",
    "leave": "a line on what is not to be drawn",
    "around": "a line around the subject",
}

Drawn = tuple[SketchResult, str, bytes]  # with the SVG text and the PNG bytes
Report = Callable[[ProgressEvent], None]


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "sketch", run, "Draw the subject of a photograph with a few pen strokes.")
    command.add_argument("image", metavar="IMAGE", type=Path, help="a picture file")
    add_drawing_options(command, draw_on.output_path, draw_on.FORMATS)
    add_style_weight(command)
    add_candidates(command)
    add_candidates_folder(command)
    draw_on.add_options(command)
    command.add_argument("--recipe", default="object", help="how to draw (default: object)")
    command.add_argument("--daemon", action="store_true", help="let the daemon draw, started if need be")


def run(arguments: argparse.Namespace) -> int:
    """Draws and writes; the exit code."""
    draw_on.check(arguments)
    mask = mask_file(arguments.mask)
    check_writable(arguments.output, [arguments.image, *([mask] if mask else [])])
    make_candidates_folder(arguments)
    line = ProgressLine(arguments.quiet)
    with opened_style(arguments) as packs:
        request = request_of(arguments)
        try:
            if arguments.daemon:
                result, svg, png = draw_by_daemon(request, arguments.image, mask, places(arguments), line.show)
            else:
                result, svg, png = draw_here(request, arguments.image, mask, packs, places(arguments), line.show)
        finally:
            line.clear()
        outputs = draw_on.write(arguments, result, svg, png, packs)
    if arguments.candidates_dir is not None:
        outputs += write_candidates(result, arguments.candidates_dir)
    tell(arguments, result, outputs)
    return 0


def tell(arguments: argparse.Namespace, result: SketchResult, outputs: list[str]) -> None:
    """Prints what was drawn, as --json and --quiet want it."""
    if arguments.json:
        print(json.dumps(account(result, outputs), ensure_ascii=False))
    elif not arguments.quiet:
        print(f"{', '.join(outputs)}: {counted(stroke_count(result), 'stroke')} in {result.seconds['total']:.1f} s")
        for note in result.notes:
            sys.stderr.write(f"stylesketch: {note}\n")


def draw_here(request: SketchRequest, image: Path, mask: Path | None, packs: Path, where: Places, report: Report) -> Drawn:
    """The sketch, drawn in this process with own style packs from the folder `packs`."""
    from backend.daemon.sketching import Sources, draw

    with (
        _workers(request) as workers,
        contextlib.closing(draw(request, Sources(image, packs, mask, where), False, workers)) as work,
    ):
        while True:
            try:
                report(next(work))
            except StopIteration as end:
                return end.value.result, end.value.svg, end.value.preview


@contextlib.contextmanager
def _workers(request: SketchRequest) -> Iterator[list[ProcessExecutor]]:
    """Processes for several attempts at once, where there are processors enough for that to be quicker."""
    from backend.daemon.executors import ProcessExecutor
    from backend.daemon.sketching import prepare_process

    settings, processors = request.settings, os.cpu_count() or 1
    count = min(settings.candidates, processors) - 1 if settings.candidates > 1 and processors > FEW_PROCESSORS else 0
    alone = settings.device not in ("auto", "cpu") or (settings.device == "auto" and not _on_processor())
    workers = [] if alone else [ProcessExecutor(f"attempt {i + 1}", prepare_process) for i in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.stop()


def _on_processor() -> bool:
    """Whether the best device here is the processor; attempts share a graphics card in one process."""
    from backend.model_pool import available_devices

    return available_devices()[0] == "cpu"


def draw_by_daemon(request: SketchRequest, image: Path, mask: Path | None, where: Places, report: Report) -> Drawn:
    """The same sketch, drawn by the daemon; Ctrl-C cancels it there."""
    client = running_or_started(where)
    for path in filter(None, (image, mask)):
        client.upload(read_file(path))
    job = client.submit(request, secrets.token_hex(16)).id
    try:
        for event in client.events(job):
            report(event)
    except KeyboardInterrupt:
        client.cancel(job)
        raise
    return client.result(job)


def account(result: SketchResult, outputs: list[str]) -> dict[str, object]:
    """The object that --json prints."""
    return {
        "version": result.version,
        "recipe": result.recipe,
        "outputs": outputs,
        "strokes": stroke_count(result),
        "seed": result.settings.seed,
        "device": result.device,
        "engine": result.engine,
        "guidance": result.guidance,
        "style": result.settings.style,
        "seconds": result.seconds,
        "steps": result.steps,
        "scores": result.scores,
        "notes": result.notes,
        **({"candidates": _attempts(result), "judge": result.judge} if result.candidates else {}),
    }


def _attempts(result: SketchResult) -> list[dict[str, object]]:
    return [{"seed": c.seed, "score": c.score, "kept": c.kept, "finished": c.finished} for c in result.candidates]


def write_candidates(result: SketchResult, folder: Path) -> list[str]:
    """Writes every attempt as an SVG named after its seed; their absolute names."""
    from backend.daemon.sketching import result_svg

    written = []
    for number, each in enumerate(result.candidates):
        path = folder / f"seed{each.seed}.svg"
        write_whole(path, result_svg(result.attempt(number)).encode())
        written.append(str(path.absolute()))
    return written


def read_file(path: Path) -> bytes:
    """The bytes of an input; BadRequest, ImageTooLarge."""
    from backend.daemon.images import check_size

    try:
        known = path.stat()
        if stat.S_ISDIR(known.st_mode):
            raise BadRequest(f"{path} is a folder. Choose a picture file in it.")
        if not stat.S_ISREG(known.st_mode):
            raise BadRequest(f"{path} is a device or a pipe. Save the picture to a file, and choose that.")
        check_size(known.st_size)
        return path.read_bytes()
    except FileNotFoundError:
        raise BadRequest(f"There is no file {path}. Check its name.") from None
    except OSError as error:
        raise BadRequest(f"{path} cannot be read ({error.strerror}). Check its permissions.") from error


def add_drawing_options(
    command: argparse.ArgumentParser, output: Callable[[str], Path] = output_path, formats: str = ".svg or .png"
) -> None:
    """The options of every command that draws. output: the argparse type of -o, which takes the formats."""
    add_option = command.add_argument
    add_option("-o", "--output", metavar="FILE", type=output, action="append", required=True, help=f"{formats}; repeatable")
    add_option(
        "--style", metavar="NAME|PACK", default=SketchSettings.style, help=f"a style pack (default: {SketchSettings.style})"
    )
    add_subject(command)
    add_option("--seed", metavar="N", type=whole_number(0, MAX_SEED), default=0, help="another seed, another variation")
    add_option("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")
    add_rasterizer(command)
    add_option("--steps", metavar="N", type=whole_number(0, MAX_STEPS), help="optimization steps (default: the recipe's)")
    add_option("--json", action="store_true", help="print one JSON object about the drawing")
    add_option("--quiet", action="store_true", help="no progress, no summary")


def add_subject(command: argparse.ArgumentParser) -> None:
    """What is drawn of a picture, and how: the options that `settings_of` reads beside style, seed, device and steps."""
    add_option = command.add_argument
    add_option("--mask", metavar="auto|none|FILE", default="auto", help="the subject: found, everything, or white in FILE")
    for kind, told in MARKS.items():
        add_option(f"--{kind}", metavar="X,Y…", type=points, action="append", default=[], help=f"{told}; repeatable")
    add_option("--guidance", metavar="NAME", default="auto", help="what the strokes are fitted to (default: auto)")
    add_option("--strokes", metavar="N|auto", type=or_auto(whole_number(1, MAX_STROKES)), help="how many (default: auto)")
    add_option("--fidelity", metavar="F", type=share, default=1.0, help="1 = precise … 0 = loose (default: 1)")
    add_option("--simplicity", metavar="F", type=share, default=0.0, help="0 = all strokes … 1 = the first few (default: 0)")
    add_option(
        "--style-strength", metavar="F", type=share, default=1.0, help="0 = a plain pen … 1 = the full style (default: 1)"
    )


def add_style_weight(command: argparse.ArgumentParser) -> None:
    """The option of the commands whose drawings are finished after their exemplar: `request_of` reads it."""
    usual = SketchSettings.style_weight
    told = f"how far line weights and tones come nearer to the style's exemplar, to 100 (default: {usual:g})"
    command.add_argument("--style-weight", metavar="W", type=number_to(100), default=usual, help=told)


def add_candidates(command: argparse.ArgumentParser) -> None:
    """The option of the commands that can keep the best of several attempts."""
    count = whole_number(1, MAX_CANDIDATES)
    told = "attempts, with this seed and those after it, of which the best is kept (default: 1)"
    command.add_argument("--candidates", metavar="N", type=count, default=1, help=told)


def add_candidates_folder(command: argparse.ArgumentParser) -> None:
    """Where those commands write all attempts that can show them."""
    command.add_argument("--candidates-dir", metavar="DIR", type=Path, help="also write each attempt there, as SVG")


def make_candidates_folder(arguments: argparse.Namespace) -> None:
    """The folder that attempts go to, if they are wanted; BadRequest where there is only one."""
    if arguments.candidates_dir is None:
        return
    if arguments.candidates == 1:
        raise BadRequest("--candidates-dir is where several attempts go: add --candidates, for example --candidates 3.")
    make_folder(arguments.candidates_dir)


def request_of(arguments: argparse.Namespace) -> SketchRequest:
    """What the options ask for; BadRequest for files that cannot be read."""
    mask = mask_file(arguments.mask)
    settings = settings_of(arguments, _hash(mask) if mask else arguments.mask)
    settings = replace(settings, style_weight=arguments.style_weight, candidates=arguments.candidates)
    return SketchRequest(_hash(arguments.image), settings, arguments.recipe, arguments.image.name)


def settings_of(arguments: argparse.Namespace, mask: str) -> SketchSettings:
    """What the options of every command that draws say; mask: as on the wire."""
    return SketchSettings(
        strokes=arguments.strokes,
        style=arguments.style,
        mask=mask,
        guidance=arguments.guidance,
        seed=arguments.seed,
        device=arguments.device,
        rasterizer=arguments.rasterizer,
        steps=arguments.steps,
        fidelity=arguments.fidelity,
        simplicity=arguments.simplicity,
        style_strength=arguments.style_strength,
        marks=[Mark(kind, line) for kind in MARKS for line in getattr(arguments, kind)],
    )


def mask_file(mask: str) -> Path | None:
    """The file that the option --mask names, if it names one."""
    return None if mask in ("auto", "none") else Path(mask)


def _hash(path: Path) -> str:
    return hashlib.sha256(read_file(path)).hexdigest()


def stroke_count(result: SketchResult) -> int:
    """How many strokes all layers have."""
    return sum(len(layer.paths) for layer in result.drawing.layers)
