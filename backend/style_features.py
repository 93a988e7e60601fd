"""The deep features that a style pack may carry: one tensor per encoder, feature layer and statistic."""

from __future__ import annotations

from pathlib import Path

from backend.core import safetensors
from backend.core.errors import BadPack
from backend.style_members import FEATURES

GRAM = "gram"  # [C, C], see guidance for its normalization


def feature_name(encoder: str, layer: str, statistic: str = GRAM) -> str:
    """What a tensor is called in a pack's features file."""
    return f"{encoder}/{layer}/{statistic}"


def feature_layers(file: Path) -> list[str]:
    """The "encoder/feature layer" of all features in a file; none where there is no file. BadPack."""
    if not file.is_file():
        return []
    try:
        names = safetensors.header(file.read_bytes())[0]
    except ValueError as error:
        raise BadPack(f"The features {file} are damaged: {error}. Remove the file {FEATURES}.") from None
    return sorted({name.rpartition("/")[0] for name in names})
