"""`stylesketch prompt`: a text to strokes."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stylesketch_ext.wire.messages import ProgressEvent

from backend.cli import sketch
from backend.cli.arguments import Commands, add_command, number_to, places, whole_number
from backend.cli.outputs import check_writable
from backend.cli.style_option import opened_style
from backend.cli.terminal import ProgressLine, counted
from backend.cli.texture import png_path
from backend.core.errors import BadRequest
from backend.core.files import write_whole

if TYPE_CHECKING:
    from backend.core.drawing import Drawing
    from backend.daemon.prompting import PromptResult
    from backend.export.png import Pixels
    from backend.recipes import Recipe
    from backend.recipes.prompt_sketch import PromptChoices

ENDINGS = (".svg", ".png", ".gif")
LONGEST = 1024  # px, the longer side of pictures
LARGEST_SIDE = 2048  # px
MOST_STEPS = 1000
HIGHEST_SCALE = 100
HIGHEST_WEIGHT = 1e6
CLIPASSO = "clipasso"
CLIPASSO_SETTINGS = {
    "geometric_weight": "geometric_weight",
    "semantic_weight": "semantic_weight",
    "stroke_width": "width",
    "early_stop_patience": "patience",
    "early_stop_threshold": "settled",
}  # option → setting


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "prompt", run, "Draw what a text says.")
    command.add_argument("prompt", metavar="TEXT", help="what is to be drawn, in a few words")
    sketch.add_drawing_options(command, _output_path, ".svg, .png, or .gif of the drawing evolving")
    sketch.add_style_weight(command)
    sketch.add_candidates(command)
    sketch.add_candidates_folder(command)
    option = command.add_argument
    option("--suffix", metavar="T", help="follows the prompt (default: words for a clear picture; '' for none)")
    option("--negative", metavar="T", help="what shall not be seen (default: words for a clear picture; '' for none)")
    option("--image-out", metavar="FILE", type=png_path, help="also write the picture that is drawn after, a .png")
    option(
        "--method",
        choices=("auto", "diffusion", "clip"),
        default="auto",
        help="clip: strokes without a picture (default: auto)",
    )
    add_checkpoint(command)
    _add_clipasso(command)
    option("--image-steps", metavar="N", type=whole_number(1, MOST_STEPS), help="of diffusion (default: the checkpoint's)")
    option(
        "--image-size", metavar="N", type=whole_number(8, LARGEST_SIDE), help="sides of the picture in px (default: its own)"
    )
    option(
        "--scheduler", metavar="NAME", default="auto", help="ddim, pndm, dpm, euler, euler-ancestral, lcm (default: its own)"
    )


def _add_clipasso(command: argparse.ArgumentParser) -> None:
    """How the picture is drawn; SD-CLIPasso draws by CLIPasso's method."""
    option = command.add_argument
    option(
        "--recipe",
        choices=("object", CLIPASSO),
        default="object",
        help=f"how the picture is drawn (default: object; {CLIPASSO}: slow)",
    )
    told = "of the encoder's layers that see where lines lie (default: 1)"
    option("--geometric-weight", metavar="F", type=number_to(HIGHEST_WEIGHT), help=f"{CLIPASSO}: {told}")
    told = "of the encoder's view of what is seen (default: 0.1)"
    option("--semantic-weight", metavar="F", type=number_to(HIGHEST_WEIGHT), help=f"{CLIPASSO}: {told}")
    option("--stroke-width", metavar="PX", type=number_to(50), help=f"{CLIPASSO}: on a canvas of 224 px (default: 1.5)")
    told = "stop after so many looks, one every 10 steps, without a gain (default: 2)"
    option("--early-stop-patience", metavar="N", type=whole_number(1, MOST_STEPS), help=f"{CLIPASSO}: {told}")
    option("--early-stop-threshold", metavar="F", type=number_to(1), help=f"{CLIPASSO}: the least gain (default: 1e-5)")


def add_checkpoint(command: argparse.ArgumentParser) -> None:
    """The options of every command that works with a diffusion network."""
    command.add_argument(
        "--checkpoint", metavar="NAME|DIR", default="auto", help="diffusion: a folder, or a name of `models list` or the hub"
    )
    command.add_argument(
        "--cfg-scale",
        metavar="F",
        type=number_to(HIGHEST_SCALE),
        help="diffusion: how closely texts are followed (default: its own)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Draws and writes; the exit code."""
    mask = sketch.mask_file(arguments.mask)
    if mask:
        sketch.read_file(mask)  # what is wrong with it is told before the picture is generated
    check_writable([*arguments.output, *([arguments.image_out] if arguments.image_out else [])], [mask] if mask else [])
    sketch.make_candidates_folder(arguments)
    line = ProgressLine(arguments.quiet)
    try:
        found, moments = _drawn(arguments, mask, line)
    finally:
        line.clear()
    outputs = [_write(path, found, moments) for path in arguments.output]
    if arguments.candidates_dir is not None:
        outputs += sketch.write_candidates(found.result, arguments.candidates_dir)
    notes = [*found.result.notes]
    if arguments.image_out and found.picture is not None:
        write_whole(arguments.image_out, found.picture)
        outputs.append(str(arguments.image_out.absolute()))
    elif arguments.image_out:
        notes.append(f"There is no picture for {arguments.image_out}: CLIP drew without one.")
    _tell(arguments, found, outputs, notes)
    return 0


def _drawn(arguments: argparse.Namespace, mask: Path | None, line: ProgressLine) -> tuple[PromptResult, list[Drawing]]:
    """The sketch, and the drawing on its way to it if that is asked for."""
    from backend.daemon.prompting import PromptOrder, draw_prompt
    from backend.daemon.sketching import prepare_process

    prepare_process()
    moments: list[Drawing] = []
    evolving = any(path.suffix.lower() == ".gif" for path in arguments.output)
    with opened_style(arguments) as packs:
        settings = sketch.settings_of(arguments, arguments.mask if mask is None else "auto")
        settings = replace(settings, style_weight=arguments.style_weight, candidates=arguments.candidates)
        recipe = _recipe(arguments)
        order = PromptOrder(_prompt(arguments), settings, packs, places(arguments), mask, recipe)
        with contextlib.closing(draw_prompt(order)) as work:
            while True:
                try:
                    progress = next(work)
                except StopIteration as end:
                    return end.value, [*moments, end.value.drawing]
                line.show(ProgressEvent(progress.stage, progress.done))
                if evolving and progress.preview is not None:
                    moments.append(progress.preview)


def _prompt(arguments: argparse.Namespace) -> PromptChoices:
    from backend.recipes.prompt_sketch import PromptChoices

    given = {name: getattr(arguments, name) for name in ("suffix", "negative") if getattr(arguments, name) is not None}
    return PromptChoices(
        arguments.prompt,
        method=arguments.method,
        checkpoint=arguments.checkpoint,
        steps=arguments.image_steps,
        cfg_scale=arguments.cfg_scale,
        side=arguments.image_size,
        scheduler=arguments.scheduler,
        **given,
    )


def _recipe(arguments: argparse.Namespace) -> Recipe:
    """How the picture is drawn; BadRequest for options of CLIPasso's method that are given to another."""
    from backend.recipes.clipasso import CLIPASSO as USUAL
    from backend.recipes.object_sketch import OBJECT_SKETCH

    given = {
        name: getattr(arguments, option) for option, name in CLIPASSO_SETTINGS.items() if getattr(arguments, option) is not None
    }
    if arguments.recipe == CLIPASSO:
        return replace(USUAL, settings=replace(USUAL.settings, **given))
    if given:
        names = ", ".join("--" + option.replace("_", "-") for option in CLIPASSO_SETTINGS)
        raise BadRequest(f"These options are for the method of CLIPasso, add --recipe {CLIPASSO}: {names}.")
    return OBJECT_SKETCH


def _write(path: Path, found: PromptResult, moments: list[Drawing]) -> str:
    """One file, whole or not at all; its absolute name."""
    from backend.daemon.sketching import result_svg
    from backend.export.evolution import evolution_gif, thinned
    from backend.export.png import drawing_pixels, png_bytes

    def pixels(drawing: Drawing) -> Pixels:
        return drawing_pixels(drawing, found.pool.rasterizer, found.pool.device, min(LONGEST, max(drawing.size)))

    ending = path.suffix.lower()
    if ending == ".svg":
        content = result_svg(found.result).encode()
    elif ending == ".gif":
        content = evolution_gif([pixels(drawing) for drawing in thinned(moments)])
    else:
        content = png_bytes(pixels(found.drawing))
    write_whole(path, content)
    return str(path.absolute())


def _tell(arguments: argparse.Namespace, found: PromptResult, outputs: list[str], notes: list[str]) -> None:
    result = found.result
    if arguments.json:
        told = {
            "recipe": "prompt_sketch",
            "prompt": arguments.prompt,
            "method": "clip" if found.picture is None else "diffusion",
            "picture_kept": found.kept,
            "notes": notes,
        }
        print(json.dumps({**sketch.account(result, outputs), **told}, ensure_ascii=False))
    elif not arguments.quiet:
        earlier = ", after a picture that was there already" if found.kept else ""
        strokes = counted(sketch.stroke_count(result), "stroke")
        print(f"{', '.join(outputs)}: {strokes} in {result.seconds['total']:.1f} s{earlier}")
        for note in notes:
            sys.stderr.write(f"stylesketch: {note}\n")


def _output_path(text: str) -> Path:
    """An argparse type: a file whose ending says its format."""
    path = Path(text)
    if path.suffix.lower() not in ENDINGS:
        raise argparse.ArgumentTypeError(f"'{text}' must end in one of: {', '.join(ENDINGS)}")
    return path
