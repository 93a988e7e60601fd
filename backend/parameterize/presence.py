"""Which strokes stay: a network's answer, softly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.strokes import Strokes
from backend.parameterize.networks import network, network_weights


@dataclass(frozen=True)
class PresenceSettings:
    """The published constants."""

    hidden: int = 1000
    input: float = 1.5  # of every stroke: the width of a line, px
    bias: float = 0.01
    temperature: float = 0.2  # τ of the Gumbel-softmax
    pace: float = 0.5  # learning rate of this network to that of the placement
    stays: float = 0.7  # presence above which a stroke stays


class Placement(Protocol):
    """A parameterization of where the strokes lie."""

    @property
    def parameters(self) -> list[Tensor]: ...

    def strokes(self) -> Strokes: ...


class PresentStrokes:
    """CLIPascene's simplification (Vinker et al. 2023): widths w · Gumbel-softmax(MLP(1.5 · 1)), placed by another network.

    Adam's step does not depend on a parameter's scale, so this network's weights are kept in units of `pace`.
    """

    def __init__(
        self,
        placement: Placement,
        count: int,
        size: tuple[int, int],
        generator: torch.Generator,
        settings: PresenceSettings = PresenceSettings(),
    ) -> None:
        """count: of strokes; size: height and width of the canvas, px; generator: of network and noise, on the CPU."""
        self.settings, self._placement, self._size, self._generator = settings, placement, size, generator
        device = placement.parameters[0].device
        sizes = (count, settings.hidden, settings.hidden, count)
        weights = network_weights(sizes, generator, device, settings.bias)
        self._units = [(each / settings.pace).requires_grad_() for each in weights]
        self._input = torch.full((count,), settings.input, device=device)

    @property
    def parameters(self) -> list[Tensor]:
        """The tensors to optimize: of both networks."""
        return [*self._placement.parameters, *self._units]

    def strokes(self) -> Strokes:
        """The strokes, as wide as they are present; differentiable in the parameters, random."""
        placed = self._placement.strokes()
        uniform = torch.rand(2, len(placed), generator=self._generator).clamp(1e-9, 1 - 1e-7).to(placed.points)
        presence = self._soft(-(-uniform.log()).log()) * self._within(placed)
        return replace(placed, widths=placed.widths * presence[:, None])

    @torch.no_grad()
    def present(self) -> Tensor:
        """How surely each stroke stays [N], 0 … 1, without chance."""
        return self._soft(torch.zeros(2, len(self._input)).to(self._input))

    def _soft(self, noise: Tensor) -> Tensor:
        """Gumbel-softmax of presence and absence (Jang et al. 2017), of presence [N]; noise: [2, N]."""
        logit = network([self.settings.pace * unit for unit in self._units], self._input)
        pair = torch.stack([F.logsigmoid(logit), F.logsigmoid(-logit)])
        return ((pair + noise) / self.settings.temperature).softmax(0)[0]

    def _within(self, strokes: Strokes) -> Tensor:
        """1 for strokes that reach into the canvas, else 0 [N]."""
        limit = strokes.points.new_tensor([self._size[1], self._size[0]])
        inside = ((strokes.points >= 0) & (strokes.points <= limit)).all(-1)
        return inside.any(1).to(strokes.points)
