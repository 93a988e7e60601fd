"""A network of two tensors, and manifests that name it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import torch
from safetensors.torch import save

from backend.weights.download import Patience
from backend.weights.manifest import DIGITS, Weights, WeightsFile

LAYOUT = {"first.weight": (2, 3)}
TENSORS = {"first.weight": torch.arange(6.0).reshape(2, 3), "rest": torch.linspace(0, 1, 300_000)}
CONTENT = save(TENSORS)  # the bytes of the network's file, 1.2 MB
QUICK = Patience(silence=5.0, attempts=3, pause=0.01)


def tiny_manifest(*urls: str, **changes: Any) -> dict[str, Weights]:
    """The weights `tiny`, to be had at the given addresses, and `own`, which nobody publishes."""
    file = WeightsFile("tiny.safetensors", urls, len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), DIGITS)
    tiny = Weights("tiny", "Tiny", "tests", "none", (LAYOUT,), (replace(file, **changes),))
    own = Weights("own", "Own", "tests", "none", ({"own.weight": (1,)},), about="It is nobody's.")
    return {"tiny": tiny, "own": own}
