"""The order of strokes by what leaving each out costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

SHARE = 0.25  # of the strokes that are left is taken away before the others are judged anew

Losses = Callable[[Sequence[Sequence[int]]], npt.NDArray[np.float64]]  # of drawings of these strokes


def leave_one_out(count: int, losses: Losses) -> tuple[list[int], list[float]]:
    """The strokes' indices from the one whose loss would cost most, and their importances, 1 … 0.

    Strokes are taken away from the end: round by round those whose absence costs least, so that of two that say the same
    one stays.
    """
    left, gone, costs = list(range(count)), list[int](), list[float]()
    while len(left) > 1:
        whole, *without = losses([left, *([i for i in left if i != out] for out in left)])
        cost = [float(loss - whole) for loss in without]
        number = min(max(1, round(SHARE * len(left))), len(left) - 1)
        out = sorted(range(len(left)), key=lambda i: (cost[i], -left[i]))[:number]
        gone += [left[i] for i in out]
        costs += [cost[i] for i in out]
        left = [stroke for i, stroke in enumerate(left) if i not in out]
    order = [*left, *reversed(gone)]
    rising = np.maximum.accumulate([0.0, *costs])[1:] if costs else np.zeros(0)
    top = max(float(rising[-1]) if len(rising) else 0.0, 1e-9)
    return order, [*([1.0] * len(left)), *(float(value / top) for value in reversed(rising))]
