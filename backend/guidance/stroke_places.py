"""Places along strokes, which go where the strokes go."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from backend.core.bezier import bernstein, sample
from backend.core.strokes import Strokes
from backend.guidance.view import View

DENSE, FEWEST = 200, 3  # points along a stroke by which its length is measured; places on the shortest one


class StrokePlaces:
    """Places about `spacing` px apart along each of some strokes (at least one), at fixed parameters.

    owner: [P] the stroke of each place; length: [P] how much of it the place stands for, px. Immutable.
    """

    def __init__(self, start: Strokes, spacing: float) -> None:
        at = [_even(start, i, row, spacing) for i, row in enumerate(_dense(start))]
        count = torch.tensor([len(u) for u, _ in at])
        owner = torch.arange(len(start)).repeat_interleave(count)
        segment = torch.cat([u for u, _ in at]).floor().long().clamp_max((start.segments.cpu() - 1)[owner])
        t = (torch.cat([u for u, _ in at]) - segment)[:, None]
        control = owner * start.points.shape[1] + 3 * segment
        s = 1 - t
        slopes = torch.cat([-s * s, s * s - 2 * s * t, 2 * s * t - t * t, t * t], 1)
        self.owner = owner.to(start.points.device)
        self.length = torch.tensor([step for _, step in at]).repeat_interleave(count).to(start.points)
        self._controls = (control[:, None] + torch.arange(4)).reshape(-1).to(start.points.device)
        self._weights = torch.stack([bernstein(t[:, 0]), slopes], 1).to(start.points)

    def __len__(self) -> int:
        return len(self.owner)

    def on(self, strokes: Strokes) -> tuple[Tensor, Tensor]:
        """The places [P, 2], canvas px, and the strokes' unit tangents there, differentiable in the control points."""
        controls = strokes.points.reshape(-1, 2).index_select(0, self._controls)
        found = self._weights @ controls.view(-1, 4, 2)
        tangent = found[:, 1]
        return found[:, 0], tangent / (tangent.square().sum(1, keepdim=True) + 1e-12).sqrt()

    def seen(self, view: View) -> tuple[Tensor, Tensor]:
        """The same for the strokes of a view, computed once a step for all terms."""
        if self not in view.seen:
            view.seen[self] = self.on(view.strokes)
        places: tuple[Tensor, Tensor] = view.seen[self]
        return places


def _dense(start: Strokes) -> np.ndarray:
    with torch.no_grad():
        return sample(start.points.cpu().double(), start.segments.cpu(), DENSE)[0].numpy()


def _even(start: Strokes, i: int, dense: np.ndarray, spacing: float) -> tuple[Tensor, float]:
    """Parameters 0 … S of places in the middle of even parts of a stroke, and the length of a part, px."""
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
    count = max(FEWEST, round(way[-1] / spacing))
    middle = (np.arange(count) + 0.5) / count * way[-1]
    return torch.from_numpy(np.interp(middle, way, np.linspace(0, int(start.segments[i]), DENSE))), float(way[-1] / count)
