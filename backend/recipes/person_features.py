"""What people's heads and faces need as strokes: outlines, and both eyes, small ones as dots at first, then with their lids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from threading import Event
from types import MappingProxyType

import numpy as np
import torch

from backend.core.image import Framing, Image, Mask
from backend.initialize.outlines import Outline
from backend.perception.eyes import Eye, find_eyes
from backend.perception.faces import Face
from backend.perception.hair import hair_lines
from backend.perception.hair_mass import hair_masses
from backend.perception.heads import HeadOutline, head_outlines
from backend.perception.jaw import jaw_lines
from backend.perception.ring import Row
from backend.recipes.animal_features import ring_outline, seen_closer

AROUND = (0.0, 2.2)  # nothing else is drawn between so many times the size of an iris
AROUND_DOT = 2.8  # … or of a dot
FIRST, THEN = 2.5, 1.1  # worth of a point of an iris and of a lid …
USUAL = 0.016  # … if an iris is so large, of the canvas' longer side; a point of one four times as small is worth twice that
LARGE = 1.6  # times as large ones are drawn together with their lids, smaller ones as dots …
DOT = 0.65  # … of so much of their size


@dataclass(frozen=True)
class FaceLook:
    """What a face and its picture tell alone, without a mask."""

    eyes: tuple[Eye, Eye] | None
    heads: tuple[HeadOutline, ...]

    @classmethod
    def at(cls, face: Face, pixels: Image) -> FaceLook:
        """A face in a source picture [1, 3, H, W]."""
        [eyes] = find_eyes(pixels, [face])
        return cls(eyes, tuple(head_outlines(pixels, [face])))


@dataclass(frozen=True)
class LookAhead:
    """Looks at people's faces while the subject is still looked for on another core."""

    found: Future[dict[Face, FaceLook]]
    enough: Event

    @classmethod
    def begun(cls, faces: Future[list[Face]], pixels: Image, thread: Executor) -> LookAhead:
        """Looks on a thread at the faces of a source picture [1, 3, H, W], largest first, that are found on it before."""
        enough = Event()
        return cls(thread.submit(lambda: _looks(faces.result(), pixels, enough)), enough)

    def ended(self) -> Mapping[Face, FaceLook]:
        """What has been seen until now; nobody looks at the faces that are left."""
        self.enough.set()
        return self.found.result()


def _looks(faces: Sequence[Face], pixels: Image, enough: Event) -> dict[Face, FaceLook]:
    looked: dict[Face, FaceLook] = {}
    for face in faces:
        if enough.is_set():
            break
        looked[face] = FaceLook.at(face, pixels)
    return looked


def person_outlines(
    pixels: Image, mask: Mask, faces: Sequence[Face], framing: Framing, known: Mapping[Face, FaceLook] = MappingProxyType({})
) -> tuple[Outline, ...]:
    """The lines, on a canvas, of the heads and eyes of people in a source picture [1, 3, H, W] and its mask.

    known: faces that were looked at already.
    """
    looks = [known.get(face) or FaceLook.at(face, pixels) for face in faces]
    eyes, heads = [look.eyes for look in looks], [head for look in looks for head in look.heads]
    looking = [face for face, pair in zip(faces, eyes, strict=True) if pair]  # others may be turned away
    hair = [*hair_lines(pixels, looking, heads)]
    hair += hair_masses(pixels, mask, faces, (*heads, *hair))
    lines = (*heads, *jaw_lines(pixels, faces, heads), *hair)
    return *(_on_canvas(line, framing) for line in lines), *_eyes([pair for pair in eyes if pair], framing)


def _on_canvas(head: HeadOutline, framing: Framing) -> Outline:
    """A head's outline on the canvas, its points about 1 px apart."""
    row = framing.to_canvas(torch.from_numpy(head.points)).numpy()
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(row, axis=0), axis=1))])
    at = np.linspace(0, lengths[-1], max(2, round(lengths[-1]) + 1))
    x, y, told = (np.interp(at, lengths, values) for values in (row[:, 0], row[:, 1], head.told))
    return Outline(np.stack([x, y], 1), told)


def _eyes(pairs: Sequence[tuple[Eye, Eye]], framing: Framing) -> Iterator[Outline]:
    for number, pair in enumerate(pairs):
        irises = [ring_outline(eye.iris, framing, AROUND) for eye in pair]
        size = float(np.ptp(irises[0].row[:, 0])) / (USUAL * max(framing.canvas))
        if size < LARGE:
            irises = [ring_outline(_dot(eye.iris), framing, (0.0, AROUND_DOT / DOT)) for eye in pair]
        worth, after = size**-0.5, 0 if size > LARGE else 1
        yield from (replace(iris, pair=2 * number, worth=FIRST * worth) for iris in irises)
        yield from (replace(_lid(eye.lid, framing), pair=2 * number + after, worth=THEN * worth) for eye in pair)


def _dot(iris: Row) -> Row:
    middle = iris.mean(0)
    return middle + DOT * (iris - middle)


def _lid(row: Row, framing: Framing) -> Outline:
    even, closer = seen_closer(row, framing)
    return Outline(even, np.ones(len(even)), enlarged=closer, feature=True)
