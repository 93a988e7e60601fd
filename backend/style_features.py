"""The deep features that a style pack may carry: one matrix per encoder and feature layer, the mean over its exemplars.

They are of the exemplar at SIDE px on its longer side, by the encoder's own preprocessing; what is compared with them must
be, too. A file of another way of measuring, or of other encoders than asked for, is an error that says how to mend it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backend.core import safetensors
from backend.core.errors import BadPack, Missing
from backend.style_members import FEATURES

SIDE = 512  # px
GRAM = "gram"  # [C, C], see guidance.gram
WAY = {"format": "1", "side": str(SIDE), "gram": "F·Fᵀ/(h·w)"}
Matrix = npt.NDArray[np.float32]  # [C, C]


def write_features(grams: Mapping[tuple[str, str], Matrix]) -> bytes:
    """The features file of Gram matrices by encoder and feature layer."""
    return safetensors.write({_name(*where): matrix for where, matrix in grams.items()}, WAY)


def read_features(file: Path, encoder: str, layers: Sequence[str]) -> dict[str, Matrix]:
    """The Gram matrices of an encoder's feature layers in a pack's features file.

    Raises BadPack where the file is damaged or was made another way, Missing where it has no such features.
    """
    try:
        tensors, way = safetensors.read(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BadPack(f"The features {file} are damaged: {error}. Remove the file.") from None
    if way != WAY:
        raise BadPack(f"The features {file} were measured another way than this StyleSketch does. Remove the file.")
    lacking = [layer for layer in layers if _name(encoder, layer) not in tensors]
    if lacking:
        held = ", ".join(sorted({name.rpartition("/")[0] for name in tensors})) or "none"
        raise Missing(
            f"The style pack {file.parent.name} has no features of {encoder}/{lacking[0]}, only: {held}. Extract it again."
        )
    found = {layer: tensors[_name(encoder, layer)] for layer in layers}
    for layer, matrix in found.items():
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
            raise BadPack(f"The features {file} of {encoder}/{layer} are no Gram matrix. Remove the file.")
    return found


def feature_layers(file: Path) -> list[str]:
    """The "encoder/feature layer" of all features in a file; none where there is no file. BadPack."""
    if not file.is_file():
        return []
    try:
        names = safetensors.header(file.read_bytes())[0]
    except ValueError as error:
        raise BadPack(f"The features {file} are damaged: {error}. Remove the file {FEATURES}.") from None
    return sorted({name.rpartition("/")[0] for name in names})


def _name(encoder: str, layer: str) -> str:
    return f"{encoder}/{layer}/{GRAM}"
