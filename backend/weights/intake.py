"""How files come to the shelf and leave it: whole or not at all, one writer at a time."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from backend.core.errors import Conflict, NotFound
from backend.core.files import sync_folder, write_whole
from backend.core.lock import only_one
from backend.places import Places
from backend.weights.digest import sha256_of
from backend.weights.manifest import MANIFEST, Weights
from backend.weights.shelf import RECEIPT, Manifest, Receipt, find, folder_of, named, read_receipt


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
        raise NotFound(
            "The weights of {title} are not here. `stylesketch models list` shows what is.", title=named(name, manifest).title
        )
    return path.stat().st_size == receipt.size and sha256_of(path) == receipt.sha256


def remove(name: str, places: Places, manifest: Manifest = MANIFEST) -> int:
    """Deletes the file and what is left of an unfinished download; how many bytes that freed. NotFound, Conflict."""
    weights = named(name, manifest)
    folder = folder_of(weights, places)
    if not folder.is_dir() or not any(folder.iterdir()):  # a download that did not begin leaves an empty one
        raise NotFound("The weights of {title} are not here. `stylesketch models list` shows what is.", title=weights.title)
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
    return Conflict(
        "The weights of {title} are just being brought by another process. Wait for it, or stop it first.", title=weights.title
    )
