"""How the pen touches the paper: widths and opacities changed a little, shapes left alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.strokes import Strokes


@dataclass(frozen=True)
class TouchSettings:
    """How far widths and opacities may go."""

    most: float = 1.8  # widths and opacities are multiplied by 1 / most … most
    knots: int = 3  # along a stroke whose width varies, evenly spaced in the parameter


class TouchedStrokes:
    """Strokes whose widths and opacities are the parameters, as factors within bounds; opaque ink stays opaque."""

    def __init__(self, start: Strokes, settings: TouchSettings = TouchSettings()) -> None:
        self._start, self._most = start, settings.most
        knots = min(settings.knots, start.widths.shape[1])
        self._press = start.widths.new_zeros(len(start), knots).requires_grad_()
        self._cover = start.opacities.new_zeros(len(start)).requires_grad_()

    @property
    def parameters(self) -> list[Tensor]:
        """The tensors to optimize."""
        return [self._press, self._cover]

    def strokes(self) -> Strokes:
        """The strokes as they stand, differentiable in the parameters."""
        press = self._press
        if press.shape[1] > 1:
            press = F.interpolate(press[:, None], self._start.widths.shape[1], mode="linear", align_corners=True)[:, 0]
        widths = self._start.widths * self._factor(press)
        covered = (self._start.opacities * self._factor(self._cover)).clamp(max=1)
        opacities = torch.where(self._start.opacities < 1, covered, self._start.opacities)
        return replace(self._start, widths=widths, opacities=opacities)

    def _factor(self, values: Tensor) -> Tensor:
        factor: Tensor = self._most ** torch.tanh(values)
        return factor
