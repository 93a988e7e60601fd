"""Style packs as callers see them: lists, files, changes; archives are opened in another process."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from stylesketch_ext.wire.messages import StyleChange, StyleInfo, StyleResult

from backend.core.entries import color_text
from backend.core.errors import BadPack, BadRequest, Cancelled, NotFound, WorkerDied
from backend.daemon.executors import ProcessExecutor
from backend.daemon.phrases import phrase_of, phrases_of
from backend.style_features import feature_layers
from backend.style_library import Library
from backend.style_members import FEATURES, PREVIEW, Pack, exemplar_names
from backend.style_pack import Measured, StylePack, read_pack

T = TypeVar("T")
OPEN_SECONDS = 60.0  # a pack of the largest pictures takes a few
Opened = Generator[object, None, T]


def open_archive(data: bytes, name: str) -> Opened[Pack]:
    """The checked pack in an archive, called `name` or what it is called there; BadPack. Runs in the intake process."""
    from backend.style_archive import read_archive
    from backend.style_members import check_pack

    yield from ()
    return check_pack(read_archive(data, name))


def close_archive(own: Path, name: str) -> Opened[bytes]:
    """A pack as the bytes of an archive; NotFound, BadPack. Runs in the intake process."""
    yield from ()
    return Library(own).export(name)


@dataclass(frozen=True)
class Extraction:
    """A checked pack that a job made of pictures: what the task returns to the server, which knows no torch."""

    pack: Pack
    replace: bool  # an own pack of its name
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Seeing:
    """What networks saw in the exemplars of an own pack, as the task returns it."""

    style: str
    features: bytes  # of a features file


class Styles:
    """The packs of a library. Methods raise NotFound, Conflict, Exists, BadPack, BadRequest and OSError."""

    def __init__(self, library: Library, intake: ProcessExecutor) -> None:
        self.library, self._intake = library, intake

    def all(self) -> list[StyleInfo]:
        """Every pack, own ones first; one that cannot be read is there with its problem."""
        return [style_info(folder, folder.parent != self.library.own) for folder in self.library.folders()]

    def info(self, name: str) -> StyleInfo:
        """One pack."""
        return style_info(self.library.folder(name), self.library.is_bundled(name))

    def preview(self, name: str) -> bytes:
        """Its preview, a PNG."""
        try:
            return (self.library.folder(name) / PREVIEW).read_bytes()
        except FileNotFoundError:
            raise NotFound("The style pack '{name}' has no preview. Draw with it to see it.", name=name[:80]) from None

    def export(self, name: str) -> bytes:
        """It as the bytes of an archive."""
        return self._opened(close_archive, self.library.own, name)

    def take(self, archive: bytes, name: str, replacing: bool) -> StyleInfo:
        """Installs the pack in an archive, under `name` if that is not empty."""
        pack = self._opened(open_archive, archive, name)
        self.library.install(pack, replacing)
        return self.info(pack.name)

    def change(self, name: str, change: StyleChange) -> StyleInfo:
        """Gives it another title and another name."""
        if change.title is not None:
            self.library.entitle(name, change.title)
        if change.name is not None:
            self.library.rename(name, change.name)
        return self.info(change.name or name)

    def remove(self, name: str) -> None:
        """Deletes it."""
        self.library.remove(name)

    def made(self, extraction: Extraction) -> StyleResult:
        """Installs the pack that a job made; what is told of it."""
        self.library.install(extraction.pack, extraction.replace)
        return StyleResult(self.info(extraction.pack.name), list(extraction.notes), phrases=phrases_of(extraction.notes))

    def seen(self, seeing: Seeing) -> StyleResult:
        """Gives a pack the features that a job measured; what is told of it."""
        self.library.keep_features(seeing.style, seeing.features)
        return StyleResult(self.info(seeing.style))

    def _opened(self, task: Callable[..., Opened[T]], *arguments: Any) -> T:
        end = time.monotonic() + OPEN_SECONDS
        work = self._intake.run_unless(lambda: time.monotonic() > end, task, *arguments)
        try:
            while True:
                next(work)
        except StopIteration as result:
            opened: T = result.value
            return opened
        except (Cancelled, WorkerDied):
            raise BadPack("Opening the style pack crashed or took too long. Choose another file, or export it again.") from None


def style_info(folder: Path, bundled: bool) -> StyleInfo:
    """What lists tell of the pack in a folder."""
    try:
        pack, features = read_pack(folder), feature_layers(folder / FEATURES)
    except BadRequest as error:
        return StyleInfo(
            folder.name, folder.name, bundled=bundled, problem=str(error), problem_phrase=phrase_of(error.sentence)
        )
    return StyleInfo(
        name=folder.name,
        title=pack.title,
        description=pack.description,
        bundled=bundled,
        strokes=pack.strokes,
        color=color_text(pack.pen.color),
        paper=color_text(pack.paper),
        licence=pack.licence,
        preview=(folder / PREVIEW).is_file(),
        exemplars=len(exemplar_names(path.name for path in folder.iterdir())),
        features=features,
        measured=measured_numbers(pack),
    )


def measured_numbers(pack: StylePack) -> dict[str, float]:
    """The single numbers that were measured on a pack's exemplars."""
    values = {field.name: getattr(pack.measured, field.name) for field in dataclasses.fields(Measured)}
    return {name: value for name, value in values.items() if isinstance(value, (int, float)) and name != "enlargement"}
