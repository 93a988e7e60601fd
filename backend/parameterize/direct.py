"""Control points moved directly, within a trust region around their start."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from backend.core.strokes import Strokes


@dataclass(frozen=True)
class DirectSettings:
    """How freely points move."""

    reach: float = 3.0  # farthest a control point may go from its start, canvas px


class DirectStrokes:
    """Strokes whose control points are the parameters; neighbors of a joint move with it, so that smooth joints stay smooth.

    closer: [N] how many times closer than the canvas each stroke was seen, by which its reach is divided; None: 1.
    held: how many of the last strokes stay where they are.
    """

    def __init__(
        self, start: Strokes, settings: DirectSettings = DirectSettings(), closer: Tensor | None = None, held: int = 0
    ) -> None:
        self.start, self.settings = start, settings
        reach = torch.full_like(start.points[:, :1, :1], settings.reach)
        self._reach = reach if closer is None else reach / closer.to(reach)[:, None, None]
        self.shift = torch.zeros_like(start.points).requires_grad_()
        self._carrier = _carriers(start)
        self._free = len(start) - held

    @property
    def parameters(self) -> list[Tensor]:
        """The tensors to optimize."""
        return [self.shift]

    def strokes(self) -> Strokes:
        """The strokes as they stand, differentiable in the parameters."""
        reach = self._reach
        length = (self.shift.square().sum(-1, keepdim=True) + 1e-12).sqrt()
        shift = self.shift * (reach * torch.tanh(length / reach) / length)
        moved = self.start.points + shift.gather(1, self._carrier[..., None].expand_as(shift))
        if self._free < len(moved):
            moved = torch.cat([moved[: self._free], self.start.points[self._free :]])
        return replace(self.start, points=moved)


class FreeStrokes:
    """Strokes whose control points are the parameters, each on its own and bound to nothing: CLIPasso's."""

    def __init__(self, start: Strokes) -> None:
        self._start, self._points = start, start.points.clone().requires_grad_()

    @property
    def parameters(self) -> list[Tensor]:
        """The tensors to optimize."""
        return [self._points]

    def strokes(self) -> Strokes:
        """The strokes as they stand, differentiable in the parameters."""
        return self._start.with_points(self._points.clone())


def _carriers(strokes: Strokes) -> Tensor:
    """For every control point [N, 3S+1] the index of the joint (or stroke end) whose shift it follows."""
    index = torch.arange(strokes.points.shape[1], device=strokes.points.device)
    nearest = ((index + 1) // 3) * 3
    last = 3 * strokes.segments[:, None]
    carrier = torch.minimum(nearest[None].expand(len(strokes), -1), last)
    return torch.where(strokes.closed[:, None] & (carrier == last), torch.zeros_like(carrier), carrier)
