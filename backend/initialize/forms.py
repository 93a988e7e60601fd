"""Calm lines of large forms: what someone sees who steps back, where nothing fine is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from backend.core.bezier import smoothed
from backend.initialize.streamlines import Map, Trace, TraceSettings


@dataclass(frozen=True)
class FormSettings:
    """How large forms are seen; distances in px of a canvas whose longer side is about 900 px, unless told."""

    side: int = 320  # px of the small picture's longer side, on which they are found
    trace: TraceSettings = TraceSettings(seed=0.12, keep=0.06, least=14.0)  # px of the small picture
    apart: float = 14.0  # no form runs nearer to a line that is there
    least: float = 32.0  # shorter ones are no forms
    calm: float = 7.0  # σ along a line over which its tremor is smoothed away


def enlarged(trace: Trace, scale: float, calm: float) -> Trace:
    """A line of a picture `scale` times as large as the canvas, on the canvas: its points about 1 px apart, its course calm."""
    row = (trace.row + 0.5) / scale - 0.5
    place = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(row, axis=0), axis=1))])
    at = np.linspace(0, place[-1], max(2, round(float(place[-1]))))
    dense = np.stack([np.interp(at, place, row[:, 0]), np.interp(at, place, row[:, 1])], 1)
    calmed = smoothed(dense, (), calm, trace.closed)
    return replace(trace, row=calmed, strength=np.interp(at, place, trace.strength))


def beside_none(forms: Sequence[Trace], others: Sequence[Trace], shape: tuple[int, int], settings: FormSettings) -> list[Trace]:
    """The parts of forms that keep apart from all other lines and are long enough."""
    distance = _distance(others, shape)
    found = []
    for form in forms:
        at = np.clip(np.rint(form.row).astype(int), 0, (shape[1] - 1, shape[0] - 1))
        for begin, end in _runs(distance[at[:, 1], at[:, 0]] > settings.apart):
            if end - begin >= settings.least:
                whole = end - begin == len(form.row)
                found.append(Trace(form.row[begin:end], form.strength[begin:end], form.closed and whole))
    return found


def _distance(traces: Sequence[Trace], shape: tuple[int, int]) -> Map:
    """Distance [H, W] of every px to the nearest line."""
    free = np.ones(shape, np.uint8)
    for trace in traces:
        cv2.polylines(free, [np.rint(trace.row).astype(np.int32)], trace.closed, 0)
    return cv2.distanceTransform(free, cv2.DIST_L2, 5) if traces else np.full(shape, 1e6, np.float32)


def _runs(free: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where stretches of True begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]
