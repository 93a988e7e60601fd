"""The work of one request: bytes to a sketch. The worker process and the command line run the same."""

from __future__ import annotations

import base64
import time
from collections import defaultdict
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from stylesketch_ext.wire.messages import ProgressEvent, SketchRequest, SketchResult, SketchSettings

from backend.core.drawing import Drawing
from backend.core.errors import BadRequest, NotFound
from backend.core.image import Framing, Image
from backend.core.notes import wording
from backend.core.work import Executor, Progress, Work
from backend.daemon.capabilities import Capabilities
from backend.daemon.result_files import Finished
from backend.daemon.results import sketch_result
from backend.daemon.warm_up import warm_up
from backend.export.picture import picture_png
from backend.export.png import drawing_png
from backend.export.svg import drawing_svg
from backend.model_pool import ModelPool, available_devices
from backend.perception.marked_foreground import Mark
from backend.perception.photograph import decode, decode_mask
from backend.perception.picture_file import named
from backend.places import Places
from backend.raster import rasterizers
from backend.recipes import EVERY_RECIPE, RECIPES, Inputs, SketchChoices
from backend.recipes.candidates import Attempts, attempted
from backend.recipes.sparing import sparing
from backend.style_library import load_pack

PREVIEW_SIDE = 320  # px
PREVIEW_PAUSE = 0.25  # seconds between two previews, at least
PREVIEW_SHARE = 6  # a preview is followed by so many times its own time of work
MASK = wording("Mask")
RESULT_SIDE = 1024  # px, the longer side of the picture of a finished job


@dataclass(frozen=True)
class Sources:
    """The files that a request names."""

    image: Path
    packs: Path  # the user's own style packs
    mask: Path | None = None
    places: Places = field(default_factory=Places.find)  # where weights are


def capabilities() -> Capabilities:
    """What this process can do; afterwards it is warm: everything that draws is loaded and has been used once."""
    prepare_process()
    pool = ModelPool.choose()
    for recipe in RECIPES.values():
        warm_up(recipe, pool)
    guidance = {name: list(recipe.guidances) for name, recipe in EVERY_RECIPE.items()}
    return Capabilities(str(pool.device), available_devices(), pool.engine, guidance, tuple(rasterizers()))


def prepare_process() -> None:
    """One thread for arithmetic, so that sums are taken in the same order on any number of cores."""
    torch.set_num_threads(1)


def sketch(request: SketchRequest, sources: Sources, workers: Sequence[Executor] = ()) -> Work[tuple[Drawing, SketchResult]]:
    """The sketch of a request; errors of our tree, OSError for unreadable files. workers: for several attempts at once."""
    begin, seconds = time.perf_counter(), _Stopwatch()
    settings = request.settings
    if request.recipe not in EVERY_RECIPE:
        raise BadRequest(
            "There is no recipe '{recipe}'; choose one of: {recipes}.", recipe=request.recipe, recipes=", ".join(EVERY_RECIPE)
        )
    pack = load_pack(settings.style, sources.packs)
    pool = ModelPool.choose(settings.device, settings.rasterizer, sources.places)
    yield seconds.seen(Progress("reading the picture", 0.0))
    inputs = read_inputs(sources, settings)
    recipe, choices, count = EVERY_RECIPE[request.recipe], choices_of(settings), settings.candidates

    def drawn(given: ModelPool) -> Work[tuple[Drawing, Attempts | None]]:
        sharing = workers if given.together is None else ()  # where memory is short, one process draws
        return attempted(recipe, inputs, choices, count, pack, given, sharing)

    work = sparing(drawn, pool)
    try:
        while True:
            yield seconds.seen(next(work))
    except StopIteration as end:
        (drawing, attempts), pool = end.value
    finally:
        work.close()
    seconds.end()
    spent = {**seconds.stages, "total": time.perf_counter() - begin}
    return drawing, sketch_result(drawing, request, pack, pool, spent, attempts)


def draw(
    request: SketchRequest, sources: Sources, previews: bool = True, workers: Sequence[Executor] = ()
) -> Generator[ProgressEvent, None, Finished]:
    """The task of the drawing worker: `sketch` with small previews, ending in every form that is kept."""
    prepare_process()
    pool = ModelPool.choose("cpu")  # of pictures of the drawing; a graphics card's memory is for those that guide it
    shots, work = Previews(pool), sketch(request, sources, workers)
    try:
        while True:
            progress = next(work)
            shot = shots.of(progress) if previews else None
            yield ProgressEvent(progress.stage, progress.done, shot, dict(progress.losses))
    except StopIteration as end:
        drawing, result = end.value
    finally:
        work.close()
    side = min(RESULT_SIDE, max(drawing.size))
    return Finished(result, result_svg(result), drawing_png(drawing, pool.rasterizer, pool.device, side))


def result_svg(result: SketchResult) -> str:
    """A result as an SVG file; equal drawings give equal bytes."""
    return drawing_svg(result.drawing, result.title, facts_of(result))


def facts_of(result: SketchResult) -> dict[str, str]:
    """How a drawing came about, for its SVG file."""
    settings = result.settings
    return {
        "recipe": result.recipe,
        "style": settings.style,
        "seed": str(settings.seed),
        "guidance": result.guidance,
        "steps": str(result.steps),
        "device": result.device,
        "engine": result.engine,
        "image": result.image,
        "version": result.version,
    }


def read_inputs(sources: Sources, settings: SketchSettings) -> Inputs:
    """The files of a request, decoded, and the user's marks; errors of our tree, OSError."""
    photograph = decode(_bytes(sources.image))
    mask = None
    if sources.mask:
        with named(MASK):
            mask = decode_mask(_bytes(sources.mask), photograph.size)
    marks = tuple(Mark(mark.kind, tuple(mark.points)) for mark in settings.marks)
    return Inputs(photograph, mask, marks)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound("The picture {name} is gone. Choose it again.", name=path.name) from None


def choices_of(settings: SketchSettings) -> SketchChoices:
    """What the user chose, as the recipes take it."""
    return SketchChoices(
        strokes=settings.strokes,
        whole_picture=settings.mask == "none",
        guidance=settings.guidance,
        seed=settings.seed,
        steps=settings.steps,
        fidelity=settings.fidelity,
        simplicity=settings.simplicity,
        style_strength=settings.style_strength,
        style_weight=settings.style_weight,
    )


class Previews:
    """Small pictures of what is growing, seldom enough not to slow it down."""

    def __init__(self, pool: ModelPool) -> None:
        self._pool, self._due = pool, 0.0

    def of(self, progress: Progress) -> str | None:
        """A base64 PNG, if the progress has a drawing or a picture and the last one is long enough ago."""
        begin = time.monotonic()
        if begin < self._due:
            return None
        if progress.preview is not None:
            png = drawing_png(progress.preview, self._pool.rasterizer, self._pool.device, PREVIEW_SIDE)
        elif progress.picture is not None:
            png = picture_png(_small(progress.picture))
        else:
            return None
        self._due = begin + max(PREVIEW_PAUSE, PREVIEW_SHARE * (time.monotonic() - begin))
        return base64.b64encode(png).decode()


def _small(picture: Image) -> Image:
    """A picture of at most PREVIEW_SIDE px a side."""
    size = (picture.shape[-2], picture.shape[-1])
    return picture if max(size) <= PREVIEW_SIDE else Framing.whole(size, PREVIEW_SIDE).crop(picture)


class _Stopwatch:
    """Seconds of each stage: a stage lasts from its first progress to that of the next one."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = defaultdict(float)
        self._stage, self._since = "", time.perf_counter()

    def seen(self, progress: Progress) -> Progress:
        self.end()
        self._stage = progress.stage
        return progress

    def end(self) -> None:
        now = time.perf_counter()
        if self._stage:
            self.stages[self._stage] += now - self._since
        self._since = now
