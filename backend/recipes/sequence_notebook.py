"""What is known after each frame of a sequence, kept so that a run that was stopped can go on."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.core.drawing import StrokeNote
from backend.core.files import remove_parts, write_whole
from backend.core.notes import packed, unpacked
from backend.initialize.carry import CarriedStroke

Map = npt.NDArray[np.float32]  # [H, W]

KINDS = ("contour", "detail", "hatch")
KEPT = 4  # notebooks of runs that were stopped; older ones are removed


@dataclass(frozen=True)
class Birth:
    """What stays the same of a stroke."""

    id: int
    closed: bool
    widths: tuple[float, ...]  # source px
    color: tuple[float, float, float]
    opacity: float
    note: StrokeNote


@dataclass(frozen=True)
class Page:
    """Everything known after a frame."""

    number: int  # of the frame
    shot: int  # number of its shot's first frame
    mask: Map | None  # [H, W] the subject, 1 = keep; None: everything
    certainty: float
    found: bool  # the mask is not the user's
    scale: float  # canvas px per source px
    side: float  # longer side of its framed subject, source px
    strokes: tuple[CarriedStroke, ...]
    births: tuple[Birth, ...]  # of this frame
    notes: tuple[str, ...] = ()
    settled: int = 0  # strokes with smaller ids make room for what arrives
    left_out: float = 0.0  # the most that a line without a stroke would have added when the shot began

    @property
    def name(self) -> str:
        """The region that is drawn."""
        return "picture" if self.mask is None else "object"


class Notebook:
    """Pages in a folder, one file for each frame; a file is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pages(self) -> Iterator[Page]:
        """The pages of the first frames, as far as they are there and sound."""
        number = 0
        while (file := self._file(number)).is_file():
            try:
                page = _from_bytes(file.read_bytes())
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                return
            yield page
            number += 1

    def count(self) -> int:
        """How many of the first frames have a page."""
        return sum(1 for _ in self.pages())

    def add(self, page: Page) -> None:
        """Keeps a page."""
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True)
            _forget_oldest(self._folder.parent)
        remove_parts(self._folder)
        write_whole(self._file(page.number), _to_bytes(page), 0o600)

    def remove(self) -> None:
        """Forgets everything: the run is done."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, number: int) -> Path:
        return self._folder / f"frame_{number:06d}.npz"


def _forget_oldest(shelf: Path) -> None:
    folders = sorted((folder for folder in shelf.iterdir() if folder.is_dir()), key=lambda folder: folder.stat().st_mtime)
    for folder in folders[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)


def _to_bytes(page: Page) -> bytes:
    strokes, births = page.strokes, page.births
    mask = np.zeros((0, 0), np.uint8) if page.mask is None else np.packbits(page.mask > 0.5, axis=1)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        frame=np.array([page.number, page.shot, page.settled]),
        view=np.array([page.certainty, page.found, page.scale, page.side, page.left_out]),
        mask=mask,
        mask_size=np.array((0, 0) if page.mask is None else page.mask.shape),
        ids=np.array([stroke.id for stroke in strokes], np.int64),
        closed=np.array([stroke.closed for stroke in strokes], bool),
        unseen=np.array([stroke.unseen for stroke in strokes], np.int64),
        waiting=np.array([stroke.waiting for stroke in strokes], bool),
        support=np.array([stroke.support for stroke in strokes], np.float64),
        drift=np.array([stroke.drift for stroke in strokes], np.float64).reshape(-1, 2),
        curve_lengths=np.array([len(stroke.curve) for stroke in strokes], np.int64),
        curves=np.concatenate([np.zeros((0, 2)), *(stroke.curve for stroke in strokes)]),
        shown=np.concatenate([np.zeros(0, bool), *(_shown(stroke) for stroke in strokes)]),
        held=np.concatenate([np.zeros(0, bool), *(_held(stroke) for stroke in strokes)]),
        steps=np.concatenate([np.zeros((0, 2)), *(_steps(stroke) for stroke in strokes)]),
        look_lengths=np.array([len(stroke.look) for stroke in strokes], np.int64),
        looks=np.concatenate([np.zeros((0, 2, 3), np.float32), *(stroke.look for stroke in strokes)]),
        born=np.array([birth.id for birth in births], np.int64),
        born_closed=np.array([birth.closed for birth in births], bool),
        born_widths=np.array([birth.widths for birth in births], np.float64).reshape(
            len(births), len(births[0].widths) if births else 1
        ),
        born_colors=np.array([birth.color for birth in births], np.float64).reshape(-1, 3),
        born_facts=np.array([(b.opacity, KINDS.index(b.note.kind), b.note.importance) for b in births]).reshape(-1, 3),
        notes=np.array([packed(note) for note in page.notes], str),
    )
    return file.getvalue()


def _shown(stroke: CarriedStroke) -> npt.NDArray[np.bool_]:
    return np.ones(len(stroke.look), bool) if stroke.shown is None else stroke.shown[: len(stroke.look)]


def _held(stroke: CarriedStroke) -> npt.NDArray[np.bool_]:
    return np.ones(len(stroke.look), bool) if stroke.held is None else stroke.held[: len(stroke.look)]


def _steps(stroke: CarriedStroke) -> npt.NDArray[np.float64]:
    return np.tile(stroke.drift, (len(stroke.look), 1)) if stroke.steps is None else stroke.steps[: len(stroke.look)]


def _from_bytes(data: bytes) -> Page:
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        number, shot, settled = kept["frame"].tolist()
        certainty, found, scale, side, left_out = kept["view"].tolist()
        mask = None
        if kept["mask"].size:
            mask = np.unpackbits(kept["mask"], axis=1, count=int(kept["mask_size"][1])).astype(np.float32)
        curves = np.split(kept["curves"], np.cumsum(kept["curve_lengths"])[:-1])
        cuts = np.cumsum(kept["look_lengths"])[:-1]
        places = zip(*(np.split(kept[name], cuts) for name in ("looks", "shown", "steps", "held")), strict=True)
        facts = zip(*(kept[name] for name in ("ids", "closed", "drift", "unseen", "support", "waiting")), strict=True)
        strokes = tuple(
            replace(
                CarriedStroke(int(name), curve, bool(closed), look, (float(x), float(y)), int(unseen), float(support), *known),
                waiting=bool(waiting),
            )
            for (name, closed, (x, y), unseen, support, waiting), curve, (look, *known) in zip(
                facts, curves, places, strict=False
            )
        )
        births = tuple(_births(kept, "object" if mask is not None else "picture"))
        notes = tuple(unpacked(str(note)) for note in kept["notes"])
    return Page(number, shot, mask, certainty, bool(found), scale, side, strokes, births, notes, settled, left_out)


def _births(kept: Mapping[str, npt.NDArray[Any]], region: str) -> Iterator[Birth]:
    rows = zip(*(kept[f"born{part}"] for part in ("", "_closed", "_widths", "_colors", "_facts")), strict=True)
    for name, closed, widths, color, (opacity, kind, importance) in rows:
        note = StrokeNote(KINDS[int(kind)], region, float(importance))
        red, green, blue = color.tolist()
        yield Birth(int(name), bool(closed), tuple(widths.tolist()), (red, green, blue), float(opacity), note)
