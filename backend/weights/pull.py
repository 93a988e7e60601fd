"""Downloads weights: the best file from the publisher, else its mirrors, else the next file; checked before they are taken."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from backend.core.errors import BadRequest, Missing
from backend.core.notes import Note, wording
from backend.core.work import Progress, Work
from backend.places import Places
from backend.weights.digest import hashed
from backend.weights.download import Patience, Unreachable, WrongAnswer, download, drop, host
from backend.weights.intake import holding, intact, put
from backend.weights.manifest import MANIFEST, Weights, WeightsFile
from backend.weights.shelf import (
    Manifest,
    Receipt,
    check_layout,
    find,
    folder_of,
    known_archives,
    megabytes,
    named,
    part_of,
    read_receipt,
)

ELSEWHERE = wording("Taken from {host}, because others could not be used: {why}.")
NOTED = wording(
    "The publisher names no sha256 for {file} ({proof}); this one, {sha256}, was noted, "
    "and a later download must have the same."
)
OFFLINE = wording(
    "{title} cannot be downloaded, the network does not reach it ({reasons}): try again later, or bring {files} from "
    "another computer with `stylesketch models add FILE`."
)
NOT_DOWNLOADED = wording(
    "{title} could not be downloaded ({reasons}): try again later, or bring {files} from another computer with "
    "`stylesketch models add FILE`."
)

DOWNLOADED = 0.95  # of the work; the rest is checking
PATIENCE = Patience()
LOOK_SECONDS = 0.2  # between two looks at whether another process has finished


@dataclass(frozen=True)
class Pulled:
    """Weights that are here now."""

    name: str
    title: str
    path: Path
    receipt: Receipt
    fresh: bool  # False: they were here already
    notes: tuple[str, ...] = ()  # what the user should know, as sentences


def pull(name: str, places: Places, manifest: Manifest = MANIFEST, patience: Patience = PATIENCE) -> Work[Pulled]:
    """Brings weights from the network; where they are here and intact, nothing is done.

    An interrupted download is taken up where it ended. Raises Missing where they cannot be had, with what to do instead;
    OutOfDisk, NotFound.
    """
    weights = named(name, manifest)
    if not weights.files:
        raise Missing(
            "{title} cannot be downloaded: {cure} takes a file of yours. {about}",
            title=weights.title,
            cure=weights.cure,
            about=weights.about,
        )
    while True:
        with holding(weights, places) as held:
            if held:
                return (yield from _Pull(weights, places, manifest, patience, read_receipt(name, places, manifest)).run())
        yield Progress(f"waiting for another download of {weights.title}", 0.0)
        time.sleep(LOOK_SECONDS)


@dataclass(frozen=True)
class _Pull:
    """One pull by the only one who may change these weights."""

    weights: Weights
    places: Places
    manifest: Manifest
    patience: Patience
    known: Receipt | None  # of the file that is here, or was

    def run(self) -> Work[Pulled]:
        """The weights; they may be here already."""
        path = find(self.weights.name, self.places, self.manifest)
        if path and self.known:
            yield Progress("checking what is here", 0.0)
            if intact(self.weights.name, self.places, self.manifest):
                return Pulled(self.weights.name, self.weights.title, path, self.known, False)
            path.unlink()
        folder_of(self.weights, self.places).mkdir(parents=True, exist_ok=True, mode=0o700)
        return (yield from self._from_anywhere())

    def _from_anywhere(self) -> Work[Pulled]:
        refusals: list[str] = []
        offline = True
        for file in self.weights.files:
            for url in file.urls:
                try:
                    receipt = yield from self._from(url, file)
                except (Unreachable, WrongAnswer) as error:
                    offline = offline and isinstance(error, Unreachable)
                    refusals.append(f"{host(url)}: {error}")
                else:
                    return self._taken(file, receipt, refusals)
        raise _failure(self.weights, offline, refusals)

    def _from(self, url: str, file: WeightsFile) -> Work[Receipt]:
        """A checked part from this address; what was gone on with and is wrong in the end is tried anew once."""
        part = part_of(self.weights, file, self.places)
        if not part.exists() and (part.parent / file.name).exists():  # its receipt was never written
            os.replace(part.parent / file.name, part)
        while True:
            resumed = part.exists()
            for done in download(url, part, file, self.patience):
                stage = f"downloading {self.weights.title}, {done / 1e6:.1f} of {megabytes(file.size)}"
                yield Progress(stage, DOWNLOADED * done / file.size)
            sha256 = yield from _digest(part, file)
            try:
                self._check(part, sha256, file)
            except WrongAnswer:
                drop(part)
                if not resumed:
                    raise
            else:
                return Receipt(file.name, file.size, sha256, url, file.proof)

    def _check(self, part: Path, sha256: str, file: WeightsFile) -> None:
        """WrongAnswer where a downloaded file is not the one that is meant."""
        from backend.weights.formats import read_tensors

        if not sha256.startswith(file.sha256):
            raise WrongAnswer(f"its file has another sha256 ({sha256[:8]}…) than it should ({file.sha256[:8]}…)")
        if self.known and self.known.file == file.name and self.known.sha256 != sha256:
            raise WrongAnswer(
                f"its file has another sha256 ({sha256[:8]}…) than the one that was taken before ({self.known.sha256[:8]}…); "
                f"`stylesketch models remove {self.weights.name}` forgets that one"
            )
        try:
            check_layout(self.weights, read_tensors(part, known_archives(self.manifest)), part)
        except BadRequest as error:
            raise WrongAnswer(f"its file does not hold the weights of {self.weights.title}") from error

    def _taken(self, file: WeightsFile, receipt: Receipt, refusals: list[str]) -> Pulled:
        path = put(part_of(self.weights, file, self.places), self.weights, receipt, self.places)
        notes = []
        if not self.weights.used_by:
            notes.append(Note("Nothing in this version uses {network} yet.", network=self.weights.title))
        if refusals:
            notes.append(Note(ELSEWHERE, host=host(receipt.source), why="; ".join(refusals)))
        if not file.official_digits:
            notes.append(Note(NOTED, file=file.name, proof=file.proof, sha256=receipt.sha256))
        return Pulled(self.weights.name, self.weights.title, path, receipt, True, tuple(notes))


def _digest(part: Path, file: WeightsFile) -> Work[str]:
    for step in hashed(part):
        if isinstance(step, str):
            return step
        yield Progress("checking", DOWNLOADED + (1 - DOWNLOADED) * step / file.size)
    raise AssertionError("hashed ends with a digest")


def _failure(weights: Weights, offline: bool, refusals: list[str]) -> Missing:
    files = " or ".join(file.name for file in weights.files)
    reasons = "; ".join(dict.fromkeys(refusals))
    return Missing(OFFLINE if offline else NOT_DOWNLOADED, title=weights.title, reasons=reasons, files=files)
