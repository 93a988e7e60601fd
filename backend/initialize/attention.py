"""Where a viewer looks closely: there details are drawn, elsewhere only what is large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.initialize.forms import FormSettings, beside_none
from backend.initialize.streamlines import Map, Trace


@dataclass(frozen=True)
class AttentionSettings:
    """Lengths as a share of the canvas' longer side."""

    fleck: float = 0.07  # a shorter line is a fleck of texture where nobody looks …
    noticed: float = 0.4  # … the shorter, the more it is looked at, and none is from this on
    form: float = 0.7  # worth of a form beside a line that is seen sharply
    forms: FormSettings = FormSettings()


@dataclass(frozen=True)
class Attention:
    """How closely every place is looked at, and what is seen from afar."""

    looked: Map  # [H, W] 0 … 1 = closely
    forms: Sequence[Trace] = ()  # large forms' lines, canvas px
    settings: AttentionSettings = AttentionSettings()

    def along(self, trace: Trace, enlarged: float = 1.0) -> npt.NDArray[np.float64]:
        """How closely each point [M] of a line is looked at that was seen so many times enlarged: then, closely."""
        if enlarged > 1:
            return np.ones(len(trace.row))
        height, width = self.looked.shape
        at = np.clip(np.rint(trace.row).astype(int), 0, (width - 1, height - 1))
        return self.looked[at[:, 1], at[:, 0]].astype(np.float64)

    def tells(self, trace: Trace, enlarged: float = 1.0) -> bool:
        """Whether a line is more than a fleck."""
        looked, settings = float(self.along(trace, enlarged).mean()), self.settings
        least = settings.fleck * max(self.looked.shape) * max(0.0, 1 - looked / settings.noticed)
        return trace.closed or trace.length >= least

    def added(self, traces: Sequence[Trace]) -> list[Trace]:
        """The forms that run where none of these lines does."""
        shape = (self.looked.shape[0], self.looked.shape[1])
        return beside_none(self.forms, traces, shape, self.settings.forms)
