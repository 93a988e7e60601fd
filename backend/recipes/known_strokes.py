"""The strokes of a drawing that is there already: which stay, which go, and how many are drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from backend.core.bezier import sample
from backend.core.errors import BadRequest
from backend.core.image import Mask
from backend.core.notes import wording
from backend.core.strokes import Strokes

Ring = tuple[tuple[float, float], ...]  # points of a closed line, source px

SAMPLES = 64  # of a stroke, by which it is told where it lies
NOTHING_FREE = wording("No stroke is free to be drawn anew there. Unlock some, or ask for more strokes.")
ALL_LOCKED = wording("{locked} strokes are locked there already. Ask for more than that, or unlock some.")
TOO_FEW = wording("There are only {free} strokes that may go there. Take away fewer, or unlock some.")
NO_CHANGE = wording("Nothing is to change. Ask for more or fewer strokes, or let some be drawn anew.")
OUTSIDE = wording("The region does not lie on the picture. Draw it around a part of the picture.")


@dataclass(frozen=True)
class KnownStroke:
    """One element of a drawing."""

    id: str
    locked: bool  # it stays as it is
    index: int = 0  # place in the order of importance, 0 = most important
    importance: float = 0.0
    kind: str = "contour"  # contour, detail or hatch


@dataclass(frozen=True)
class Known:
    """What a drawing consists of."""

    strokes: Strokes  # source px; an element may have several
    of: tuple[int, ...]  # the element of each
    elements: tuple[KnownStroke, ...]

    def parts(self, elements: Sequence[int]) -> Strokes:
        """The strokes of some elements."""
        wanted = set(elements)
        return self.strokes.select(torch.tensor([i for i, owner in enumerate(self.of) if owner in wanted], dtype=torch.long))

    def hatches(self, elements: Sequence[int]) -> list[int]:
        """Which of the `parts` of some elements are hatching."""
        wanted = set(elements)
        owners = [owner for owner in self.of if owner in wanted]
        return [i for i, owner in enumerate(owners) if self.elements[owner].kind == "hatch"]


@dataclass(frozen=True)
class Wish:
    """What is to become of a drawing."""

    redraw: bool = True  # free strokes go, and others come in their stead; else all stay
    more: int = 0  # strokes more, or fewer, than there were
    count: int | None = None  # strokes in all, locked ones among them; then free ones are drawn anew
    region: tuple[Ring, ...] = ()  # only what lies mostly inside is free, and strokes are drawn only there; none: everywhere
    whole: bool = False  # the drawing is not of one subject, but of the whole picture
    size: tuple[int, int] = (1, 1)  # height, width of the picture, where it is not there
    alike: bool = True  # new strokes are as wide as those there are, and of their color if they have one


@dataclass(frozen=True)
class Plan:
    """Which elements go, and how many strokes are drawn."""

    removed: tuple[int, ...]  # most important first
    drawn: int
    hatches: int  # of them at most

    def stays(self, known: Known) -> list[int]:
        """The elements that stay."""
        return [i for i in range(len(known.elements)) if i not in self.removed]


def planned(known: Known, wish: Wish) -> Plan:
    """What is to be done; BadRequest where that is nothing, or impossible."""
    here = _inside(known, wish.region) if wish.region else set(range(len(known.elements)))
    free = sorted((i for i in here if not known.elements[i].locked), key=lambda i: (known.elements[i].index, i))
    if wish.count is not None:
        locked = len(here) - len(free)
        if wish.count <= locked:
            raise BadRequest(ALL_LOCKED, locked=locked)
        return Plan(tuple(free), wish.count - locked, _hatches(known, free))
    if wish.redraw:
        if not free and wish.more <= 0:
            raise BadRequest(NOTHING_FREE)
        if free and len(free) + wish.more < 1:
            raise BadRequest(TOO_FEW, free=len(free))
        return Plan(tuple(free), len(free) + wish.more, _hatches(known, free))
    if not wish.more:
        raise BadRequest(NO_CHANGE)
    if wish.more > 0:
        return Plan((), wish.more, 0)
    if len(free) < -wish.more:
        raise BadRequest(TOO_FEW, free=len(free))
    return Plan(tuple(free[wish.more :]), 0, 0)


def filled(rings: Sequence[Ring], size: tuple[int, int]) -> Mask:
    """1 inside closed lines of a picture of that height and width [1, 1, H, W]; BadRequest where that is nothing of it."""
    bits = np.zeros(size, np.uint8)
    cv2.fillPoly(bits, [np.round(np.array(ring) - 0.5).astype(np.int32) for ring in rings], 1)
    if not bits.any():
        raise BadRequest(OUTSIDE)
    return torch.from_numpy(bits.astype(np.float32))[None, None]


def reached(rings: Sequence[Ring], strokes: Strokes, reach: float, size: tuple[int, int]) -> Mask:
    """The same, and what lies within `reach` px of some strokes."""
    bits = filled(rings, size)[0, 0].numpy().astype(np.uint8)
    for row in sample(strokes.points.double(), strokes.segments, SAMPLES)[0].numpy():
        cv2.polylines(bits, [np.round(row - 0.5).astype(np.int32)], False, 1, 2 * round(reach) + 1)
    return torch.from_numpy(bits.astype(np.float32))[None, None]


def places_of(known: Known, plan: Plan, count: int) -> tuple[list[int], list[float]]:
    """Index and importance of `count` new strokes, most important first: those of what is gone, then less important ones."""
    gone = [known.elements[i] for i in plan.removed]
    following = itertools.count(1 + max((each.index for each in known.elements), default=-1))
    indices = [each.index for each in gone[:count]] + list(itertools.islice(following, max(0, count - len(gone))))
    least = min((each.importance for each in known.elements), default=1.0)
    importances = [each.importance for each in gone[:count]]
    importances += [least * 0.99 ** (k + 1) for k in range(count - len(importances))]
    return indices, importances


def _hatches(known: Known, removed: Sequence[int]) -> int:
    return sum(known.elements[i].kind == "hatch" for i in removed)


def _inside(known: Known, rings: Sequence[Ring]) -> set[int]:
    """The elements of which more than half lies inside closed lines."""
    if not known.of:
        return set()
    points = sample(known.strokes.points.double(), known.strokes.segments, SAMPLES)[0].numpy()
    steps = np.linalg.norm(np.diff(points, axis=1), axis=2) + 1e-9
    within = _contains(rings, (points[:, 1:] + points[:, :-1]) / 2)
    whole, part = np.zeros(len(known.elements)), np.zeros(len(known.elements))
    np.add.at(whole, np.array(known.of), steps.sum(1))
    np.add.at(part, np.array(known.of), (steps * within).sum(1))
    return set(np.flatnonzero(part > 0.5 * whole).tolist())


def _contains(rings: Sequence[Ring], points: np.ndarray) -> np.ndarray:
    """Whether points [..., 2] lie inside closed lines, by the even-odd rule."""
    inside, (x, y) = np.zeros(points.shape[:-1], bool), np.moveaxis(points, -1, 0)
    for ring in rings:
        for (x1, y1), (x2, y2) in itertools.pairwise((*ring, ring[0])):
            if y1 != y2:
                inside ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside
