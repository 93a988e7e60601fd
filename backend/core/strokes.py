"""The one noun of this house: strokes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Strokes:
    """N poly-Bézier strokes of at most S cubic segments each, in canvas pixels, painted in order."""

    points: Tensor  # [N, 3S+1, 2] control points, x right, y down; rows of shorter strokes repeat their last point
    segments: Tensor  # [N] int64, how many of the S segments a stroke has, 1 … S
    closed: Tensor  # [N] bool
    widths: Tensor  # [N, K] full width at K knots, evenly spaced in the parameter, canvas px; K = 1: constant
    colors: Tensor  # [N, 3] sRGB in [0, 1]
    opacities: Tensor  # [N] in [0, 1]

    def __len__(self) -> int:
        return self.points.shape[0]

    @classmethod
    def build(
        cls,
        curves: Sequence[Tensor],
        width: float | Tensor,
        color: Sequence[float] = (0.0, 0.0, 0.0),
        closed: Sequence[bool] | None = None,
    ) -> Strokes:
        """Strokes of one color from curves [3s+1, 2] of any lengths; `width` is one number or one per stroke [N]."""
        count = len(curves)
        longest = max((curve.shape[0] for curve in curves), default=4)
        dtype = curves[0].dtype if count else torch.float32
        points = torch.zeros(count, longest, 2, dtype=dtype)
        for i, curve in enumerate(curves):
            points[i, : curve.shape[0]] = curve
            points[i, curve.shape[0] :] = curve[-1]
        return cls(
            points=points,
            segments=torch.tensor([(curve.shape[0] - 1) // 3 for curve in curves], dtype=torch.long),
            closed=torch.tensor(list(closed) if closed is not None else [False] * count, dtype=torch.bool),
            widths=torch.as_tensor(width, dtype=dtype).expand(count).reshape(count, 1).clone(),
            colors=torch.tensor([list(color)] * count, dtype=dtype).reshape(count, 3),
            opacities=torch.ones(count, dtype=dtype),
        )

    @classmethod
    def joined(cls, parts: Sequence[Strokes]) -> Strokes:
        """The strokes of several (at least one) as one, in their order; widths get as many knots as the part with most has."""
        longest = max(strokes.points.shape[1] for strokes in parts)
        knots = max(strokes.widths.shape[1] for strokes in parts)
        return cls(
            points=torch.cat([_padded(strokes.points, longest) for strokes in parts]),
            segments=torch.cat([strokes.segments for strokes in parts]),
            closed=torch.cat([strokes.closed for strokes in parts]),
            widths=torch.cat([_resampled(strokes.widths, knots) for strokes in parts]),
            colors=torch.cat([strokes.colors for strokes in parts]),
            opacities=torch.cat([strokes.opacities for strokes in parts]),
        )

    def select(self, index: Tensor | slice) -> Strokes:
        """The strokes at `index`, in that order."""
        return Strokes(
            self.points[index],
            self.segments[index],
            self.closed[index],
            self.widths[index],
            self.colors[index],
            self.opacities[index],
        )

    def with_points(self, points: Tensor) -> Strokes:
        """The same strokes with other control points [N, 3S+1, 2]."""
        return replace(self, points=points)

    def to(self, device: torch.device | str) -> Strokes:
        """The same strokes on another device."""
        return Strokes(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))

    def curve(self, i: int) -> Tensor:
        """The control points [3s+1, 2] of stroke `i` without padding."""
        return self.points[i, : 3 * int(self.segments[i]) + 1]


def _padded(points: Tensor, count: int) -> Tensor:
    return torch.cat([points, points[:, -1:].expand(-1, count - points.shape[1], -1)], 1)


def _resampled(widths: Tensor, knots: int) -> Tensor:
    if widths.shape[1] in (1, knots):
        return widths.expand(-1, knots)
    return F.interpolate(widths[:, None], knots, mode="linear", align_corners=True)[:, 0]
