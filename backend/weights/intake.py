"""How files come to the shelf and leave it: checked, whole or not at all, one writer at a time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from backend.core.errors import BadRequest, Conflict, NotFound
from backend.core.files import sync_folder, write_whole
from backend.core.lock import only_one
from backend.places import Places
from backend.weights.formats import CHUNK, Tensors, is_safetensors, read_tensors, sha256_of
from backend.weights.manifest import MANIFEST, Weights, WeightsFile
from backend.weights.room import need_room
from backend.weights.shelf import (
    RECEIPT,
    Manifest,
    Receipt,
    check_layout,
    find,
    fits,
    folder_of,
    known_archives,
    named,
    read_receipt,
)


def add(source: Path, places: Places, name: str | None = None, manifest: Manifest = MANIFEST) -> tuple[Weights, Receipt]:
    """Copies a file that the user brought to the shelf; without a name it is told by its sha256, else by its tensors.

    Raises BadRequest for a file that is unreadable, unknown or another network's, OutOfDisk, Conflict, NotFound.
    """
    wanted = named(name, manifest) if name else None
    places.weights.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _copied(source, places.weights) as (copy, sha256):
        weights, file = _recognized(copy, sha256, source, wanted, manifest)
        receipt = Receipt(
            file=file.name if file else weights.name + (".safetensors" if is_safetensors(copy) else ".pth"),
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


def put(part: Path, weights: Weights, receipt: Receipt, places: Places) -> Path:
    """Moves a checked file to the shelf and writes its receipt; an older file of these weights goes. Needs `holding`."""
    folder = folder_of(weights, places)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.replace(part, folder / receipt.file)
    write_whole(folder / RECEIPT, json.dumps(asdict(receipt), indent=1, ensure_ascii=False).encode())
    for other in folder.iterdir():
        if other.name not in (receipt.file, RECEIPT):
            other.unlink()
    sync_folder(folder)
    return folder / receipt.file


def intact(name: str, places: Places, manifest: Manifest = MANIFEST) -> bool:
    """Whether the bytes on the shelf are still those that the receipt tells of; NotFound where there are none."""
    path, receipt = find(name, places, manifest), read_receipt(name, places, manifest)
    if path is None or receipt is None:
        raise NotFound(f"The weights of {named(name, manifest).title} are not here. `stylesketch models list` shows what is.")
    return path.stat().st_size == receipt.size and sha256_of(path) == receipt.sha256


def remove(name: str, places: Places, manifest: Manifest = MANIFEST) -> int:
    """Deletes the file and what is left of an unfinished download; how many bytes that freed. NotFound, Conflict."""
    weights = named(name, manifest)
    folder = folder_of(weights, places)
    if not folder.is_dir():
        raise NotFound(f"The weights of {weights.title} are not here. `stylesketch models list` shows what is.")
    with holding(weights, places) as held:
        if not held:
            raise busy(weights)
        freed = sum(file.stat().st_size for file in folder.iterdir())
        shutil.rmtree(folder)
    return freed


@contextlib.contextmanager
def holding(weights: Weights, places: Places) -> Iterator[bool]:
    """The right to change these weights; yields False where another process has it."""
    places.weights.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_one(places.weights / f".{weights.name}.lock") as held:
        yield held


def busy(weights: Weights) -> Conflict:
    """What is said where another process changes these weights."""
    return Conflict(f"The weights of {weights.title} are just being brought by another process. Wait for it, or stop it first.")


@contextlib.contextmanager
def _copied(source: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """A copy of the user's file and its sha256; removed in the end if nobody moved it away."""
    try:
        size = source.stat().st_size
        if not source.is_file():
            raise BadRequest(f"{source} is no file. Name the file with the weights.")
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
        raise BadRequest(f"{error.filename} cannot be read ({error.strerror}). Name a file that can.") from error


def _recognized(
    copy: Path, sha256: str, source: Path, wanted: Weights | None, manifest: Manifest
) -> tuple[Weights, WeightsFile | None]:
    """Whose weights a file holds, and which published file it is, if it is one."""
    try:
        tensors = read_tensors(copy, known_archives(manifest))
    except BadRequest as error:
        raise BadRequest(str(error).replace(str(copy), str(source))) from error
    file = next((f for w in manifest.values() for f in w.files if _is(f, sha256, copy)), None)
    if wanted:
        check_layout(wanted, tensors, source)
        return wanted, file if file in wanted.files else None
    weights = _owner(tensors, manifest)
    if weights is None:
        titles = ", ".join(known.title for known in manifest.values())
        raise BadRequest(f"{source} holds none of the weights that StyleSketch uses: {titles}.")
    return weights, file if file in weights.files else None


def _is(file: WeightsFile, sha256: str, path: Path) -> bool:
    return bool(file.sha256) and sha256.startswith(file.sha256) and path.stat().st_size == file.size


def _owner(tensors: Tensors, manifest: Manifest) -> Weights | None:
    return next((weights for weights in manifest.values() if fits(weights, tensors)), None)
