"""Weights as callers see them."""

from __future__ import annotations

from stylesketch_ext.wire.messages import ModelInfo

from backend.places import Places
from backend.weights.manifest import MANIFEST, Weights
from backend.weights.shelf import Manifest, find, read_receipt, unfinished


def model_infos(places: Places, manifest: Manifest = MANIFEST) -> list[ModelInfo]:
    """All weights of the manifest, in its order."""
    return [model_info(weights, places, manifest) for weights in manifest.values()]


def model_info(weights: Weights, places: Places, manifest: Manifest = MANIFEST) -> ModelInfo:
    """What lists tell of some weights."""
    path = find(weights.name, places, manifest)
    receipt = read_receipt(weights.name, places, manifest) if path else None
    file = weights.files[0] if weights.files else None
    return ModelInfo(
        name=weights.name,
        title=weights.title,
        used_by=weights.used_by,
        license=weights.license,
        here=path is not None,
        size=path.stat().st_size if path else weights.size,
        kept=sum(count for _, count in unfinished(weights, places)),
        source=receipt.source if receipt else "",
        proof=receipt.proof if receipt else file.proof if file else "",
        pullable=file is not None,
        about=weights.about,
        cure=weights.cure,
    )
