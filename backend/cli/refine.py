"""`stylesketch refine`: a sketch drawn on."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stylesketch_ext.wire.codec import WireError, loads
from stylesketch_ext.wire.messages import (
    MAX_SEED,
    MAX_STEPS,
    MAX_STROKES,
    PathData,
    RefineRequest,
    SketchResult,
    SketchSettings,
    StrokeData,
)

from backend.cli.arguments import Commands, add_command, add_rasterizer, places, share, whole_number
from backend.cli.outputs import check_writable, output_path
from backend.cli.sketch import account, mask_file, read_file
from backend.cli.style_option import opened_style
from backend.cli.terminal import ProgressLine, counted
from backend.core.errors import BadRequest
from backend.core.files import write_whole
from backend.places import Places

if TYPE_CHECKING:
    from backend.daemon.refining import RefinedSketch
    from backend.document.markup import Element
    from backend.document.rewriting import NewStroke
    from backend.document.sketches import Sketch

WHOLE = ("scene",)  # recipes that draw more than one subject


def add(commands: Commands) -> None:
    """Adds the command."""
    command = add_command(commands, "refine", run, "Draw on a sketch: strokes anew, more of them or fewer, in a part of it.")
    option = command.add_argument
    option("drawing", metavar="DRAWING.svg", type=Path, help="a drawing by StyleSketch, also one that was edited since")
    option("-o", "--output", metavar="FILE", type=output_path, action="append", required=True, help=".svg or .png; repeatable")
    option("--image", metavar="FILE", type=Path, help="the picture (default: the one in the drawing or beside it)")
    option("--lock", metavar="ID", nargs="+", action="extend", default=[], help="strokes or groups that stay as they are")
    option("--region", metavar="ID", help="a closed shape in the drawing: only in it something is changed")
    told = "+N: so many more, -N: so many fewer, N: so many in all (in the region); default: as many as there are"
    option("--strokes", metavar="±N", type=_change, help=told)
    option("--layer", metavar="ID", help="the layer of the sketch, where the drawing has several")
    option("--style", metavar="NAME|PACK", help="a style pack (default: the drawing's)")
    option("--style-strength", metavar="F", type=share, help="0 = a plain pen … 1 = the full style (default: the drawing's)")
    option("--fidelity", metavar="F", type=share, help="1 = precise … 0 = loose (default: the drawing's)")
    option("--mask", metavar="auto|none|FILE", help="the subject: found, everything, or white in FILE (default: auto)")
    option("--guidance", metavar="NAME", default="auto", help="what the strokes are fitted to (default: auto)")
    option("--seed", metavar="N", type=whole_number(0, MAX_SEED), help="another variation (default: one that is new)")
    option("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)")
    add_rasterizer(command)
    option("--steps", metavar="N", type=whole_number(0, MAX_STEPS), help="optimization steps (default: the recipe's)")
    option("--json", action="store_true", help="print one JSON object about what was changed")
    option("--quiet", action="store_true", help="no progress, no summary")


@dataclass(frozen=True)
class _Opened:
    """A drawing that was read."""

    root: Element
    data: bytes
    sketch: Sketch
    elements: list[Element]  # of its strokes; the number of each is its id on the wire
    strokes: list[StrokeData]


def run(arguments: argparse.Namespace) -> int:
    """Draws on and writes; the exit code."""
    _check_files(arguments)
    line = ProgressLine(arguments.quiet)
    opened = _open(arguments)
    arguments.style = arguments.style or opened.sketch.fact("style") or SketchSettings.style
    with opened_style(arguments) as packs, contextlib.ExitStack() as stack:
        settings, wish = _settings(arguments, opened.sketch), _wish(arguments, opened)
        picture, notes = (None, []) if wish.takes_away else _picture(arguments, opened, stack)
        image = hashlib.sha256(picture.read_bytes()).hexdigest() if picture else ""
        request = replace(wish, image=image, settings=settings)
        try:
            made = _refined(request, picture, arguments, packs, places(arguments), line)
        finally:
            line.clear()
    outputs = _write(arguments, opened, made)
    _tell(arguments, replace(made.result, notes=[*notes, *made.result.notes]), outputs)
    return 0


def _refined(
    request: RefineRequest, picture: Path | None, arguments: argparse.Namespace, packs: Path, where: Places, line: ProgressLine
) -> RefinedSketch:
    from stylesketch_ext.wire.messages import ProgressEvent

    from backend.core.work import completed
    from backend.daemon.refining import refine
    from backend.daemon.sketching import Sources, prepare_process

    prepare_process()
    mask = mask_file(arguments.mask or "auto")
    work = refine(request, Sources(picture or Path(), packs, mask, where))
    return completed(work, lambda progress: line.show(ProgressEvent(progress.stage, progress.done)))


def _open(arguments: argparse.Namespace) -> _Opened:
    from backend.document.markup import parsed
    from backend.document.sketches import find_sketch, is_held, is_ours

    root, data = parsed(_drawing_bytes(arguments.drawing))
    sketch = find_sketch(root, arguments.layer, arguments.lock)
    locked = sketch.chosen(arguments.lock)
    elements: list[Element] = []
    strokes = []
    for stroke in sketch.strokes():
        element = stroke.element
        if element.id == arguments.region:
            continue
        if not elements or elements[-1] is not element:
            elements.append(element)
        held = element in locked or not is_ours(element) or is_held(element, sketch)
        points = [(round(x, 3), round(y, 3)) for x, y in stroke.points.tolist()]
        widths, name = [round(width, 3) for width in stroke.widths], str(len(elements) - 1)
        known = StrokeData(name, points, stroke.closed, widths, stroke.color, stroke.opacity, held)
        strokes.append(_noted(known, element) if is_ours(element) else known)
    return _Opened(root, data, sketch, elements, strokes)


def _noted(stroke: StrokeData, element: Element) -> StrokeData:
    """The stroke with what is noted on its element."""
    from backend.document.markup import STYLESKETCH

    def number(name: str) -> float:
        try:
            return float(element.get(name, STYLESKETCH) or 0)
        except ValueError:
            return 0.0

    kind = element.get("kind", STYLESKETCH) or "contour"
    return replace(stroke, index=int(number("index")), importance=number("importance"), kind=kind)


def _wish(arguments: argparse.Namespace, opened: _Opened) -> RefineRequest:
    """What is asked for, without picture and settings: taking away is assumed to need none."""
    region = []
    if arguments.region:
        rings = opened.sketch.region(opened.root, arguments.region)
        region = [[(round(x, 2), round(y, 2)) for x, y in ring.tolist()] for ring in rings]
    change: tuple[str, int] | None = arguments.strokes
    sign, number = change or ("", 0)
    image = "-"  # named once it is known
    whole = opened.sketch.fact("recipe") in WHOLE
    alike = arguments.style == (opened.sketch.fact("style") or arguments.style)
    size, title = opened.sketch.size, arguments.drawing.name
    made = RefineRequest(image, opened.strokes, region=region, whole=whole, alike=alike, size=size, title=title)
    if change is None:
        return made
    return replace(made, count=number) if not sign else replace(made, redraw=False, more=number if sign == "+" else -number)


def _settings(arguments: argparse.Namespace, sketch: Sketch) -> SketchSettings:
    """The drawing's, but for what the options say."""
    try:
        noted = loads(SketchSettings, sketch.fact("settings")) if sketch.fact("settings") else SketchSettings()
    except WireError:  # of another version
        noted = SketchSettings()
    seed = int(sketch.fact("seed")) if sketch.fact("seed").isdigit() else noted.seed
    anew = arguments.strokes is None or not arguments.strokes[0]
    mask = mask_file(arguments.mask or "auto")
    return SketchSettings(
        style=arguments.style,
        mask=hashlib.sha256(read_file(mask)).hexdigest() if mask else arguments.mask or _mask(noted),
        guidance=arguments.guidance,
        seed=(seed + anew) % (MAX_SEED + 1) if arguments.seed is None else arguments.seed,
        device=arguments.device,
        rasterizer=arguments.rasterizer,
        steps=arguments.steps,
        fidelity=noted.fidelity if arguments.fidelity is None else arguments.fidelity,
        marks=noted.marks,
        style_strength=noted.style_strength if arguments.style_strength is None else arguments.style_strength,
    )


def _mask(noted: SketchSettings) -> str:
    """The noted mask, unless it was a picture, which is nowhere any more."""
    return noted.mask if noted.mask in ("auto", "none") else "auto"


def _picture(arguments: argparse.Namespace, opened: _Opened, stack: contextlib.ExitStack) -> tuple[Path, list[str]]:
    """The file of the picture, and what to tell of it; BadRequest."""
    from backend.document.pictures import find_picture
    from backend.perception.photograph import decode

    sketch = opened.sketch
    if arguments.image is None:
        data = find_picture(opened.root, sketch, arguments.drawing)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stylesketch-")))
        (folder / "picture").write_bytes(data)
        return folder / "picture", []
    data = read_file(arguments.image)
    if hashlib.sha256(data).hexdigest() == sketch.fact("image") or sketch.size is None:
        return arguments.image, []
    height, width = decode(data).size
    if (width, height) != sketch.size:
        raise BadRequest(
            "{image} has {width} × {height} px, but the drawing is of a picture of {old_width} × {old_height} px. "
            "Name that one with --image.",
            image=arguments.image.name,
            width=width,
            height=height,
            old_width=sketch.size[0],
            old_height=sketch.size[1],
        )
    return arguments.image, [f"{arguments.image.name} is not the picture that was drawn at first, but has its size."]


def _write(arguments: argparse.Namespace, opened: _Opened, made: RefinedSketch) -> list[str]:
    from backend.daemon.refining import whole_png
    from backend.document.rewriting import redrawn
    from backend.export.svg import POWER_STROKE

    result = made.result
    removed = [opened.elements[int(name)] for name in result.removed]
    new = [_new(path) for layer in result.drawing.layers for path in layer.paths]
    facts = {"version": result.version}
    if new:
        facts |= {"seed": str(result.settings.seed), "image": result.image}
    svg = redrawn(opened.root, opened.data, opened.sketch, removed, new, facts, POWER_STROKE)
    for path in arguments.output:
        write_whole(path, svg if path.suffix.lower() == ".svg" else whole_png(made))
    return [str(path.absolute()) for path in arguments.output]


def _new(path: PathData) -> NewStroke:
    from backend.document.rewriting import NewStroke

    facts = {"index": str(path.index), "importance": f"{path.importance:g}", "kind": path.kind, "region": path.region}
    return NewStroke(
        path.id, path.points, path.closed, path.widths, path.color, path.opacity, path.profile, path.outline, facts
    )


def _tell(arguments: argparse.Namespace, result: SketchResult, outputs: list[str]) -> None:
    new = sum(len(layer.paths) for layer in result.drawing.layers)
    if arguments.json:
        print(json.dumps({**account(result, outputs), "removed": len(result.removed)}, ensure_ascii=False))
    elif not arguments.quiet:
        gone = counted(len(result.removed), "stroke")
        print(f"{', '.join(outputs)}: {counted(new, 'new stroke')} for {gone}, in {result.seconds['total']:.1f} s")
        _say(result.notes)


def _say(notes: Sequence[str]) -> None:
    import sys

    for note in notes:
        sys.stderr.write(f"stylesketch: {note}\n")


def _check_files(arguments: argparse.Namespace) -> None:
    mask = mask_file(arguments.mask or "auto")
    for path in arguments.output:
        if path.exists() and arguments.drawing.exists() and path.samefile(arguments.drawing):
            raise BadRequest(f"{path} is the drawing itself. Choose another name for the changed one, so that nothing is lost.")
    check_writable(arguments.output, [path for path in (arguments.image, mask) if path])


def _drawing_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadRequest(f"There is no file {path}. Check its name.") from None
    except IsADirectoryError:
        raise BadRequest(f"{path} is a folder. Choose a drawing in it.") from None
    except OSError as error:
        raise BadRequest(f"{path} cannot be read ({error.strerror}). Check its permissions.") from error


def _change(text: str) -> tuple[str, int]:
    """An argparse type: a sign or none, and a number."""
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-", "−") else ("", text)
    if not digits.isdigit() or not 1 <= int(digits) <= MAX_STROKES:
        raise argparse.ArgumentTypeError(f"'{text}' is neither +N, -N nor N, with N from 1 to {MAX_STROKES}")
    return "-" if sign == "−" else sign, int(digits)
