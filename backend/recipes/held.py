"""Strokes that are on a canvas already, and stay while others are drawn beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from backend.core.bezier import sample
from backend.core.image import Framing, Mask
from backend.core.strokes import Strokes
from backend.initialize.covered import Covered
from backend.initialize.order import OrderSettings
from backend.initialize.streamlines import Row

DENSE = 200  # points by which a stroke's length is measured
AMONG = 0.8  # of the distance of hatches: nearer to one of them, no other is drawn


@dataclass(frozen=True)
class Held:
    """What is on a canvas, and where new strokes may be."""

    strokes: Strokes  # canvas px
    within: Mask  # [1, 1, H, W] 1 = here
    covered: Covered
    bare: Mask  # [1, 1, H, W] 1 = here, and no hatching stays

    @classmethod
    def on(
        cls, framing: Framing, strokes: Strokes, within: Mask, order: OrderSettings, hatches: Sequence[int], apart: float
    ) -> Held:
        """Strokes in source px and a mask of the source [1, 1, H, W], on a canvas.

        hatches: indices of those that are hatching, which lies about `apart` source px apart.
        """
        placed = strokes.with_points(framing.to_canvas(strokes.points.double()).to(strokes.points))
        placed = Strokes(
            placed.points, placed.segments, placed.closed, framing.scale * placed.widths, placed.colors, placed.opacities
        )
        here = framing.crop(within, fill=0.0).gt(0.5).float()
        rows = _rows(placed)
        inside = sum(_share(row, here) > 0.5 for row in rows)
        bare = here * _away_from([rows[i] for i in hatches], here, AMONG * apart * framing.scale)
        return cls(placed, here, Covered(tuple(rows), inside + _equal_strokes(here, order)), bare)


def _away_from(rows: Sequence[Row], like: Mask, reach: float) -> Mask:
    """1 farther than `reach` px from the rows, else 0, as large as another mask."""
    free = np.ones(like.shape[-2:], np.uint8)
    for row in rows:
        cv2.polylines(free, [np.rint(row).astype(np.int32)], False, 0, 2 * round(reach) + 1)
    return torch.from_numpy(free.astype(np.float32))[None, None]


def _equal_strokes(within: Mask, order: OrderSettings) -> float:
    """After how many strokes of a whole canvas the order looks about as near as it does at first on the open part of it."""
    there = within[0, 0].nonzero()
    if not len(there):
        return 0.0
    part = float((there.amax(0) - there.amin(0) + 1).max()) / max(within.shape[-2:])
    late = (1 - part) * order.reach / (order.reach - order.last_reach)
    return -order.ease * math.log(1 - min(late, 0.95))


def _rows(strokes: Strokes) -> list[Row]:
    """Each stroke as points about 1 px apart, the middle of the first pixel at 0."""
    if not len(strokes):
        return []
    rows = []
    for dense in sample(strokes.points.double().cpu(), strokes.segments.cpu(), DENSE)[0].numpy():
        way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
        at = np.linspace(0, way[-1], max(2, round(way[-1]) + 1))
        rows.append(np.stack([np.interp(at, way, dense[:, i]) for i in (0, 1)], 1) - 0.5)
    return rows


def _share(row: Row, within: Mask) -> float:
    """Share of a row's points that lie on a mask."""
    height, width = within.shape[-2:]
    at = torch.from_numpy(np.rint(row)).long()
    inside = (at[:, 0] >= 0) & (at[:, 0] < width) & (at[:, 1] >= 0) & (at[:, 1] < height)
    found = within[0, 0, at[inside, 1], at[inside, 0]]
    return float(found.sum()) / len(row)
