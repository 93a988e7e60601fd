"""The doctor's look at the networks' weights; none are needed."""

from __future__ import annotations

from collections.abc import Iterator

from backend.cli.findings import FINE, NOTE, Finding
from backend.daemon.models import model_infos
from backend.places import Places
from backend.weights.checkpoints import FOLDER
from backend.weights.manifest import MANIFEST
from backend.weights.shelf import find, megabytes, read_receipt

LIGHT = "squeezenet"


def weights(where: Places) -> Iterator[Finding]:
    """Which weights are here, whether they are whole, and what does not belong there."""
    infos = model_infos(where)
    yield from _unfinished(where)
    yield from _strangers(where)
    here = [info for info in infos if info.here]
    for info in here:
        receipt, path = read_receipt(info.name, where), find(info.name, where)
        if receipt and path and path.stat().st_size != receipt.size:
            yield Finding(
                "weights", NOTE, f"{path} is damaged: {info.size} bytes instead of {receipt.size}", f"Run {info.cure}."
            )
    if here:
        text = ", ".join(f"{info.name} ({megabytes(info.size or 0)})" for info in here)
        yield Finding("weights", FINE, f"{text}; `stylesketch models verify` looks at every byte")
    else:
        light = MANIFEST[LIGHT]
        yield Finding("weights", FINE, f"none, and none are needed; {light.cure} brings those of {light.title}")


def _unfinished(where: Places) -> Iterator[Finding]:
    for info in model_infos(where):
        if info.kept:
            text = f"an unfinished download of {info.title} ({megabytes(info.kept)})"
            cure = f"Run {info.cure} to go on, or `stylesketch models remove {info.name}` to drop it."
            yield Finding("weights", NOTE, text, cure)


def _strangers(where: Places) -> Iterator[Finding]:
    if not where.weights.is_dir():
        return
    known = (*MANIFEST, FOLDER)
    names = [path.name for path in sorted(where.weights.iterdir()) if path.name not in known and path.name[0] != "."]
    if names:
        text = f"not used: {', '.join(names)} in {where.weights}"
        yield Finding("weights", NOTE, text, "Run `stylesketch models add FILE` to take such a file, then remove it there.")
