"""Image quilting (Efros and Freeman 2001): a new picture of patches of an exemplar, joined along cuts of least error."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]
LEFT, RIGHT, TOP, BOTTOM = range(4)  # sides of a patch


@dataclass(frozen=True)
class QuiltSettings:
    """How patches are cut and chosen."""

    patch: int = 64  # px, side of a patch
    overlap: float = 1 / 3  # share of a patch that lies over its neighbor
    tolerance: float = 0.15  # a patch may fit by this share worse than the best (the paper's .1)
    reuse: float = 0.5  # share by which a patch counts as worse each time that its place was used
    mending: float = 0.5  # how many worst cuts are patched over, a share of the number of patches
    feather: float = 0.8  # px, deviation of the softness of cuts


def quilt(
    exemplar: Map, size: tuple[int, int], tiled: bool, settings: QuiltSettings, chance: np.random.Generator
) -> Iterator[tuple[float, Map]]:
    """A texture like the exemplar [h, w, 3], as the share that is done and the picture [H, W, 3] so far.

    size: height and width, px. tiled: the picture's opposite borders fit. The exemplar's sides are at least a patch, and so
    are those of a tiled picture.

    Differs from the paper: the grid of patches may lie on a torus; patches are searched for at half the resolution first;
    places that were used already are avoided; the cuts are a little soft; the worst cuts are patched over once more.
    """
    patch, overlap = settings.patch, round(settings.patch * settings.overlap)
    room = size if tiled else (max(size[0], patch), max(size[1], patch))
    rows, columns = (_starts(side, patch, overlap, tiled) for side in room)
    work = _Canvas(room, _Search(exemplar, settings, chance), settings)
    mends = round(settings.mending * len(rows) * len(columns))
    steps = len(rows) * len(columns) + mends
    for number, (top, left) in enumerate(itertools.product(rows, columns), 1):
        work.fill(top, left)
        yield number / steps, work.picture[: size[0], : size[1]]
    for number in range(mends):
        work.mend(tiled)
        yield (steps - mends + number + 1) / steps, work.picture[: size[0], : size[1]]


class _Canvas:
    """The picture as it grows, on a torus."""

    def __init__(self, size: tuple[int, int], search: _Search, settings: QuiltSettings) -> None:
        self.picture = np.zeros((*size, 3), np.float32)
        self._known, self._torn = np.zeros(size, np.float32), np.zeros(size, np.float32)  # _torn: error along cuts
        self._size, self._search, self._settings = size, search, settings

    def fill(self, top: int, left: int) -> None:
        """Lays a patch that fits its neighbors."""
        place = self._place(top, left)
        self._lay(place, self._search.best(self.picture[place], self._known[place]), self._settings.patch // 2)

    def mend(self, tiled: bool) -> None:
        """Lays a patch over the worst cut, where that makes it better."""
        patch = self._settings.patch
        y, x = np.unravel_index(int(_blurred(self._torn, patch / 8).argmax()), self._size)
        top, left = (int(at) - patch // 2 for at in (y, x))
        if not tiled:
            top, left = (min(max(at, 0), side - patch) for at, side in zip((top, left), self._size, strict=True))
        place = self._place(top, left)
        frame = max(2, round(patch * self._settings.overlap))
        ring = self._known[place].copy()
        ring[frame:-frame, frame:-frame] = 0
        before = self.picture[place].copy(), self._torn[place].copy()
        self._lay(place, self._search.best(before[0], ring), frame)
        if self._torn[place].sum() >= before[1].sum():
            self.picture[place], self._torn[place] = before[0], before[1] * 0.5  # so that other cuts have their turn

    def _place(self, top: int, left: int) -> tuple[npt.NDArray[np.intp], ...]:
        patch = np.arange(self._settings.patch)
        return np.ix_((top + patch) % self._size[0], (left + patch) % self._size[1])

    def _lay(self, place: tuple[npt.NDArray[np.intp], ...], chosen: Map, deepest: int) -> None:
        before, known = self.picture[place], self._known[place]
        error = ((chosen - before) ** 2).sum(2)
        share = cut_mask(error, known, deepest, self._settings.feather)
        self.picture[place] = share[..., None] * chosen + (1 - share[..., None]) * before
        cut = 4 * share * (1 - share) * known
        self._torn[place] = np.maximum(self._torn[place] * (1 - share), cut * error)
        self._known[place] = 1


def _starts(length: int, patch: int, overlap: int, tiled: bool) -> list[int]:
    """Where patches begin, at least `overlap` px over each other, evenly spread over a length (or a circle)."""
    step = patch - overlap
    if tiled:
        count = -(-length // step)
        return [round(i * length / count) for i in range(count)]
    count = max(0, -(-(length - patch) // step))
    return [round(i * (length - patch) / max(count, 1)) for i in range(count + 1)]


class _Search:
    """Finds patches of the exemplar that fit what is there already."""

    def __init__(self, exemplar: Map, settings: QuiltSettings, chance: np.random.Generator) -> None:
        self._exemplar, self._settings, self._chance = np.ascontiguousarray(exemplar), settings, chance
        self._coarse = _halved(self._exemplar)
        height, width = exemplar.shape[:2]
        self._used = np.zeros((height - settings.patch + 1, width - settings.patch + 1), np.float32)

    def best(self, before: Map, seen: Map) -> Map:
        """A patch [P, P, 3] that fits where `seen` [P, P] is 1; any where nothing is."""
        rows, columns = self._used.shape
        if seen.any():
            y, x = self._nearest(before, seen)
        else:
            y, x = int(self._chance.integers(rows)), int(self._chance.integers(columns))
        near = self._settings.patch // 4
        self._used[max(0, y - near) : y + near + 1, max(0, x - near) : x + near + 1] += 1
        return self._part(y, x)

    def _nearest(self, before: Map, seen: Map) -> tuple[int, int]:
        """Searches the half-size exemplar, then the whole one around the place chosen there."""
        small, mask = _halved(before * seen[..., None]), _halved(seen).round().astype(np.float32)
        small = (small / np.maximum(_halved(seen), 0.25)[..., None]).astype(np.float32)
        error = _distances(self._coarse, small, mask)
        rows, columns = self._used.shape
        error = error[: (rows + 1) // 2, : (columns + 1) // 2]
        used = self._used[::2, ::2]
        error = (error + 1e-4 * mask.sum()) * (1 + self._settings.reuse * used)
        fitting = np.flatnonzero(error <= error.min() * (1 + self._settings.tolerance))
        y, x = np.unravel_index(int(self._chance.choice(fitting)), error.shape)
        around = [
            (a, b)
            for a in range(max(0, 2 * int(y) - 1), min(rows, 2 * int(y) + 2))
            for b in range(max(0, 2 * int(x) - 1), min(columns, 2 * int(x) + 2))
        ]
        return min(around, key=lambda at: float((((self._part(*at) - before) ** 2).sum(2) * seen).sum()))

    def _part(self, y: int, x: int) -> Map:
        return self._exemplar[y : y + self._settings.patch, x : x + self._settings.patch]


def _halved(picture: Map) -> Map:
    height, width = picture.shape[:2]
    return cv2.resize(picture, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)


def _distances(exemplar: Map, patch: Map, mask: Map) -> Map:
    """Squared distances of a masked patch to the exemplar at every place."""
    weights = np.repeat(mask[..., None], 3, 2)
    return np.maximum(cv2.matchTemplate(exemplar, patch * weights, cv2.TM_SQDIFF, mask=weights), 0)


def cut_mask(error: Map, seen: Map, deepest: int, feather: float) -> Map:
    """The share [P, P] of a new patch, 1 where nothing was, along cuts of least error where something was.

    error: squared difference of the patch and what was there; seen: where something was; deepest: how far from its side
    a cut may run, px; feather: softness, px.
    """
    share = np.ones_like(error)
    for side in (LEFT, RIGHT, TOP, BOTTOM):
        turned_error, turned_seen, turned = (_turned(layer, side) for layer in (error, seen, share))
        depth = min(_depth(turned_seen), deepest)
        if depth:
            path = _cheapest_path(turned_error[:, :depth])
            turned[np.arange(len(error))[None, :] < path[:, None]] = 0
    soft = _blurred(share, feather) if feather else share
    return np.where(seen > 0, soft, 1).astype(np.float32)


def _turned(layer: Map, side: int) -> Map:
    """A view of a square layer with a side at its left."""
    if side in (TOP, BOTTOM):
        layer = layer.T
    return layer[:, ::-1] if side in (RIGHT, BOTTOM) else layer


def _depth(seen: Map) -> int:
    """How many columns at the left were there already in every row."""
    full = seen.min(0) > 0
    return len(full) if full.all() else int(full.argmin())


def _cheapest_path(error: Map) -> npt.NDArray[np.intp]:
    """In each row of an error [H, W] the column of a connected path from the first row to the last one."""
    cost = error.astype(np.float64).copy()
    for row in range(1, len(cost)):
        above = np.pad(cost[row - 1], 1, constant_values=np.inf)
        cost[row] += np.minimum(np.minimum(above[:-2], above[1:-1]), above[2:])
    path = np.empty(len(cost), np.intp)
    path[-1] = cost[-1].argmin()
    for row in range(len(cost) - 2, -1, -1):
        low = max(0, path[row + 1] - 1)
        path[row] = low + cost[row, low : path[row + 1] + 2].argmin()
    return path


def _blurred(layer: Map, deviation: float) -> Map:
    return cv2.GaussianBlur(layer, (0, 0), deviation, borderType=cv2.BORDER_REPLICATE)
