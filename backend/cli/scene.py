"""`stylesketch scene`: a photograph with its background to strokes, one drawing or a matrix of them."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from stylesketch_ext.wire.messages import ProgressEvent

from backend.cli import draw_on, sketch
from backend.cli.arguments import Commands, add_command, places
from backend.cli.outputs import check_writable, make_folder, write_outputs
from backend.cli.style_option import opened_style
from backend.cli.terminal import ProgressLine
from backend.core.errors import BadRequest
from backend.core.files import write_whole

if TYPE_CHECKING:
    from backend.daemon.matrix import Cell

T = TypeVar("T")
LARGEST = 12  # rows and columns
CELL_SIDE = 480  # px of a drawing in the overview


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "scene", run, "Draw the objects of a photograph and the background behind them.")
    command.add_argument("image", metavar="IMAGE", type=Path, help="a picture file")
    sketch.add_drawing_options(command, draw_on.output_path, draw_on.FORMATS)
    draw_on.add_options(command)
    sketch.add_style_weight(command)
    sketch.add_candidates(command)
    sketch.add_candidates_folder(command)
    command.add_argument("--daemon", action="store_true", help="let the daemon draw, started if need be (no matrix)")
    command.add_argument(
        "--matrix", metavar="RxC", type=_shape, help="R fidelities × C simplicities; -o is then an overview of all of them"
    )
    command.add_argument("--matrix-dir", metavar="DIR", type=Path, help="also write each drawing of the matrix there, as SVG")
    command.add_argument(
        "--method", choices=("classical", "clipascene"), default="classical",
        help="clipascene: the published method, minutes of optimization by SqueezeNet (default: classical)",
    )  # fmt: skip
    command.set_defaults(recipe="scene")


def run(arguments: argparse.Namespace) -> int:
    """Draws and writes; the exit code."""
    draw_on.check(arguments)
    _check_together(arguments)
    _check_candidates(arguments)
    if arguments.matrix is not None:
        return _run_matrix(arguments)
    return _run_published(arguments) if arguments.method == "clipascene" else sketch.run(arguments)


def _check_together(arguments: argparse.Namespace) -> None:
    if arguments.matrix_dir is not None and arguments.matrix is None:
        raise BadRequest("--matrix-dir is where the drawings of a matrix go: add --matrix, for example --matrix 4x4.")
    if arguments.matrix is not None and arguments.daemon:
        raise BadRequest("A matrix is drawn by the command itself. Leave out --daemon.")
    films = arguments.animate or any(path.suffix.lower() in draw_on.FILMS for path in arguments.output)
    if films and (arguments.matrix is not None or arguments.method == "clipascene"):
        raise BadRequest("Only a single scene can be shown being drawn. Leave out --animate, .gif, .mp4 or the other option.")
    if arguments.method == "clipascene" and (arguments.matrix is not None or arguments.daemon):
        raise BadRequest("The method clipascene draws one scene, by the command itself. Leave out --matrix and --daemon.")


def _check_candidates(arguments: argparse.Namespace) -> None:
    several = arguments.candidates > 1 or arguments.candidates_dir is not None
    if several and (arguments.matrix is not None or arguments.method == "clipascene"):
        raise BadRequest("A matrix and the method clipascene draw once each. Leave out --candidates and --candidates-dir.")


def _run_published(arguments: argparse.Namespace) -> int:
    from backend.daemon.published import draw_published
    from backend.daemon.sketching import Sources

    mask, where = sketch.mask_file(arguments.mask), places(arguments)
    check_writable(arguments.output, [arguments.image, *([mask] if mask else [])])
    line = ProgressLine(arguments.quiet)
    try:
        with opened_style(arguments) as packs:
            sources = Sources(arguments.image, packs, mask, where)
            finished = driven(draw_published(sketch.request_of(arguments), sources), line)
    finally:
        line.clear()
    outputs = write_outputs(arguments.output, finished.svg, finished.preview)
    sketch.tell(arguments, finished.result, outputs)
    return 0


def driven(work: Generator[ProgressEvent, None, T], line: ProgressLine) -> T:
    """The result of a piece of work, its progress shown."""
    with contextlib.closing(work):
        while True:
            try:
                line.show(next(work))
            except StopIteration as end:
                found: T = end.value
                return found


def _run_matrix(arguments: argparse.Namespace) -> int:
    mask, folder = sketch.mask_file(arguments.mask), arguments.matrix_dir
    check_writable(arguments.output, [arguments.image, *([mask] if mask else [])])
    names = _cell_names(arguments.matrix)
    if folder is not None:
        make_folder(folder)
        check_writable([folder / name for row in names for name in row])
    line = ProgressLine(arguments.quiet)
    try:
        cells = _drawn(arguments, mask, line)
    finally:
        line.clear()
    outputs = write_outputs(arguments.output, *_overview(cells))
    if folder is not None:
        outputs += _write_cells(cells, folder, names)
    _tell(arguments, cells, outputs)
    return 0


def _drawn(arguments: argparse.Namespace, mask: Path | None, line: ProgressLine) -> list[list[Cell]]:
    from backend.daemon.matrix import draw_matrix
    from backend.daemon.sketching import Sources

    with opened_style(arguments) as packs:
        sources = Sources(arguments.image, packs, mask, places(arguments))
        return driven(draw_matrix(sketch.request_of(arguments), sources, arguments.matrix, CELL_SIDE), line)


def _overview(cells: list[list[Cell]]) -> tuple[str, bytes]:
    """All drawings as the text of an SVG and the bytes of a PNG."""
    from backend.export.matrix import matrix_svg
    from backend.export.sheet import contact_sheet

    rows = [f"fidelity {row[0].result.settings.fidelity:.2g}" for row in cells]
    columns = [f"simplicity {cell.result.settings.simplicity:.2g}" for cell in cells[0]]
    svg = matrix_svg([[cell.result.drawing for cell in row] for row in cells], rows, columns)
    return svg, contact_sheet([[cell.preview for cell in row] for row in cells], columns, CELL_SIDE, rows)


def _cell_names(shape: tuple[int, int]) -> list[list[str]]:
    return [[f"row{r + 1}_column{c + 1}.svg" for c in range(shape[1])] for r in range(shape[0])]


def _write_cells(cells: list[list[Cell]], folder: Path, names: list[list[str]]) -> list[str]:
    from backend.daemon.sketching import result_svg

    written = []
    for row, row_names in zip(cells, names, strict=True):
        for cell, name in zip(row, row_names, strict=True):
            write_whole(folder / name, result_svg(cell.result).encode())
            written.append(str((folder / name).absolute()))
    return written


def _tell(arguments: argparse.Namespace, cells: list[list[Cell]], outputs: list[str]) -> None:
    result = cells[0][0].result
    if arguments.json:
        numbers = [[sketch.stroke_count(cell.result) for cell in row] for row in cells]
        print(json.dumps({**sketch.account(result, outputs), "matrix": numbers}, ensure_ascii=False))
    elif not arguments.quiet:
        shown = ", ".join(outputs[: len(arguments.output)])
        print(f"{shown}: {len(cells)} × {len(cells[0])} drawings in {result.seconds['total']:.1f} s")
        for note in dict.fromkeys(note for row in cells for note in row[0].result.notes):
            sys.stderr.write(f"stylesketch: {note}\n")


def _shape(text: str) -> tuple[int, int]:
    """An argparse type: rows and columns, as in 4x3."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 2 or not all(part.isdecimal() and 1 <= int(part) <= LARGEST for part in parts):
        raise argparse.ArgumentTypeError(f"'{text}' must be rows x columns of at most {LARGEST}, for example 4x4")
    return int(parts[0]), int(parts[1])
