"""The weights that are on this machine: a folder each, with the file as it was published and a receipt that tells of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backend.core.errors import BadRequest, Missing, NotFound
from backend.places import Places
from backend.weights.checkpoints import CHECKPOINTS
from backend.weights.manifest import MANIFEST, Layout, Weights, WeightsFile

if TYPE_CHECKING:
    from backend.weights.formats import Tensors

RECEIPT = "receipt.json"
Manifest = Mapping[str, Weights]


@dataclass(frozen=True)
class Receipt:
    """What is known of a file on the shelf."""

    file: str
    size: int  # bytes
    sha256: str  # as it was measured
    source: str  # the address it came from, or the name of the user's file
    proof: str  # how far the bytes could be checked


def find(name: str, places: Places, manifest: Manifest = MANIFEST) -> Path | None:
    """The file of these weights; None where they are not here. NotFound for a name that is not in the manifest."""
    folder, receipt = folder_of(named(name, manifest), places), read_receipt(name, places, manifest)
    path = folder / receipt.file if receipt else None
    return path if path and path.is_file() else None


def load(name: str, places: Places, manifest: Manifest = MANIFEST) -> Tensors:
    """The tensors of these weights by the keys of their file, on the CPU, in the file's dtypes.

    Raises Missing, naming the command that brings them, where they are not here or damaged; NotFound for a name that is
    not in the manifest.
    """
    from backend.weights.formats import read_tensors  # brings torch, which the server and the command line start without

    weights, path = named(name, manifest), find(name, places, manifest)
    if path is None:
        raise Missing(
            "The weights of {title} are not here: {cure} brings them{price}.",
            title=weights.title,
            cure=weights.cure,
            price=_price(weights),
        )
    try:
        tensors = read_tensors(path, known_archives(manifest))
        check_layout(weights, tensors, path)
    except BadRequest as error:
        raise Missing("The weights {path} are damaged: {cure} brings them anew.", path=path, cure=weights.cure) from error
    return tensors


def named(name: str, manifest: Manifest = MANIFEST) -> Weights:
    """The manifest's entry; NotFound lists the names there are."""
    weights = manifest.get(name.replace("-", "_").lower())
    if weights is None:
        raise NotFound(
            "There are no weights named '{name}'. There are: {names}.",
            name=name[:64],
            names=", ".join((*manifest, *CHECKPOINTS)),
        )
    return weights


def known_archives(manifest: Manifest = MANIFEST) -> frozenset[str]:
    """The sha256 of every archive that may be read."""
    return frozenset(file.sha256 for weights in manifest.values() for file in weights.files if file.whole)


def read_receipt(name: str, places: Places, manifest: Manifest = MANIFEST) -> Receipt | None:
    """What is known of the file of these weights; None where there is none, or no receipt that can be read."""
    try:
        fields = json.loads((folder_of(named(name, manifest), places) / RECEIPT).read_text(encoding="utf-8"))
        receipt = Receipt(**fields)
    except (OSError, ValueError, TypeError):
        return None
    return receipt if Path(receipt.file).name == receipt.file else None


def check_layout(weights: Weights, tensors: Tensors, path: Path) -> None:
    """BadRequest where the tensors are not those of this network."""
    if not fits(weights, tensors):
        raise BadRequest("{path} does not hold the weights of {title}.", path=path, title=weights.title)


def fits(weights: Weights, tensors: Tensors) -> bool:
    """Whether tensors are those of this network, in one of its layouts."""
    return any(_has(layout, tensors) for layout in weights.layouts)


def _has(layout: Layout, tensors: Tensors) -> bool:
    return all(key in tensors and tuple(tensors[key].shape) == shape for key, shape in layout.items())


def folder_of(weights: Weights, places: Places) -> Path:
    """Where the file of these weights lies."""
    return places.weights / weights.name


def _price(weights: Weights) -> str:
    return f" ({megabytes(weights.size)})" if weights.size else ""


def part_of(weights: Weights, file: WeightsFile, places: Places) -> Path:
    """Where an unfinished download lies."""
    return folder_of(weights, places) / f"{file.name}.part"


def unfinished(weights: Weights, places: Places) -> Iterator[tuple[WeightsFile, int]]:
    """The downloads of these weights that were interrupted, and how many bytes of each are here."""
    for file in weights.files:
        part = part_of(weights, file, places)
        if part.exists():
            yield file, part.stat().st_size


def megabytes(size: float) -> str:
    """A number of bytes for the user."""
    return f"{size / 1e6:.0f} MB" if size >= 9.5e6 else f"{size / 1e6:.1f} MB"
