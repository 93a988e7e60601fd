"""How many strokes a drawing spends on being understood."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from backend.guidance.view import Guidance, View


class PresenceShare:
    """Mean width of the strokes as a share of their full one: CLIPascene's sparsity."""

    def __init__(self, width: float) -> None:
        """width: full width of a stroke, canvas px."""
        self._width = width

    def __call__(self, view: View) -> Tensor:
        return view.strokes.widths.mean() / self._width


class PresenceRatio:
    """CLIPascene's ratio loss: (presence − r · Σ losses)², r strokes spent for each bit of likeness lost."""

    def __init__(self, share: PresenceShare, ratio: float, likeness: Sequence[Guidance]) -> None:
        self._share, self._ratio, self._likeness = share, ratio, tuple(likeness)

    def __call__(self, view: View) -> Tensor:
        lost = sum((term(view) for term in self._likeness), start=view.strokes.widths.new_zeros(()))
        return (self._share(view) - self._ratio * lost).square()
