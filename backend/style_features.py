"""The deep features that a style pack may carry, by encoder and feature layer: Gram matrices, and embeddings of CLIP.

They are of the exemplars at SIDE px on the longer side, by the encoder's own preprocessing; what is compared with them must
be, too. A file of another way of measuring, of another network of the same name, or of other encoders than asked for, is an
error that says how to mend it.
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
GRAM, EMBEDDING = "gram", "embedding"  # [C, C], see guidance.gram; [C], see guidance.embedding
RANKS = {GRAM: 2, EMBEDDING: 1}
WAY = {"format": "1", "side": str(SIDE), GRAM: "F·Fᵀ/(h·w)", EMBEDDING: "unit mean of unit embeddings"}
MEND = "Measure them again with: stylesketch style features {pack}"

Feature = npt.NDArray[np.float32]  # [C, C] Gram matrix or [C] embedding
Features = Mapping[tuple[str, str], Feature]  # by encoder and feature layer


def write_features(features: Features) -> bytes:
    """The features file of Gram matrices and embeddings by encoder and feature layer."""
    kinds = {rank: kind for kind, rank in RANKS.items()}
    return safetensors.write({_name(*where, kinds[value.ndim]): value for where, value in features.items()}, WAY)


def read_features(file: Path, encoder: str, layers: Sequence[str], kind: str = GRAM) -> dict[str, Feature]:
    """The Gram matrices (or embeddings) of an encoder's feature layers in a pack's features file.

    Raises BadPack where the file is damaged or was made another way, Missing where it has no such features.
    """
    try:
        tensors, way = safetensors.read(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BadPack("The features {file} are damaged: {error}. {cure}", file=file, error=error, cure=_mend(file)) from None
    if any(way.get(key) != WAY[key] for key in ("format", "side", kind)):
        raise BadPack(
            "The features {file} were measured another way than this StyleSketch does. {cure}", file=file, cure=_mend(file)
        )
    lacking = [layer for layer in layers if _name(encoder, layer, kind) not in tensors]
    if lacking:
        held = ", ".join(sorted({name.rpartition("/")[0] for name in tensors})) or "none"
        raise Missing(
            "The style pack {name} has no {kind} of {encoder}/{layer}, only: {held}. {cure}",
            name=file.parent.name,
            kind=kind,
            encoder=encoder,
            layer=lacking[0],
            held=held,
            cure=_mend(file),
        )
    found = {layer: tensors[_name(encoder, layer, kind)] for layer in layers}
    for layer, value in found.items():
        if value.ndim != RANKS[kind] or len(set(value.shape)) != 1 or not np.isfinite(value).all():
            raise BadPack(
                "The features {file} of {encoder}/{layer} are no {kind}. {cure}",
                file=file,
                encoder=encoder,
                layer=layer,
                kind=kind,
                cure=_mend(file),
            )
    return found


def kept_features(data: bytes) -> Features:
    """All features in the bytes of a features file; none where it is damaged or was made another way."""
    try:
        tensors, way = safetensors.read(data)
    except ValueError:
        return {}
    parts = [(name.split("/"), value) for name, value in tensors.items()] if way == WAY else []
    return {(where[0], where[1]): value for where, value in parts if len(where) == 3 and RANKS.get(where[2]) == value.ndim}


def check_channels(file: Path, encoder: str, layer: str, found: int, channels: int) -> None:
    """BadPack where features were measured by another network than the one of that name that is here."""
    if found != channels:
        raise BadPack(
            "The features {file} of {encoder}/{layer} are another network's: of {found} channels, not {channels}. {cure}",
            file=file,
            encoder=encoder,
            layer=layer,
            found=found,
            channels=channels,
            cure=_mend(file),
        )


def has_features(file: Path, encoder: str) -> bool:
    """Whether a features file, which need not be there, holds any of an encoder. BadPack."""
    return any(name.startswith(f"{encoder}/") for name in feature_layers(file))


def feature_layers(file: Path) -> list[str]:
    """The "encoder/feature layer" of all features in a file; none where there is no file. BadPack."""
    if not file.is_file():
        return []
    try:
        names = safetensors.header(file.read_bytes())[0]
    except ValueError as error:
        raise BadPack(
            "The features {file} are damaged: {error}. Remove the file {features}.", file=file, error=error, features=FEATURES
        ) from None
    return sorted({name.rpartition("/")[0] for name in names})


def _name(encoder: str, layer: str, kind: str) -> str:
    return f"{encoder}/{layer}/{kind}"


def _mend(file: Path) -> str:
    return MEND.format(pack=file.parent.name)
