"""Weights as callers see them: lists, downloads as jobs, removal."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

from stylesketch_ext.wire.messages import ModelInfo, ProgressEvent, PullResult

from backend.core.notes import Note, wording
from backend.daemon.phrases import phrase_of, phrases_of
from backend.places import Places
from backend.weights.checkpoints import CHECKPOINTS, Checkpoint, find_checkpoint, is_checkpoint, pulled_size, remove_checkpoint
from backend.weights.intake import remove
from backend.weights.manifest import MANIFEST, Weights
from backend.weights.shelf import Manifest, find, named, read_receipt, unfinished

UNSIZED = wording("A download of many files; the hub tells its size first.")
SIZED = wording("A download of many files; the hub tells its size first ({size}).")


@dataclass(frozen=True)
class Models:
    """The weights of some places. Methods raise NotFound, Conflict and OSError."""

    places: Places
    manifest: Manifest
    checkpoints: Mapping[str, Checkpoint] = field(default_factory=dict)

    def all(self) -> list[ModelInfo]:
        """Every entry of the manifest, and the checkpoints."""
        return model_infos(self.places, self.manifest) + checkpoint_infos(self.places, self.checkpoints)

    def info(self, name: str) -> ModelInfo:
        """One entry."""
        if name in self.checkpoints:
            return checkpoint_info(self.checkpoints[name], self.places)
        return model_info(named(name, self.manifest), self.places, self.manifest)

    def remove(self, name: str) -> None:
        """Deletes a file, or a checkpoint's files."""
        if name in self.checkpoints:
            remove_checkpoint(name, self.places)
        else:
            remove(name, self.places, self.manifest)

    def told(self, brought: Brought) -> PullResult:
        """What callers are told of a download."""
        return PullResult(self.info(brought.name), list(brought.notes), phrases=phrases_of(brought.notes))


@dataclass(frozen=True)
class Brought:
    """What the task of a download returns to the server, which knows no torch."""

    name: str
    notes: Sequence[str] = ()  # sentences for the user


def pull_model(name: str, places: Places, manifest: Manifest) -> Generator[ProgressEvent, None, Brought]:
    """The task of a download. Raises Missing, OutOfDisk, NotFound."""
    from backend.weights.checkpoints import fetch, offer
    from backend.weights.pull import pull

    if name not in manifest and is_checkpoint(name):
        yield ProgressEvent("asking the hub", 0.0)
        wanted = offer(name)
        for progress in fetch(wanted, places):
            yield ProgressEvent(progress.stage, progress.done)
        return Brought(name, [wanted.sentence])
    work = pull(name, places, manifest)
    try:
        while True:
            progress = next(work)
            yield ProgressEvent(progress.stage, progress.done)
    except StopIteration as end:
        return Brought(name, end.value.notes)
    finally:
        work.close()


def model_infos(places: Places, manifest: Manifest = MANIFEST) -> list[ModelInfo]:
    """All weights of the manifest, in its order."""
    return [model_info(weights, places, manifest) for weights in manifest.values()]


def model_info(weights: Weights, places: Places, manifest: Manifest = MANIFEST) -> ModelInfo:
    """What lists tell of some weights."""
    path = find(weights.name, places, manifest)
    receipt = read_receipt(weights.name, places, manifest) if path else None
    file = weights.files[0] if weights.files else None
    return ModelInfo(
        name=weights.name,
        title=weights.title,
        used_by=weights.used_by,
        license=weights.license,
        here=path is not None,
        size=path.stat().st_size if path else weights.size,
        kept=sum(count for _, count in unfinished(weights, places)),
        source=receipt.source if receipt else "",
        proof=receipt.proof if receipt else file.proof if file else "",
        pullable=file is not None,
        about=weights.about,
        about_phrase=phrase_of(weights.about),
        cure=weights.cure,
    )


def checkpoint_infos(places: Places, checkpoints: Mapping[str, Checkpoint] = CHECKPOINTS) -> list[ModelInfo]:
    """The diffusion checkpoints that have a short name."""
    return [checkpoint_info(checkpoint, places) for checkpoint in checkpoints.values()]


def checkpoint_info(checkpoint: Checkpoint, places: Places) -> ModelInfo:
    """What lists tell of a checkpoint."""
    found, size = find_checkpoint(checkpoint.name, places), pulled_size(checkpoint.name, places)
    about = Note(SIZED, size=checkpoint.about_size) if checkpoint.about_size else Note(UNSIZED)
    return ModelInfo(
        name=checkpoint.name,
        title=checkpoint.title,
        used_by=checkpoint.used_by,
        license=checkpoint.license,
        here=found is not None,
        size=size,
        source=str(found.folder) if found else f"huggingface.co/{checkpoint.repository}",
        proof="sizes and sha256 as the hub tells them",
        about=about,
        about_phrase=phrase_of(about),
        cure=f"`stylesketch models pull {checkpoint.name}`",
    )
