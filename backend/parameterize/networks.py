"""Small networks whose outputs are properties of strokes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def network_weights(
    sizes: Sequence[int], generator: torch.Generator, device: torch.device, bias: float | None = None
) -> list[Tensor]:
    """Weights and offsets in turn of linear layers between these sizes.

    bias: of all layers at the start, with weights after Glorot and Bengio (2010); None: both uniform in ±1/√input.
    """
    found: list[Tensor] = []
    for into, out in itertools.pairwise(sizes):
        spread = math.sqrt(6 / (into + out)) if bias is not None else 1 / math.sqrt(into)
        weight = spread * (2 * torch.rand(out, into, generator=generator) - 1)
        offset = spread * (2 * torch.rand(out, generator=generator) - 1) if bias is None else torch.full((out,), bias)
        found += [weight.to(device), offset.to(device)]
    return found


def network(weights: Sequence[Tensor], values: Tensor) -> Tensor:
    """What linear layers with SELU between them (Klambauer et al. 2017) make of an input; both [size]."""
    for i in range(0, len(weights), 2):
        values = F.linear(F.selu(values) if i else values, weights[i], weights[i + 1])
    return values
