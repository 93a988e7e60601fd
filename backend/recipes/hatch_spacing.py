"""How far apart the hatches of a drawing lie, so that new ones lie among them."""

from __future__ import annotations

import numpy as np
import torch

from backend.core.bezier import sample
from backend.recipes.known_strokes import Known

FEWEST = 8  # hatches that tell a spacing
PLACES = 5  # along each of them
PARALLEL = 0.97  # least cosine of neighbors
MOST = 600  # hatches that are looked at


def hatch_spacing(known: Known) -> float | None:
    """The usual distance between neighboring hatches, source px; None where there are too few of them."""
    hatches = [i for i, owner in enumerate(known.of) if known.elements[owner].kind == "hatch"][:MOST]
    if len(hatches) < FEWEST:
        return None
    strokes = known.strokes.select(torch.tensor(hatches))
    points, tangents = (found.double().numpy() for found in sample(strokes.points, strokes.segments, PLACES + 2))
    middle, along = points[:, PLACES // 2 + 1], tangents[:, PLACES // 2 + 1]
    gaps = []
    for i in range(len(hatches)):
        offset = points[:, 1:-1] - middle[i]
        ahead = np.abs(offset @ along[i])
        across = np.abs(offset[..., 0] * along[i, 1] - offset[..., 1] * along[i, 0])
        parallel = np.abs(tangents[:, 1:-1] @ along[i]) > PARALLEL
        beside = parallel & (ahead < 2 * across) & (across > 1e-6)
        beside[i] = False
        if beside.any():
            gaps.append(float(across[beside].min()))
    return float(np.median(gaps)) if len(gaps) >= FEWEST else None
