"""The options and files of a sketch that is drawn before one's eyes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from backend.cli.outputs import ENDINGS, write_outputs
from backend.core.errors import BadRequest
from backend.core.files import write_whole

if TYPE_CHECKING:
    from stylesketch_ext.wire.messages import SketchResult

FILMS = (".gif", ".mp4")
FORMATS = ".svg or .png; .gif or .mp4 of it being drawn"
RATE = 20.0  # pictures a second
LONGEST = 800  # px, the longer side of a film
SECONDS = (0.5, 60.0)
USUAL_SECONDS = 4.0


def add_options(command: argparse.ArgumentParser) -> None:
    """Of a command that draws strokes in an order."""
    told = "an .svg that browsers draw stroke by stroke, the most important ones first"
    command.add_argument("--animate", action="store_true", help=told)
    told = f"how long that takes in a .gif, an .mp4 or with --animate (default: {USUAL_SECONDS:g})"
    command.add_argument("--seconds", metavar="S", type=_seconds, help=told)


def output_path(text: str) -> Path:
    """An argparse type: a file whose ending says its format."""
    path = Path(text)
    if path.suffix.lower() not in (*ENDINGS, *FILMS):
        raise argparse.ArgumentTypeError(f"'{text}' must end in one of: {', '.join((*ENDINGS, *FILMS))}")
    return path


def check(arguments: argparse.Namespace) -> None:
    """BadRequest where nothing would play."""
    check_animate(arguments)
    films = any(path.suffix.lower() in FILMS for path in arguments.output)
    if arguments.seconds is not None and not (arguments.animate or films):
        raise BadRequest("--seconds is for a drawing that plays: name a .gif or .mp4 with -o, add --animate, or leave it out.")


def check_animate(arguments: argparse.Namespace) -> None:
    """BadRequest where there is no .svg that could play."""
    if arguments.animate and not any(path.suffix.lower() == ".svg" for path in arguments.output):
        raise BadRequest("--animate is for an .svg: name one with -o, or leave it out.")


def write(arguments: argparse.Namespace, result: SketchResult, svg: str, png: bytes, packs: Path) -> list[str]:
    """Writes each file in its format, whole or not at all; their absolute names in the order of the options."""
    seconds = arguments.seconds or USUAL_SECONDS
    for path in arguments.output:
        if path.suffix.lower() in FILMS:
            _write_film(path, result, seconds, packs)
        elif arguments.animate and path.suffix.lower() == ".svg":
            write_whole(path, _playing(result, seconds).encode())
        else:
            write_outputs([path], svg, png)
    return [str(path.absolute()) for path in arguments.output]


def _write_film(path: Path, result: SketchResult, seconds: float, packs: Path) -> None:
    from backend.core.drawing import Drawing
    from backend.export import animation
    from backend.export.draw_on import DrawnOn
    from backend.export.png import Pixels, drawing_pixels
    from backend.model_pool import ModelPool
    from backend.style_library import load_pack

    texture = load_pack(result.settings.style, packs).texture.at(result.settings.style_strength)
    film, pool = DrawnOn.of(result.drawing, seconds, texture), ModelPool.choose("cpu")

    def rasterized(drawing: Drawing) -> Pixels:
        return drawing_pixels(drawing, pool.rasterizer, pool.device, min(LONGEST, max(drawing.size)))

    if path.suffix.lower() == ".mp4":
        animation.write_mp4(path, film, RATE, rasterized)
    else:
        write_whole(path, animation.gif(film, RATE, rasterized))


def _playing(result: SketchResult, seconds: float) -> str:
    from backend.daemon.sketching import facts_of
    from backend.export.draw_on import draw_on_svg

    return draw_on_svg(result.drawing, seconds, result.title, facts_of(result))


def _seconds(text: str) -> float:
    """An argparse type: how long it takes."""
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        raise argparse.ArgumentTypeError(f"{text} is not between {SECONDS[0]:g} and {SECONDS[1]:g}")
    return seconds
