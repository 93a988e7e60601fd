"""Lines drawn twice: how much of a drawing's ink runs beside other ink."""

from __future__ import annotations

import numpy as np
import torch

from backend.core.bezier import sample
from backend.core.strokes import Strokes

PARALLEL = 0.9  # least cosine between two lines that double each other
BESIDE = 1.5  # widths between two such lines, at most


def doubled_share(strokes: Strokes) -> float:
    """Share of the strokes' length, 0 … 1, within 1.5 widths of another stroke that runs nearly parallel there."""
    if len(strokes) < 2:
        return 0.0
    points, tangents, owner, reach = _samples(strokes)
    doubled = np.zeros(len(points), bool)
    cell = max(float(reach.max()), 1e-6)
    cells = np.floor(points / cell).astype(np.int64)
    place: dict[tuple[int, int], list[int]] = {}
    for i, (x, y) in enumerate(cells.tolist()):
        place.setdefault((x, y), []).append(i)
    for (x, y), here in place.items():
        near = np.array([i for dx in (-1, 0, 1) for dy in (-1, 0, 1) for i in place.get((x + dx, y + dy), ())])
        mine = np.array(here)
        gap = np.linalg.norm(points[mine, None] - points[None, near], axis=2)
        along = np.abs((tangents[mine, None] * tangents[None, near]).sum(2))
        other = owner[mine, None] != owner[None, near]
        doubled[mine] = (other & (gap < reach[mine, None]) & (along > PARALLEL)).any(1)
    return float(doubled.mean())


def _samples(strokes: Strokes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points [M, 2] half a width apart, their tangents, which stroke each is of, and how far beside reaches [M]."""
    rows = []
    with torch.no_grad():
        dense, directions = sample(strokes.points.cpu().double(), strokes.segments.cpu(), 400)
    for i in range(len(strokes)):
        width = float(strokes.widths[i].mean())
        place = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(dense[i].numpy(), axis=0), axis=1))])
        count = min(400, max(2, round(place[-1] / max(width / 2, 1e-6))))
        at = np.searchsorted(place, np.linspace(0, place[-1], count)).clip(0, 399)
        rows.append((dense[i].numpy()[at], directions[i].numpy()[at], np.full(count, i), np.full(count, BESIDE * width)))
    points, tangents, owner, reach = (np.concatenate(part) for part in zip(*rows, strict=True))
    return points, tangents, owner, reach
