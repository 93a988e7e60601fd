"""Lines thinned to their middle, and that middle as chains of points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Lines = npt.NDArray[np.uint8]  # [H, W] 1 = ink
Row = npt.NDArray[np.float64]  # [M, 2] x, y in px

NEIGHBORS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # row, column; clockwise from the top
WEIGHTS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)  # the bit of each neighbor
GRID = 2.0  # px, σ that takes the steps of the pixel grid out of a line
BORDER = 8  # px of the picture's edge within which a line may have been cut off
REACH = 5  # px over which the direction of an end is taken
STRAIGHT = 0.8  # cosine up to which two ends go on into each other


@dataclass(frozen=True)
class Chain:
    """A line's middle from end to end."""

    row: Row  # [M, 2]
    free: tuple[bool, bool]  # whether the line begins and ends there, rather than meeting another one

    @property
    def length(self) -> float:
        """In px."""
        return float(np.hypot(*np.diff(smoothed(self.row, GRID), axis=0).T).sum())


def thinned(lines: Lines, most: int) -> Lines:
    """The one pixel wide middle of lines (Zhang and Suen 1984); what is wider than 2·`most` px is left out."""
    image = cv2.copyMakeBorder(lines, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    for _ in range(most + 1):
        before = cv2.countNonZero(image)
        for table in _TABLES:
            image &= cv2.LUT(_codes(image), table)
        if cv2.countNonZero(image) == before:
            break
    else:
        image[cv2.morphologyEx(image, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0] = 0
    return _without_corners(image)[1:-1, 1:-1]


def smoothed(row: Row, sigma: float) -> Row:
    """A row of points averaged along itself, over `sigma` points; its ends stay."""
    reach = min(int(3 * sigma) + 1, len(row) - 1)
    if reach < 1:
        return row
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    before, after = 2 * row[0] - row[reach:0:-1], 2 * row[-1] - row[-2 : -reach - 2 : -1]
    full = np.concatenate([before, row, after])
    return np.stack([np.convolve(full[:, i], kernel, "valid") for i in (0, 1)], 1)


def chains(skeleton: Lines, most_points: int) -> list[Chain]:
    """The chains of a skeleton, lines going on straight through crossings; of very many, an even choice.

    most_points: px of skeleton that are looked at.
    """
    degree = cv2.filter2D(skeleton, -1, np.ones((3, 3), np.float32), borderType=cv2.BORDER_CONSTANT) * skeleton
    pieces = [piece for piece in _pieces(skeleton & (degree <= 3), most_points) if len(piece) >= 3]
    return _joined(pieces, skeleton)


def _without_corners(image: Lines) -> Lines:
    """The skeleton with its stairs cut to diagonals, so that no pixel of a line has more than two neighbors."""
    rows, columns = (np.arange(count, dtype=np.uint8) % 2 for count in image.shape)
    odd = rows[:, None] ^ columns[None]
    for table in _CORNERS:
        for others in (odd, 1 - odd):  # those that stay as they are
            image &= cv2.LUT(_codes(image), table) | others
    return image


def _codes(image: Lines) -> Lines:
    return cv2.filter2D(image, -1, WEIGHTS, borderType=cv2.BORDER_CONSTANT)


def _table(first: bool) -> npt.NDArray[np.uint8]:
    """0 for the neighborhoods whose center goes in a half step, else 1."""
    table = np.zeros(256, np.uint8)
    for code in range(256):
        bits = [code >> i & 1 for i in range(8)]
        changes = sum(bits[i] < bits[(i + 1) % 8] for i in range(8))
        top, right, bottom, left = bits[0], bits[2], bits[4], bits[6]
        open_sides = not (top and right and bottom) and not (right and bottom and left)
        if not first:
            open_sides = not (top and right and left) and not (top and bottom and left)
        table[code] = not (2 <= sum(bits) <= 6 and changes == 1 and open_sides)
    return table


def _corner(turn: int) -> npt.NDArray[np.uint8]:
    """0 for the neighborhoods in which the center is the corner of a stair, else 1; by quarter turns."""
    table = np.zeros(256, np.uint8)
    for code in range(256):
        top, _, right, _, bottom, beyond, left, _ = ((code >> (i + 2 * turn) % 8) & 1 for i in range(8))
        table[code] = not (top and right) or bottom or left or beyond
    return table


_TABLES = (_table(True), _table(False))
_CORNERS = tuple(_corner(turn) for turn in range(4))


def _pieces(skeleton: Lines, most_points: int) -> list[Row]:
    """The parts of a skeleton without crossings, each in order from one end to the other."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(skeleton, connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    if not count - 1:
        return []
    step = max(1, math.ceil(int(sizes.sum()) / most_points))
    chosen = np.zeros(count, bool)
    chosen[1::step] = True
    rows, columns = np.nonzero(skeleton)
    found = labels[rows, columns]
    keep = chosen[found]
    order = np.argsort(found[keep], kind="stable")
    points = np.stack([rows[keep], columns[keep]], 1)[order]
    ends = np.nonzero(np.diff(found[keep][order]))[0] + 1
    return [_walked(part) for part in np.split(points, ends)]


def _walked(points: npt.NDArray[np.int64]) -> Row:
    """Pixels [M, 2] (row, column) of one line in the order of a walk along it, as x, y."""
    left = {(int(row), int(column)) for row, column in points}
    start = next((point for point in sorted(left) if len(_around(point, left)) <= 1), min(left))
    walk = [start]
    left.discard(start)
    while near := _around(walk[-1], left):
        step = min(near, key=lambda point: (point[0] - walk[-1][0]) ** 2 + (point[1] - walk[-1][1]) ** 2)
        left.discard(step)
        walk.append(step)
    return np.array(walk, np.float64)[:, ::-1].copy()


def _around(point: tuple[int, int], points: set[tuple[int, int]]) -> list[tuple[int, int]]:
    return [near for down, right in NEIGHBORS if (near := (point[0] + down, point[1] + right)) in points]


def _joined(pieces: Sequence[Row], skeleton: Lines) -> list[Chain]:
    """Pieces that go on straight into each other through a crossing are one chain."""
    partners = _partners(pieces)
    taken: set[int] = set()
    found = []
    for start in [*(i for i in range(2 * len(pieces)) if i not in partners), *range(2 * len(pieces))]:
        if start // 2 in taken:
            continue
        rows, end = [], start
        while True:
            piece = end // 2
            taken.add(piece)
            rows.append(pieces[piece] if end % 2 == 0 else pieces[piece][::-1])
            end ^= 1
            if end not in partners or partners[end] // 2 in taken:
                break
            end = partners[end]
        row = np.concatenate(rows)
        found.append(Chain(row, (_is_free(row[0], skeleton), _is_free(row[-1], skeleton))))
    return found


def _partners(pieces: Sequence[Row]) -> dict[int, int]:
    """For each end (2i: the first of piece i, 2i+1: its last) the end that it goes on into."""
    ends = np.array([point for piece in pieces for point in (piece[0], piece[-1])]).reshape(-1, 2)
    away = np.array([way for piece in pieces for way in (_way(piece), _way(piece[::-1]))]).reshape(-1, 2)
    cells: dict[tuple[int, int], list[int]] = {}
    for i, (x, y) in enumerate(ends):
        cells.setdefault((int(x) // 4, int(y) // 4), []).append(i)
    best: dict[int, int] = {}
    for i, (x, y) in enumerate(ends):
        near = [
            j
            for right in (-1, 0, 1)
            for down in (-1, 0, 1)
            for j in cells.get((int(x) // 4 + right, int(y) // 4 + down), ())
            if j // 2 != i // 2
        ]
        fits = [(-float(away[i] @ away[j]), -j) for j in near if -float(away[i] @ away[j]) > STRAIGHT]
        if fits:
            best[i] = -max(fits)[1]
    return {i: j for i, j in best.items() if best.get(j) == i}


def _way(row: Row) -> npt.NDArray[np.float64]:
    """The direction in which a row leaves at its first point, length 1."""
    step = row[0] - row[min(REACH, len(row) - 1)]
    return step / max(float(np.hypot(*step)), 1e-9)


def _is_free(point: Row, skeleton: Lines) -> bool:
    """Whether a line ends here: not at a crossing, and not at the border of the picture."""
    x, y = (int(value) for value in point)
    height, width = skeleton.shape
    if min(x, y) < BORDER or x >= width - BORDER or y >= height - BORDER:
        return False
    return int(skeleton[y - 1 : y + 2, x - 1 : x + 2].sum()) <= 2
