"""Terms weighed against each other by their gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from backend.guidance.view import Guidance, View


@dataclass(frozen=True)
class BalancedObjective:
    """The sum of terms of which some are balanced: wᵢ = (Σg − gᵢ) / ((m − 1) Σg), gᵢ the mean |∂termᵢ/∂parameters|.

    CLIPascene's gradient balance (Vinker et al. 2023): a term with the steeper gradient weighs less. The weights themselves
    have no gradient. A single balanced term weighs 1.
    """

    balanced: Mapping[str, Guidance]
    parameters: Sequence[Tensor]
    others: Mapping[str, Guidance] = field(default_factory=dict)  # each weighs 1
    factors: Mapping[str, float] = field(default_factory=dict)  # of balanced terms, before they are balanced; 1 where missing

    def __call__(self, view: View) -> tuple[Tensor, dict[str, float]]:
        """The sum, and each term's unweighted value."""
        values = {name: term(view) for name, term in self.balanced.items()}
        factored = [self.factors.get(name, 1.0) * value for name, value in values.items()]
        total = torch.stack([weight * value for weight, value in zip(self._weights(factored), factored, strict=True)]).sum()
        rest = {name: term(view) for name, term in self.others.items()}
        total = total + sum(rest.values(), start=total.new_zeros(()))
        return total, {name: float(value.detach()) for name, value in {**values, **rest}.items()}

    def _weights(self, values: Sequence[Tensor]) -> list[float]:
        if len(values) == 1:
            return [1.0]
        slopes = [self._slope(value) for value in values]
        whole = sum(slopes)
        return [(whole - slope) / ((len(slopes) - 1) * whole) if whole else 1.0 / len(slopes) for slope in slopes]

    def _slope(self, value: Tensor) -> float:
        gradients = torch.autograd.grad(value, list(self.parameters), retain_graph=True, allow_unused=True)
        size = sum(float(each.abs().sum()) for each in gradients if each is not None)
        return size / sum(each.numel() for each in self.parameters)
