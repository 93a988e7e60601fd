"""Finished jobs on disk, all of their files or none. results/<job>/ holds result.json; of a sketch, drawing.svg and
preview.png too; of what makes pictures, picture-1.png, picture-2.png, … Parts that are kept one by one lie beside it: rows of
a matrix in results/<job>.rows/, frames of a sequence in results/<job>.frames/.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stylesketch_ext.wire.codec import dumps, loads, to_json
from stylesketch_ext.wire.messages import (
    DrawingData,
    MatrixResult,
    PicturesResult,
    PullResult,
    SequenceResult,
    SketchResult,
    StyleResult,
)

from backend.core.errors import BadRequest, NotFound
from backend.core.files import remove_parts, write_folder, write_whole
from backend.core.notes import wording

RESULT, SVG, PREVIEW = "result.json", "drawing.svg", "preview.png"
GONE = wording("The files of this result are gone. Draw it again.")
WHOLE = 32_000_000  # bytes of a sequence's frames that are sent in one answer


@dataclass(frozen=True)
class Finished:
    """A sketch in every form that is kept: what a drawing task returns to the server, which knows no torch."""

    result: SketchResult
    svg: str
    preview: bytes  # a PNG


@dataclass(frozen=True)
class Sequenced:
    """A sequence in every form that is kept, but for its frames: what its task returns to the server."""

    result: SequenceResult  # without the frames, which the task has yielded
    svg: str  # with a layer for each frame
    preview: bytes  # the first frame, a PNG


@dataclass(frozen=True)
class Pictured:
    """Pictures that a task made: what it returns to the server, which knows no torch."""

    result: PicturesResult
    pictures: list[bytes]  # a PNG for each entry of the result


@dataclass(frozen=True)
class Prompted:
    """A sketch of a text: what a task returns to the server."""

    finished: Finished
    picture: bytes | None  # that the sketch was drawn after, a PNG; None where there was none


class ResultFiles:
    """The folder of results."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        remove_parts(folder)

    def keep(self, job: str, finished: Finished) -> None:
        """Writes the files of a sketch; OSError leaves nothing behind."""
        self._write(job, finished.result, _files(finished))

    def keep_sequence(self, job: str, sequenced: Sequenced) -> None:
        """Writes the files of a sequence; OSError leaves nothing behind."""
        self._write(job, sequenced.result, {SVG: sequenced.svg.encode(), PREVIEW: sequenced.preview})

    def keep_prompted(self, job: str, prompted: Prompted) -> None:
        """Writes the files of a sketch and the picture it was drawn after; OSError leaves nothing behind."""
        pictures = {} if prompted.picture is None else {_picture(1): prompted.picture}
        self._write(job, prompted.finished.result, {**_files(prompted.finished), **pictures})

    def keep_pictures(self, job: str, pictured: Pictured) -> None:
        """Writes pictures and what is told of them; OSError leaves nothing behind."""
        self._write(job, pictured.result, {_picture(number): data for number, data in enumerate(pictured.pictures, 1)})

    def picture(self, job: str, number: int) -> bytes:
        """A picture as a PNG, counted from 1; NotFound."""
        return self.read(job, _picture(number))

    def keep_told(self, job: str, result: StyleResult | PullResult | MatrixResult) -> None:
        """Writes what a job without pictures brought; OSError leaves nothing behind."""
        self._write(job, result, {})

    def keep_row(self, job: str, number: int, row: SketchResult) -> None:
        """Writes a row of a matrix, counted from 1, before the others are there."""
        folder = self._rows(job)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{number}.json", dumps(replace(row, job=job)).encode(), 0o600)

    def row(self, job: str, number: int) -> bytes:
        """A row of a matrix as JSON, counted from 1; NotFound."""
        try:
            return (self._rows(job) / f"{number}.json").read_bytes()
        except FileNotFoundError:
            raise NotFound(
                "Row {number} of this matrix is not there (yet). Wait for it, or draw the matrix again.", number=number
            ) from None

    def keep_frame(self, job: str, number: int, drawing: DrawingData) -> None:
        """Writes a frame of a sequence, counted from 1."""
        folder = self._frames(job)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{number}.json", dumps(drawing).encode(), 0o600)

    def frame(self, job: str, number: int) -> bytes:
        """A frame of a sequence as JSON, counted from 1; NotFound."""
        try:
            return (self._frames(job) / f"{number}.json").read_bytes()
        except FileNotFoundError:
            raise NotFound(
                "There is no frame {number} of this sequence. Ask for one that it has, or draw it again.", number=number
            ) from None

    def has_frames(self, job: str) -> bool:
        """Whether frames of a sequence were kept one by one: those of earlier versions lie in its result."""
        return self._frames(job).is_dir()

    def whole(self, job: str) -> Iterator[bytes]:
        """The result of a sequence with all its frames, piece by piece; NotFound, BadRequest where that is too much."""
        result = loads(SequenceResult, self.read(job, RESULT))
        files = [self._frames(job) / f"{number}.json" for number in range(1, result.count + 1)]
        if not all(file.is_file() for file in files):
            raise NotFound(GONE)
        if sum(file.stat().st_size for file in files) > WHOLE:
            raise BadRequest(
                "These {count} frames are too many for one answer. Ask with frames=false, and for each frame by itself.",
                count=result.count,
            )
        return self._pieces(result, files)

    @staticmethod
    def _pieces(result: SequenceResult, files: list[Path]) -> Iterator[bytes]:
        rest = {name: value for name, value in to_json(result).items() if name != "frames"}
        yield b'{"frames":['
        for number, file in enumerate(files):
            yield (b"," if number else b"") + file.read_bytes()
        yield b"]," + dumps(rest).encode()[1:]

    def _frames(self, job: str) -> Path:
        return self._folder / f"{job}.frames"

    def _rows(self, job: str) -> Path:
        return self._folder / f"{job}.rows"

    def _write(
        self,
        job: str,
        result: SketchResult | SequenceResult | StyleResult | PullResult | MatrixResult | PicturesResult,
        files: Mapping[str, bytes],
    ) -> None:
        write_folder(self._folder / job, {RESULT: dumps(replace(result, job=job)).encode(), **files})

    def read(self, job: str, name: str) -> bytes:
        """One of the files; NotFound."""
        try:
            return (self._folder / job / name).read_bytes()
        except FileNotFoundError:
            raise NotFound(GONE) from None

    def remove(self, job: str) -> None:
        """Deletes the files of a job."""
        shutil.rmtree(self._folder / job, ignore_errors=True)
        shutil.rmtree(self._rows(job), ignore_errors=True)
        shutil.rmtree(self._frames(job), ignore_errors=True)


def _files(finished: Finished) -> dict[str, bytes]:
    return {SVG: finished.svg.encode(), PREVIEW: finished.preview}


def _picture(number: int) -> str:
    return f"picture-{number}.png"
