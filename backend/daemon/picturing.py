"""The work of requests for pictures: textures and restyled photographs."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path

from stylesketch_ext.wire.messages import (
    MAX_SEED,
    PictureInfo,
    PicturesResult,
    ProgressEvent,
    RestyleRequest,
    TextureRequest,
)

from backend import __version__
from backend.core.errors import NotFound
from backend.core.image import Image
from backend.core.notes import wording
from backend.core.work import Work
from backend.daemon.drawn_after import kept_with_picture
from backend.daemon.phrases import phrases_of
from backend.daemon.restyled_sketching import RestyledOrder, draw_restyled
from backend.daemon.result_files import Pictured, Prompted
from backend.daemon.sketching import Previews, Sources, prepare_process, read_inputs
from backend.export.picture import picture_png
from backend.model_pool import ModelPool
from backend.perception.photograph import decode
from backend.perception.picture_file import named
from backend.places import Places
from backend.recipes.style_texture import style_texture
from backend.recipes.style_transfer import RestyleChoices, StyleSource, restyle
from backend.recipes.texture_choices import Drawer, TextureChoices, TextureStep
from backend.style_library import Library
from backend.style_members import STYLE
from backend.style_pack import parse_pack

UPLOADED = wording("the chosen picture")  # what an exemplar without a pack is called


@dataclass(frozen=True)
class Made:
    """A picture, and how it was made."""

    image: Image  # [1, 3, H, W]
    guidance: str  # what was really used
    notes: tuple[str, ...]
    device: str
    snapshots: tuple[tuple[int, Image], ...] = ()  # on the way: iterations, picture


Request = TextureRequest | RestyleRequest
Events = Generator[ProgressEvent, None, Pictured]


def textures(request: TextureRequest, exemplar: Path | None, places: Places) -> Events:
    """The task of the worker: textures by each seed of the request; errors of our tree."""
    prepare_process()
    choices, pool = texture_choices(request), ModelPool.choose(request.device, places=places)
    style = _exemplar(request, exemplar, places)
    picture = decode(style.content).pixels

    def made(seed: int) -> Work[Made]:
        work, shots = style_texture(picture, replace(choices, seed=seed), pool, style.drawer), dict[int, Image]()
        try:
            while True:
                progress = next(work)
                if isinstance(progress, TextureStep) and progress.snapshot is not None:
                    shots[progress.number] = progress.snapshot
                yield progress
        except StopIteration as end:
            result = end.value
        finally:
            work.close()
        kept = tuple(shot for shot in reversed(shots.items()) if shot[0] < result.steps)[: request.snapshots]
        return Made(result.image, result.guidance, result.notes, result.device, kept)

    return (yield from _each_seed(request, "style_texture", made, pool, style.title))


def restyled(
    request: RestyleRequest, image: Path, exemplar: Path | None, mask: Path | None, places: Places
) -> Generator[ProgressEvent, None, Pictured | Prompted]:
    """The task of the worker: a picture restyled by each seed of the request, or a sketch of one; errors of our tree.

    mask: of the picture, for the sketch.
    """
    prepare_process()
    rasterizer = "auto" if request.sketch is None else request.sketch.rasterizer
    pool = ModelPool.choose(request.device, rasterizer, places)
    found = _exemplar(request, exemplar, places)
    with named(found.title or UPLOADED):
        style = StyleSource(decode(found.content).pixels, found.title or UPLOADED, found.learned)
    choices = RestyleChoices(strength=request.strength, method=request.method, prompt=request.prompt, seed=request.seed)
    if request.sketch is not None:
        inputs = read_inputs(Sources(image, places.packs, mask, places), request.sketch)
        order = RestyledOrder(inputs, style, choices, request.sketch, places.packs, request.title)
        return (yield from kept_with_picture(draw_restyled(order, pool), pool))
    photograph = decode(_bytes(image)).pixels

    def made(seed: int) -> Work[Made]:
        result = yield from restyle(photograph, style, replace(choices, seed=seed), pool)
        return Made(result.image, result.method, result.notes, result.device)

    return (yield from _each_seed(request, "style_transfer", made, pool, found.title))


def texture_choices(request: TextureRequest) -> TextureChoices:
    """What the request asks for, as the recipe takes it; BadRequest."""
    choices = TextureChoices(
        size=(request.height, request.width),
        tiled=request.tiled,
        region=request.region,
        area=request.area,
        guidance=request.guidance,
    )
    if request.patch is not None:
        choices = replace(choices, patch=request.patch)
    if request.iterations is not None:
        choices = replace(choices, iterations=request.iterations)
    if request.snapshots:
        choices = replace(choices, snapshot_every=max(1, choices.steps // (request.snapshots + 1)))
    return choices


def _each_seed(request: Request, recipe: str, made: Callable[[int], Work[Made]], pool: ModelPool, title: str) -> Events:
    """The pictures of all seeds, with small previews on the way."""
    begin, previews, found = time.perf_counter(), Previews(pool), list[Made]()
    for number in range(request.tries):
        work = made(_seed(request, number))
        try:
            while True:
                progress = next(work).within(number / request.tries, (number + 1) / request.tries)
                yield ProgressEvent(progress.stage, progress.done, previews.of(progress), dict(progress.losses))
        except StopIteration as end:
            found.append(end.value)
        finally:
            work.close()
    pictured = _pictured(request, recipe, found, time.perf_counter() - begin)
    return replace(pictured, result=replace(pictured.result, style_title=title))


def _seed(request: Request, number: int) -> int:
    """Of a try; after the highest one comes 0, so that each can be asked for alone."""
    return (request.seed + number) % (MAX_SEED + 1)


def _pictured(request: Request, recipe: str, found: list[Made], seconds: float) -> Pictured:
    infos, pictures = list[PictureInfo](), list[bytes]()
    for number, made in enumerate(found):
        for iterations, image in ((0, made.image), *made.snapshots):
            infos.append(PictureInfo(image.shape[-1], image.shape[-2], _seed(request, number), iterations))
            pictures.append(picture_png(image))
    notes = dict.fromkeys(note for made in found for note in made.notes)
    result = PicturesResult(
        pictures=infos,
        recipe=recipe,
        guidance=found[0].guidance,
        style="" if request.exemplar else request.style,
        device=found[0].device,
        version=__version__,
        title=request.title,
        notes=list(notes),
        phrases=phrases_of(notes),
        seconds=round(seconds, 3),
    )
    return Pictured(result, pictures)


@dataclass(frozen=True)
class _Exemplar:
    content: bytes  # of a picture file
    title: str = ""  # of the style pack
    learned: bytes | None = None
    drawer: Drawer | None = None  # the style pack, where it can draw by itself


def _exemplar(request: Request, file: Path | None, places: Places) -> _Exemplar:
    """The style image of a request; BadRequest for a pack without one."""
    if file is not None:
        return _Exemplar(_bytes(file))
    library = Library(places.packs)
    pack = library.read(request.style)
    style = parse_pack(pack.files[STYLE].decode(), request.style)
    return _Exemplar(pack.exemplar, style.title, pack.learned, Drawer(style, library.is_bundled(request.style)))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound("The picture {name} is gone. Choose it again.", name=path.name) from None
