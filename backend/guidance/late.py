"""A term that joins when most of the way is gone."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from backend.guidance.view import Guidance, View


@dataclass(frozen=True)
class Late:
    """A term from a step on; before, it is 0 and nobody is asked."""

    term: Guidance
    first: int  # the number of the first step that it is part of; steps count from 1

    def __call__(self, view: View) -> Tensor:
        return self.term(view) if view.number >= self.first else view.image.new_zeros(())
