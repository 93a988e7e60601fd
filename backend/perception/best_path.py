"""The best path through a table of scores (dynamic programming): how faint lines are found that others would miss."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def best_path(scores: Values, bend: float) -> npt.NDArray[np.intp]:
    """One column of each row, so that their scores [rows, columns] less the loss by bending are the highest.

    bend: lost for a step of one column from row to row; twice as large steps lose four times as much.
    """
    rows, columns = scores.shape
    loss = bend * np.subtract.outer(np.arange(columns), np.arange(columns)) ** 2.0
    best, came = scores[0], np.zeros((rows, columns), np.intp)
    for row in range(1, rows):
        ways = best[None] - loss
        came[row] = ways.argmax(1)
        best = ways.max(1) + scores[row]
    path = np.empty(rows, np.intp)
    path[-1] = best.argmax()
    for row in range(rows - 1, 0, -1):
        path[row - 1] = came[row, path[row]]
    return path


def calmed(values: Values, sigma: float) -> Values:
    """Values [M] smoothed along their row, σ in places."""
    calm = cv2.GaussianBlur(values[:, None], (0, 0), sigmaX=1e-3, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(calm, np.float64).ravel()
