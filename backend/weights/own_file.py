"""Weights that the user brings as a file, because this computer is offline or nobody publishes them as one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from backend.core.errors import BadRequest
from backend.places import Places
from backend.weights.digest import CHUNK
from backend.weights.intake import busy, holding, put
from backend.weights.manifest import MANIFEST, Weights, WeightsFile
from backend.weights.room import need_room
from backend.weights.shelf import Manifest, Receipt, check_layout, fits, known_archives, named

if TYPE_CHECKING:
    from backend.weights.formats import Tensors

FOLDER = (("model.safetensors", "pytorch_model.bin"), ("tokenizer.json", "merges.txt"))  # of a model on the hub, best first


def add(source: Path, places: Places, name: str | None = None, manifest: Manifest = MANIFEST) -> tuple[Weights, Receipt]:
    """Copies a file that the user brought to the shelf; without a name it is told by its sha256, else by its tensors.

    Raises BadRequest for a file that is unreadable, unknown or another network's, OutOfDisk, Conflict, NotFound.
    """
    from backend.weights.formats import ending

    wanted = named(name, manifest) if name else None
    places.weights.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _copied(source, places.weights) as (copy, sha256):
        weights, file = _recognized(copy, sha256, source, wanted, manifest)
        receipt = Receipt(
            file=file.name if file else weights.name + ending(copy),
            size=copy.stat().st_size,
            sha256=sha256,
            source=source.name,
            proof=file.proof if file else "told by its tensors",
        )
        with holding(weights, places) as held:
            if not held:
                raise busy(weights)
            put(copy, weights, receipt, places)
    return weights, receipt


def add_folder(
    folder: Path, places: Places, name: str | None = None, manifest: Manifest = MANIFEST
) -> list[tuple[Weights, Receipt]]:
    """As `add`, of a folder as the hub publishes a model: its tensors, and its vocabulary where it has one.

    name: whose the tensors are. Raises as `add` does, and BadRequest where the folder holds no tensors.
    """
    found = []
    for number, names in enumerate(FOLDER):
        file = next((folder / each for each in names if (folder / each).is_file()), None)
        if file:
            found.append(add(file, places, name if number == 0 else None, manifest))
        elif number == 0:
            raise BadRequest(
                "{folder} has none of the files {names}. Name a folder or a file with weights.",
                folder=folder,
                names=", ".join(names),
            )
    return found


@contextlib.contextmanager
def _copied(source: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """A copy of the user's file and its sha256; removed in the end if nobody moved it away."""
    try:
        size = source.stat().st_size
        if not source.is_file():
            raise BadRequest("{source} is no file. Name the file with the weights.", source=source)
        need_room(folder, size)
        descriptor, name = tempfile.mkstemp(prefix=".add.", suffix=".part", dir=folder)
        copy = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target, source.open("rb") as original:
                digest = hashlib.sha256()
                while piece := original.read(CHUNK):
                    digest.update(piece)
                    target.write(piece)
                target.flush()
                os.fsync(target.fileno())
            yield copy, digest.hexdigest()
        finally:
            copy.unlink(missing_ok=True)
    except (FileNotFoundError, PermissionError) as error:
        raise BadRequest(
            "{file} cannot be read ({reason}). Name a file that can.", file=error.filename, reason=error.strerror
        ) from error


def _recognized(
    copy: Path, sha256: str, source: Path, wanted: Weights | None, manifest: Manifest
) -> tuple[Weights, WeightsFile | None]:
    """Whose weights a file holds, and which published file it is, if it is one."""
    from backend.weights.formats import read_tensors

    tensors = read_tensors(copy, known_archives(manifest), source)
    file = next((f for w in manifest.values() for f in w.files if _is(f, sha256, copy)), None)
    if wanted:
        check_layout(wanted, tensors, source)
        return wanted, file if file in wanted.files else None
    weights = _owner(tensors, manifest)
    if weights is None:
        titles = ", ".join(known.title for known in manifest.values())
        raise BadRequest("{source} holds none of the weights that StyleSketch uses: {titles}.", source=source, titles=titles)
    return weights, file if file in weights.files else None


def _is(file: WeightsFile, sha256: str, path: Path) -> bool:
    return bool(file.sha256) and sha256.startswith(file.sha256) and path.stat().st_size == file.size


def _owner(tensors: Tensors, manifest: Manifest) -> Weights | None:
    return next((weights for weights in manifest.values() if fits(weights, tensors)), None)
