"""Which part of a drawing shows its material: where it is drawn most evenly, or where its paper is bare."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

LINES, PAPER = "lines", "paper"
SIDES = (0.5, 0.4, 0.3, 0.22)  # of the squares that are tried, shares of the picture's shorter side
CELLS = 3  # a square is as even as the least (or most) drawn of so many cells a side
LARGER = 0.35  # a square n times as large may be n ** LARGER times less even

Map = npt.NDArray[np.float32]


def material_square(pixels: Map, kind: str, least: int) -> tuple[int, int, int, int]:
    """x, y, width and height of a square of a picture [H, W, 3] in [0, 1], with sides of at least `least` px.

    LINES: where detail is dense in all of it; PAPER: where there is the least detail in any part of it.
    """
    detail = _detail(pixels)
    height, width = detail.shape
    found: list[tuple[float, tuple[int, int, int, int]]] = []
    for share in SIDES:
        side = min(height, width, max(least, round(share * min(height, width))))
        score, x, y = _best(detail, side, kind)
        found.append((score * side**LARGER if kind == LINES else score / side**LARGER, (x, y, side, side)))
    return max(found)[1] if kind == LINES else min(found)[1]


def _detail(pixels: Map) -> Map:
    """How much lightness changes from each pixel to the next."""
    gray = cv2.cvtColor(np.ascontiguousarray(pixels, np.float32), cv2.COLOR_RGB2GRAY)
    down, right = cv2.Sobel(gray, cv2.CV_32F, 0, 1), cv2.Sobel(gray, cv2.CV_32F, 1, 0)
    return np.hypot(down, right).astype(np.float32)


def _best(detail: Map, side: int, kind: str) -> tuple[float, int, int]:
    """The score of the best square of `side` px, and its corner: of each square the worst cell counts."""
    cell = max(1, side // CELLS)
    cells = cv2.boxFilter(detail, -1, (cell, cell), anchor=(0, 0), borderType=cv2.BORDER_REFLECT)
    reach = np.ones((side - cell + 1, side - cell + 1), np.uint8)
    worst = (cv2.erode if kind == LINES else cv2.dilate)(cells, reach, anchor=(0, 0))
    worst = worst[: detail.shape[0] - side + 1, : detail.shape[1] - side + 1]
    y, x = np.unravel_index(int(worst.argmax() if kind == LINES else worst.argmin()), worst.shape)
    return float(worst[y, x]), int(x), int(y)
