"""`stylesketch texture`: a style image to a texture of any size."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from stylesketch_ext.wire.messages import MAX_SEED, ProgressEvent

from backend import __version__
from backend.cli.arguments import Commands, add_command, places, whole_number
from backend.cli.exemplar import Exemplar, read_exemplar
from backend.cli.outputs import check_writable, make_folder
from backend.cli.terminal import ProgressLine
from backend.core.errors import BadRequest, Cancelled
from backend.core.files import write_whole

if TYPE_CHECKING:
    from backend.core.work import Progress
    from backend.recipes.texture_choices import Drawer, TextureChoices, TextureResult

MOST_ITERATIONS = 100_000
OF_ENCODERS = (
    "start",
    "layers",
    "iterations",
    "optimizer",
    "style_loss_weight",
    "variation_loss_weight",
    "print_every",
    "save_every",
)


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "texture", run, "Make a texture of any size from a style image.")
    option = command.add_argument
    option("style", metavar="STYLE_IMAGE|PACK", help="a picture file, or a style pack that carries an exemplar")
    option("-o", "--output", metavar="FILE", type=png_path, required=True, help="the texture, a .png")
    option("--size", metavar="WxH", type=size_of, default=(512, 512), help="in pixels (default: 512x512)")
    option("--tile", action="store_true", help="opposite borders fit, so that it can be repeated")
    option(
        "--region", metavar="X,Y,W,H|lines|paper", type=region_of, help="imitate only this part of the style image (its pixels)"
    )
    option(
        "--guidance",
        metavar="NAME",
        default="auto",
        help="classical (patches), drawn (by a pack's own pen), an encoder: vgg19, vgg19_distilled, squeezenet; or auto: drawn "
        "for lines and paper of packs that come with StyleSketch, else classical",
    )
    option("--patch", metavar="N", type=whole_number(8, 1024), help="classical: side of a patch in pixels (default: automatic)")
    told = "encoder: what it begins with, the texture of patches, or noise (default: patches)"
    option("--start", choices=("patches", "noise"), help=told)
    option("--layers", metavar="L,…", type=_names, help="encoder: the feature layers that are compared (default: several)")
    option(
        "--iterations",
        metavar="N",
        type=whole_number(1, MOST_ITERATIONS),
        help="encoder: steps in all (default: 40; from noise 200)",
    )
    option("--optimizer", choices=("lbfgs", "adam"), help="encoder: how steps are taken (default: lbfgs)")
    option("--style-loss-weight", metavar="W", type=loss_weight, help="encoder: of the Gram matrices (default: 1e7)")
    option(
        "--variation-loss-weight",
        metavar="W",
        type=loss_weight,
        help="encoder: of total variation (default: 1e5)",
    )
    option("--print-every", metavar="N", type=whole_number(1, MOST_ITERATIONS), help="encoder: print the losses this often")
    option("--save-every", metavar="N", type=whole_number(1, MOST_ITERATIONS), help="encoder: keep a snapshot this often")
    option("--snapshots", metavar="DIR", type=Path, help="encoder: where snapshots go (default: beside the texture)")
    option("--seed", metavar="N", type=whole_number(0, MAX_SEED), default=0, help="another seed, another variation")
    option("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")
    option("--json", action="store_true", help="print one JSON object about the texture")
    option("--quiet", action="store_true", help="no progress, no summary")


def run(arguments: argparse.Namespace) -> int:
    """Makes and writes the texture; the exit code."""
    _check_options(arguments)
    exemplar = read_exemplar(arguments.style, places(arguments))
    check_writable([arguments.output], [exemplar.file] if exemplar.file else [])
    snapshots = _Snapshots(arguments)
    begin = time.perf_counter()
    line = ProgressLine(arguments.quiet)
    try:
        result = _made(arguments, exemplar, snapshots, line)
    except KeyboardInterrupt:
        raise Cancelled(snapshots.farewell) from None
    finally:
        line.clear()
    _write(arguments, result, snapshots, time.perf_counter() - begin, exemplar.label)
    return 0


def _made(arguments: argparse.Namespace, exemplar: Exemplar, snapshots: _Snapshots, line: ProgressLine) -> TextureResult:
    from backend.daemon.sketching import prepare_process
    from backend.model_pool import ModelPool
    from backend.perception.photograph import decode
    from backend.recipes.style_texture import style_texture

    prepare_process()
    pool = ModelPool.choose(arguments.device, places=places(arguments))
    work = style_texture(decode(exemplar.content).pixels, choices_of(arguments), pool, drawer_of(exemplar))
    with contextlib.closing(work):
        while True:
            try:
                progress = next(work)
            except StopIteration as end:
                return end.value
            line.show(ProgressEvent(progress.stage, progress.done, None, dict(progress.losses)))
            snapshots.see(progress, line)


def choices_of(arguments: argparse.Namespace) -> TextureChoices:
    """What the options ask for; BadRequest."""
    from backend.recipes.texture_choices import TextureChoices

    given = {
        name: getattr(arguments, name)
        for name in ("start", "layers", "iterations", "optimizer", "style_loss_weight", "variation_loss_weight", "patch")
        if getattr(arguments, name) is not None
    }
    if arguments.region is not None:
        given["area" if isinstance(arguments.region, str) else "region"] = arguments.region
    return TextureChoices(
        size=arguments.size,
        tiled=arguments.tile,
        guidance=arguments.guidance,
        seed=arguments.seed,
        snapshot_every=arguments.save_every or 0,
        **given,
    )


def drawer_of(exemplar: Exemplar) -> Drawer | None:
    """The pack that can draw a texture itself, if the exemplar is of one; BadRequest."""
    from backend.recipes.texture_choices import Drawer
    from backend.style_members import STYLE
    from backend.style_pack import parse_pack

    if exemplar.pack is None:
        return None
    return Drawer(parse_pack(exemplar.pack.files[STYLE].decode(), exemplar.pack.name), exemplar.bundled)


class _Snapshots:
    """Prints and keeps what an encoder's texture looks like on its way."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._print_every: int = arguments.print_every or 0
        self._folder: Path = arguments.snapshots or arguments.output.parent
        self._stem: str = arguments.output.stem
        self.files: list[str] = []
        if arguments.snapshots is not None:
            make_folder(arguments.snapshots)
            check_writable([self._folder / "iteration"])

    def see(self, progress: Progress, line: ProgressLine) -> None:
        """Prints the losses and writes the picture where it is time."""
        from backend.export.picture import picture_png
        from backend.recipes.texture_choices import TextureStep

        if not isinstance(progress, TextureStep):
            return
        if self._print_every and progress.number % self._print_every == 0:
            line.clear()
            losses = ", ".join(f"{name} {value:.4g}" for name, value in progress.losses.items())
            sys.stderr.write(f"iteration {progress.number}: {losses}\n")
        if progress.snapshot is not None:
            path = self._folder / f"{self._stem}_{progress.number:05d}.png"
            write_whole(path, picture_png(progress.snapshot))
            self.files = list(dict.fromkeys([*self.files, str(path.absolute())]))  # memory may run out, and all begin anew

    @property
    def farewell(self) -> str:
        """What is left after Ctrl-C."""
        if self.files:
            return f"Stopped; the snapshots so far are in {self._folder.absolute()}."
        return "Stopped; nothing was written."


def _write(arguments: argparse.Namespace, result: TextureResult, snapshots: _Snapshots, seconds: float, style: str) -> None:
    from backend.export.picture import picture_png

    write_whole(arguments.output, picture_png(result.image))
    output, (height, width) = str(arguments.output.absolute()), result.image.shape[-2:]
    if arguments.json:
        account = {
            "version": __version__,
            "recipe": "style_texture",
            "outputs": [output, *snapshots.files],
            "size": [width, height],
            "seed": arguments.seed,
            "device": result.device,
            "guidance": result.guidance,
            "style": style,
            "seconds": {"total": seconds},
            "steps": result.steps,
            "losses": result.losses,
            "notes": list(result.notes),
        }
        print(json.dumps(account, ensure_ascii=False))
    elif not arguments.quiet:
        print(f"{output}: {width} × {height} px in {seconds:.1f} s ({result.guidance})")
        for note in result.notes:
            sys.stderr.write(f"stylesketch: {note}\n")


def _check_options(arguments: argparse.Namespace) -> None:
    """BadRequest for options of one guidance given to another."""
    patches, plain = ("auto", "classical"), ("auto", "classical", "drawn")
    encoded = arguments.guidance not in plain
    idle = [name for name in (*OF_ENCODERS, "snapshots") if getattr(arguments, name) is not None and not encoded]
    if idle:
        option = "--" + idle[0].replace("_", "-")
        raise BadRequest(f"{option} is for encoders: add --guidance vgg19_distilled, vgg19 or squeezenet, or leave it out.")
    if arguments.guidance not in patches and arguments.patch is not None:
        raise BadRequest("--patch is for textures of patches: leave it out, or take --guidance classical.")
    if arguments.snapshots is not None and arguments.save_every is None:
        raise BadRequest("--snapshots is where snapshots go: say how often with --save-every N.")


def size_of(text: str) -> tuple[int, int]:
    """An argparse type: WxH as height and width."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 2 or not all(part.isdecimal() and len(part) < 7 for part in parts):
        raise argparse.ArgumentTypeError(f"'{text}' must be width x height in pixels, for example 512x512")
    return int(parts[1]), int(parts[0])


def region_of(text: str) -> tuple[int, int, int, int] | str:
    """An argparse type: X,Y,W,H, or the name of an area."""
    if text in ("lines", "paper"):
        return text
    parts = text.split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() and len(part) < 8 for part in parts):
        raise argparse.ArgumentTypeError(
            f"'{text}' must be lines, paper, or X,Y,W,H in pixels of the style image: 40,60,200,200"
        )
    x, y, width, height = (int(part) for part in parts)
    return x, y, width, height


def png_path(text: str) -> Path:
    """An argparse type: a file that ends in .png."""
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"'{text}' must end in .png")
    return Path(text)


def loss_weight(text: str) -> float:
    """An argparse type: a number that is not negative."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1e15:
        raise argparse.ArgumentTypeError(f"'{text}' is not a weight, a number from 0 on")
    return value


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
