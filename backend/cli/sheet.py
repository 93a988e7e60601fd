"""`stylesketch sheet`: photographs beside their sketches, for comparing."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from stylesketch_ext.wire.messages import MAX_STROKES, SketchSettings

from backend.cli.arguments import Commands, add_command, add_rasterizer, places, share, whole_number
from backend.cli.outputs import check_writable, output_path
from backend.cli.sketch import read_file
from backend.cli.style_option import opened_style
from backend.core.errors import BadRequest
from backend.core.files import write_whole


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(
        commands, "sheet", run, "Draw photographs with several numbers of strokes, side by side in one picture."
    )
    command.add_argument("images", metavar="IMAGE", type=Path, nargs="+", help="picture files, one row each")
    command.add_argument("-o", "--output", metavar="FILE", type=output_path, required=True, help="a .png file")
    command.add_argument(
        "--strokes", metavar="N,N…", type=_numbers, default=[8, 16, 32, 64, 128], help="columns (default: 8,16,32,64,128)"
    )
    command.add_argument("--style", metavar="NAME|PACK", default=SketchSettings.style)
    command.add_argument("--fidelity", metavar="F", type=share, default=1.0, help="1 = precise … 0 = loose (default: 1)")
    command.add_argument("--mask", choices=("auto", "none"), default="auto", help="the subject, or the whole picture")
    command.add_argument("--device", metavar="NAME", default="auto")
    add_rasterizer(command)
    command.add_argument(
        "--cell", metavar="PX", type=whole_number(64, 1024), default=320, help="size of a picture (default 320)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Draws every photograph once, with the most strokes, and shows the first of them in each column."""
    from backend.core.work import completed
    from backend.daemon.sketching import prepare_process
    from backend.export.png import drawing_png
    from backend.export.sheet import contact_sheet
    from backend.model_pool import ModelPool
    from backend.perception.photograph import decode
    from backend.perception.picture_file import named, open_picture
    from backend.recipes import RECIPES, Inputs, SketchChoices
    from backend.style_library import load_pack

    if arguments.output.suffix.lower() != ".png":
        raise BadRequest(f"A sheet is a picture: name a file that ends in .png, not {arguments.output.name}.")
    check_writable([arguments.output], arguments.images)
    prepare_process()
    with opened_style(arguments) as packs:
        pack = load_pack(arguments.style, packs)
        pool = ModelPool.choose(arguments.device, arguments.rasterizer, places(arguments))
    choices = SketchChoices(strokes=max(arguments.strokes), whole_picture=arguments.mask == "none", fidelity=arguments.fidelity)
    rows = []
    pictures = [(path, read_file(path)) for path in arguments.images]
    for path, data in pictures:
        with named(path.name):  # a wrong one is told before others are drawn in vain
            open_picture(data)
    for path, data in pictures:
        with named(path.name):
            photograph = decode(data)
        drawing = completed(RECIPES["object"].run(Inputs(photograph), choices, pack, pool))
        sketches = [
            drawing_png(drawing.first(count), pool.rasterizer, pool.device, 2 * arguments.cell) for count in arguments.strokes
        ]
        rows.append([_as_png(data), *sketches])
        for note in drawing.account.notes:
            sys.stderr.write(f"stylesketch: {path.name}: {note}\n")
    labels = ["", *(f"{count} strokes" for count in arguments.strokes)]
    write_whole(arguments.output, contact_sheet(rows, labels, arguments.cell))
    print(arguments.output.absolute())
    return 0


def _as_png(data: bytes) -> bytes:
    """A picture file of any kind as an upright PNG."""
    from backend.perception.picture_file import open_picture

    file = io.BytesIO()
    open_picture(data).convert("RGB").save(file, "PNG")
    return file.getvalue()


def _numbers(text: str) -> list[int]:
    parse = whole_number(1, MAX_STROKES)
    return [parse(part) for part in text.split(",")]
