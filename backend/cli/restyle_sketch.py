"""`stylesketch restyle --sketch`: restyled photographs drawn with a pen."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylesketch_ext.wire.messages import MAX_STEPS, SketchSettings

from backend.cli import draw_on, sketch
from backend.cli.arguments import add_rasterizer, whole_number
from backend.cli.exemplar import Exemplar
from backend.cli.restyle_tasks import RestyleTask
from backend.cli.style_option import opened_style
from backend.core.errors import BadRequest
from backend.core.files import write_whole

if TYPE_CHECKING:
    from stylesketch_ext.wire.messages import SketchResult

    from backend.core.work import Work
    from backend.daemon.restyled_sketching import RestyledDrawn
    from backend.model_pool import ModelPool
    from backend.recipes.style_transfer import RestyleChoices, StyleSource

FOR_SKETCHES = (
    "pen", "image_out", "mask", *sketch.MARKS, "guidance", "strokes", "fidelity", "simplicity", "style_strength",
    "style_weight", "candidates", "sketch_steps", "rasterizer", "animate", "seconds",
)  # fmt: skip


def add_options(command: argparse.ArgumentParser) -> None:
    """How a restyled picture is drawn."""
    option = command.add_argument
    told = "draw the restyled picture with a pen: -o then takes .svg, .png, .gif or .mp4, and is repeatable"
    option("--sketch", action="store_true", help=told)
    told = "sketch: the style pack that draws (default: that of --style; with a picture there, technical-pen)"
    option("--pen", metavar="NAME|PACK", help=told)
    option("--image-out", metavar="FILE|DIR", type=Path, help="sketch: also write the restyled picture, a .png")
    sketch.add_subject(command)
    sketch.add_style_weight(command)
    sketch.add_candidates(command)
    option("--sketch-steps", metavar="N", type=whole_number(0, MAX_STEPS), help="sketch: optimization steps of the drawing")
    add_rasterizer(command)
    draw_on.add_options(command)


def check(arguments: argparse.Namespace, default: Callable[[str], object]) -> None:
    """BadRequest for options of sketches without --sketch. default: what an option is where it is not given."""
    if arguments.sketch:
        if not arguments.image.is_dir():
            draw_on.check(arguments)
        elif arguments.animate or arguments.seconds is not None:
            raise BadRequest("--animate and --seconds are for a single photograph: leave them out.")
        elif sketch.mask_file(arguments.mask) or any(getattr(arguments, kind) for kind in sketch.MARKS):
            raise BadRequest("A mask or a mark is for a single photograph: leave it out, or name one instead of a folder.")
        return
    given = [name for name in FOR_SKETCHES if getattr(arguments, name) != default(name)]
    if given:
        raise BadRequest(f"--{given[0].replace('_', '-')} is for sketches: add --sketch, or leave it out.")


@dataclass(frozen=True)
class Pen:
    """How restyled pictures are drawn."""

    arguments: argparse.Namespace  # whose `style` is the pen's pack
    settings: SketchSettings
    packs: Path  # where that pack lies
    mask: Path | None

    def drawn(self, task: RestyleTask, style: StyleSource, choices: RestyleChoices, pool: ModelPool) -> Work[RestyledDrawn]:
        """The sketch of a photograph restyled after a style; BadRequest, …"""
        from backend.daemon.restyled_sketching import RestyledOrder, draw_restyled
        from backend.perception.marked_foreground import Mark
        from backend.perception.photograph import decode, decode_mask
        from backend.perception.picture_file import named
        from backend.recipes.recipe import Inputs

        photograph = decode(sketch.read_file(task.photograph))
        mask = None
        if self.mask:
            with named(self.mask.name):
                mask = decode_mask(sketch.read_file(self.mask), photograph.size)
        marks = tuple(Mark(mark.kind, tuple(mark.points)) for mark in self.settings.marks)
        inputs = Inputs(photograph, mask, marks)
        order = RestyledOrder(inputs, style, choices, self.settings, self.packs, task.photograph.name)
        return draw_restyled(order, pool)

    def write(self, task: RestyleTask, made: RestyledDrawn) -> None:
        """The files of a task, but for its edges."""
        from backend.daemon.sketching import RESULT_SIDE, result_svg
        from backend.export.png import drawing_png

        side = min(RESULT_SIDE, max(made.drawing.size))
        png = drawing_png(made.drawing, made.pool.rasterizer, made.pool.device, side)
        named = argparse.Namespace(**{**vars(self.arguments), "output": task.outputs})
        draw_on.write(named, made.result, result_svg(made.result), png, self.packs)
        if task.picture and made.picture is not None:
            write_whole(task.picture, made.picture)


@contextlib.contextmanager
def opened_pen(arguments: argparse.Namespace, exemplar: Exemplar) -> Iterator[Pen | None]:
    """The pen of --sketch; None without. Raises BadRequest, BadPack, OSError."""
    if not arguments.sketch:
        yield None
        return
    usual = SketchSettings.style if exemplar.file else arguments.style
    own: dict[str, Any] = {**vars(arguments), "style": arguments.pen or usual, "steps": arguments.sketch_steps}
    pen, mask = argparse.Namespace(**own), sketch.mask_file(arguments.mask)
    with opened_style(pen) as packs:
        settings = sketch.settings_of(pen, "auto" if mask else arguments.mask)
        settings = replace(settings, style_weight=arguments.style_weight, candidates=arguments.candidates)
        yield Pen(pen, settings, packs, mask)


def account(result: SketchResult) -> dict[str, object]:
    """What --json tells of a sketch beside the restyling; its device is what drew it."""
    return {
        "device": result.device,
        "pen": result.settings.style,
        "strokes": sketch.stroke_count(result),
        "engine": result.engine,
        "scores": result.scores,
    }
