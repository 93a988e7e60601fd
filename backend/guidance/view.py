"""One optimization step as the guidance sees it, and the sum of its terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from backend.core.image import Image
from backend.core.strokes import Strokes


@dataclass(frozen=True)
class View:
    """The drawing as it stands."""

    image: Image  # [1, 3, H, W] the rendering
    strokes: Strokes
    number: int = 0  # of the step
    seen: dict[Any, Any] = field(default_factory=dict)  # what terms share within the step


class Guidance(Protocol):
    """A term: a scalar, unweighted, smaller is better; immutable after construction."""

    def __call__(self, view: View) -> Tensor: ...


@dataclass(frozen=True)
class Objective:
    """The weighted sum of named terms."""

    terms: Mapping[str, Guidance]
    weights: Mapping[str, float] = field(default_factory=dict)  # 1 where a name is missing

    def __call__(self, view: View) -> tuple[Tensor, dict[str, float]]:
        """The sum, and each term's unweighted value."""
        values = {name: term(view) for name, term in self.terms.items()}
        total = torch.stack([self.weights.get(name, 1.0) * value for name, value in values.items()]).sum()
        return total, {name: float(value.detach()) for name, value in values.items()}
