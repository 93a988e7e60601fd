"""A drawing that stays as light and dark as it was, where it was."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import luminance
from backend.guidance.view import View


class KeepTones:
    """Mean squared change of ink over coarse pixels against the start, as a share of its mean square there.

    ink: [1, 1, H, W] at the start, 0 = paper; paper: sRGB [3]; side: of a coarse pixel, px.
    """

    def __init__(self, ink: Tensor, paper: Tensor, side: int) -> None:
        self._paper, self._side, self._target = luminance(paper.view(1, 3, 1, 1)), side, _coarse(ink, side)
        self._scale = self._target.square().mean().clamp_min(1e-6)

    def __call__(self, view: View) -> Tensor:
        ink = (self._paper - luminance(view.image)).abs()
        return (_coarse(ink, self._side) - self._target).square().mean() / self._scale


def tone_change(before: Tensor, after: Tensor, side: int) -> tuple[float, float]:
    """How alike two inks [1, 1, H, W] are over coarse pixels (their correlation), and the share of ink that came or went."""
    tones = torch.stack([_coarse(ink, side).flatten() for ink in (before, after)])
    change = float(after.sum() / before.sum().clamp_min(1e-6)) - 1
    return float(torch.corrcoef(tones)[0, 1]), change


def _coarse(ink: Tensor, side: int) -> Tensor:
    return F.avg_pool2d(ink, side, ceil_mode=True, count_include_pad=False)
