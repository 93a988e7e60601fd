"""Strokes placed by a network: each point is its start and what the network adds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from backend.core.strokes import Strokes
from backend.parameterize.networks import network, network_weights


@dataclass(frozen=True)
class ResidualSettings:
    """The published constants; lengths in half sides of the canvas."""

    hidden: int = 1000
    share: float = 0.1  # of the network's output that is added
    noise: float = 1e-4  # σ of what is added at random in each step


class ResidualStrokes:
    """CLIPascene's placement (Vinker et al. 2023): p = p₀ + 0.1 · MLP(p₀), p in −1 … 1 over the canvas.

    Differs from CLIPascene: the canvas need not be square; both axes are measured in its longer half side.
    """

    def __init__(
        self, start: Strokes, size: tuple[int, int], generator: torch.Generator, settings: ResidualSettings = ResidualSettings()
    ) -> None:
        """start: on a canvas of `size` (height, width), px; generator: of the network and of the noise, on the CPU."""
        self.start, self.settings, self._generator = start, settings, generator
        self._half, middle = max(size) / 2, torch.tensor([size[1] / 2, size[0] / 2])
        self._input = ((start.points - middle.to(start.points)) / self._half).reshape(-1)
        count = self._input.numel()
        sizes = (count, settings.hidden, settings.hidden, count)
        self._weights = [each.requires_grad_() for each in network_weights(sizes, generator, start.points.device)]

    @property
    def parameters(self) -> list[Tensor]:
        """The tensors to optimize."""
        return self._weights

    def strokes(self) -> Strokes:
        """The strokes as they stand, differentiable in the parameters."""
        moved = self.settings.share * network(self._weights, self._input).reshape(self.start.points.shape)
        noise = self.settings.noise * torch.randn(self.start.points.shape, generator=self._generator)
        return self.start.with_points(self.start.points + self._half * (moved + noise.to(moved)))
