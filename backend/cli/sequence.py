"""`stylesketch sequence`: a clip to one drawing whose strokes move."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from backend.cli import draw_on, sketch
from backend.cli.arguments import Commands, add_command, places, whole_number
from backend.cli.outputs import check_writable, make_folder
from backend.cli.style_option import opened_style
from backend.cli.terminal import ProgressLine, counted
from backend.core.errors import BadRequest, Cancelled
from backend.core.files import whole_file, write_whole

if TYPE_CHECKING:
    from backend.daemon.sequence import MovingSketch
    from backend.perception.frames import Clip

ENDINGS = (".svg", ".gif", ".mp4", ".json")
MOST_FRAMES = 100_000
LEAST_RATE, MOST_RATE = 0.1, 120.0


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "sequence", run, "Draw a video or a row of pictures with strokes that move.")
    command.add_argument("input", metavar="INPUT", help="a video, GIF, WebP or APNG, a folder of frames, or a quoted pattern")
    sketch.add_drawing_options(command, _output_path, ".svg, .gif, .mp4 or .json")
    sketch.add_candidates(command)
    add_option = command.add_argument
    add_option("--every", metavar="K", type=whole_number(1, 10_000), default=1, help="draw each K-th frame only (default: 1)")
    add_option("--max-frames", metavar="N", type=whole_number(1, MOST_FRAMES), help="draw the first N of them only")
    add_option("--fps", metavar="F", type=_rate, help="pictures a second in .gif, .mp4 and --frames-dir (default: as drawn)")
    add_option("--fix-scale", action="store_true", help="fit frames of other sizes into the first one's")
    add_option("--frames-dir", metavar="DIR", type=Path, help="also write each picture there, as SVG and PNG")
    add_option("--tracker", metavar="MODULE:NAME", help="your own point tracker instead of optical flow: also file.py:name")
    add_option("--animate", action="store_true", help="an .svg that plays in browsers, instead of one with a layer per frame")


def run(arguments: argparse.Namespace) -> int:
    """Draws and writes; the exit code."""
    from backend.perception.frames import find_clip

    draw_on.check_animate(arguments)
    _check_rate(arguments)

    clip = find_clip(arguments.input).taken(arguments.every, arguments.max_frames, arguments.fix_scale)
    check_writable(arguments.output, clip.files)
    if arguments.frames_dir is not None:
        _check_frames_dir(arguments.frames_dir, clip)
    line = ProgressLine(arguments.quiet)
    try:
        moving = _drawn(arguments, clip, line)
    finally:
        line.clear()
    outputs = [_write(path, moving, arguments) for path in arguments.output]
    if arguments.frames_dir is not None:
        outputs += _write_frames(arguments.frames_dir, moving, arguments)
    _tell(arguments, moving, outputs)
    return 0


def _check_rate(arguments: argparse.Namespace) -> None:
    """BadRequest where nothing has pictures to be counted."""
    films = any(path.suffix.lower() in draw_on.FILMS for path in arguments.output)
    if arguments.fps is not None and not films and arguments.frames_dir is None:
        raise BadRequest("--fps is for films and frames: name a .gif or .mp4 with -o, add --frames-dir, or leave it out.")


def _check_frames_dir(folder: Path, clip: Clip) -> None:
    """Makes the folder; BadRequest where it cannot be, or where the frames themselves lie in it."""
    make_folder(folder)
    if any(file.parent.samefile(folder) for file in clip.files):
        raise BadRequest(f"The clip itself lies in {folder}. Choose another folder for the drawings, so that nothing is lost.")
    check_writable([folder / "frame_00000.svg"])


def _drawn(arguments: argparse.Namespace, clip: Clip, line: ProgressLine) -> MovingSketch:
    from backend.daemon.sequence import SequenceOrder, draw_sequence

    masks = None if arguments.mask in ("auto", "none") else arguments.mask
    where = places(arguments)
    with opened_style(arguments) as packs:
        settings = sketch.settings_of(arguments, "none" if arguments.mask == "none" else "auto")
        settings = replace(settings, candidates=arguments.candidates)
        order = SequenceOrder(clip, settings, packs, where, masks, arguments.tracker)
        with contextlib.closing(draw_sequence(order)) as work:
            try:
                while True:
                    line.show(next(work))
            except StopIteration as end:
                return end.value
            except KeyboardInterrupt:
                raise Cancelled("Stopped. The frames that are done are kept; the same command goes on from there.") from None


def _write(path: Path, moving: MovingSketch, arguments: argparse.Namespace) -> str:
    """One file, whole or not at all; its absolute name."""
    from backend.export import animation

    drawing, rate = moving.drawing, arguments.fps or moving.drawing.rate
    ending = path.suffix.lower()
    if ending == ".mp4":
        animation.write_mp4(path, drawing, rate, moving.rasterized)
    elif ending == ".gif":
        write_whole(path, animation.gif(drawing, rate, moving.rasterized))
    elif ending == ".json":
        write_whole(path, animation.strokes_json(drawing).encode())
    else:
        write = animation.animated_svg if arguments.animate else animation.layered_svg
        with whole_file(path) as file:
            file.writelines(
                f"{text}\n".encode() for text in write(drawing, moving.run, _title(arguments, moving), moving.facts)
            )
    return str(path.absolute())


def _write_frames(folder: Path, moving: MovingSketch, arguments: argparse.Namespace) -> list[str]:
    from backend.export.animation import frame_svg
    from backend.export.png import png_bytes

    written = []
    for number, moment in enumerate(moving.drawing.times(arguments.fps or moving.drawing.rate)):
        svg = frame_svg(moving.drawing, moment, moving.run, _title(arguments, moving), moving.facts)
        picture = png_bytes(moving.rasterized(moving.drawing.at(moment)))
        for ending, content in ((".svg", svg.encode()), (".png", picture)):
            path = folder / f"frame_{number:05d}{ending}"
            write_whole(path, content)
            written.append(str(path.absolute()))
    return written


def _title(arguments: argparse.Namespace, moving: MovingSketch) -> str:
    return f"{Path(arguments.input).name} – {moving.style_title}"


def _tell(arguments: argparse.Namespace, moving: MovingSketch, outputs: list[str]) -> None:
    drawing = moving.drawing
    notes = [*drawing.account.notes, *moving.pool.notes]
    if arguments.animate and any(len(set(stroke.widths)) > 1 for stroke in drawing.strokes):
        notes.append("In an SVG that plays every stroke has one width; the other formats keep those of the style.")
    if arguments.json:
        print(json.dumps(_account(arguments, moving, outputs, notes), ensure_ascii=False))
    elif not arguments.quiet:
        shown = ", ".join(str(path.absolute()) for path in arguments.output)
        took = f"in {moving.seconds['total']:.1f} s"
        went_on = f", {moving.kept} of them by an earlier run" if moving.kept else ""
        print(f"{shown}: {counted(drawing.frames, 'frame')}{went_on}, {counted(len(drawing.strokes), 'stroke')} {took}")
        for note in notes:
            sys.stderr.write(f"stylesketch: {note}\n")


def _account(arguments: argparse.Namespace, moving: MovingSketch, outputs: list[str], notes: list[str]) -> dict[str, object]:
    """The object that --json prints."""
    drawing, facts = moving.drawing, moving.facts
    return {
        "version": facts["version"],
        "recipe": "sequence",
        "outputs": outputs,
        "strokes": len(drawing.strokes),
        "seed": int(facts["seed"]),
        "device": facts["device"],
        "engine": facts["engine"],
        "guidance": facts["guidance"],
        "style": facts["style"],
        "seconds": moving.seconds,
        "steps": drawing.account.steps,
        "scores": {},
        "notes": notes,
        "frames": drawing.frames,
        "frames_kept": moving.kept,
        "rate": drawing.rate,
        "shots": list(drawing.shots),
    }


def _output_path(text: str) -> Path:
    """An argparse type: a file whose ending says its format."""
    path = Path(text)
    if path.suffix.lower() not in ENDINGS:
        raise argparse.ArgumentTypeError(f"'{text}' must end in one of: {', '.join(ENDINGS)}")
    return path


def _rate(text: str) -> float:
    """An argparse type: pictures a second."""
    try:
        rate = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise argparse.ArgumentTypeError(f"{text} is not between {LEAST_RATE:g} and {MOST_RATE:g}")
    return rate
