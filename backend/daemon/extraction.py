"""The work of style requests: pictures to a pack, and what networks see in one. The command line runs the same recipes."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from stylesketch_ext.wire.messages import FeaturesRequest, ProgressEvent, StyleRequest

from backend.core.errors import NotFound
from backend.daemon.sketching import prepare_process
from backend.daemon.styles import Extraction, Seeing
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes.later_features import later_features
from backend.recipes.style_extraction import extract_style
from backend.style_library import Library


def extract(request: StyleRequest, images: Sequence[Path], places: Places) -> Generator[ProgressEvent, None, Extraction]:
    """The task of the worker: the pack of some picture files; errors of our tree. places: where encoders' weights are."""
    prepare_process()
    pool = ModelPool.choose("cpu", places=places)
    work = extract_style([_bytes(path) for path in images], request.name, pool, request.title)
    try:
        while True:
            progress = next(work)
            yield ProgressEvent(progress.stage, progress.done)
    except StopIteration as end:
        return Extraction(end.value.pack, request.replace, end.value.notes)
    finally:
        work.close()


def see(request: FeaturesRequest, packs: Path, places: Places) -> Generator[ProgressEvent, None, Seeing]:
    """The task of the worker: what networks see in an own pack of the folder `packs`; errors of our tree."""
    prepare_process()
    library = Library(packs)
    library.own_folder(request.style)
    work = later_features(library.read(request.style), ModelPool.choose("cpu", places=places))
    try:
        while True:
            progress = next(work)
            yield ProgressEvent(progress.stage, progress.done)
    except StopIteration as end:
        return Seeing(request.style, end.value)
    finally:
        work.close()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound("The picture {name} is gone. Choose it again.", name=path.name) from None
