"""The exemplars of a style pack as drawings are compared with them; what was read once is kept for the next drawing."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from backend.core.errors import BadImage, BadPack
from backend.core.image import Image
from backend.encoders import Encoder
from backend.guidance.patches import exemplar_ink
from backend.perception.photograph import decode
from backend.recipes.deep_features import at_side, means
from backend.style_features import check_channels, has_features, read_features
from backend.style_members import FEATURES, exemplar_names

KEPT = 8  # of each kind of what is read


@dataclass(frozen=True)
class Exemplars:
    """The exemplar pictures in a pack's folder. Methods raise BadPack where a file of it cannot be used."""

    folder: Path
    names: tuple[str, ...]  # at least one
    version: tuple[int, ...]  # when each file was changed last, ns; the features' too

    @classmethod
    def of(cls, folder: Path) -> Exemplars | None:
        """Those of a folder; None where there is none."""
        try:
            names = exemplar_names(path.name for path in folder.iterdir())
            files = [folder / name for name in (*names, FEATURES)]
            version = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
        except OSError as error:
            raise _unreadable(folder, error) from error
        return cls(folder, tuple(names), version) if names else None

    def ink(self, side: int, dark: bool) -> Tensor:
        """The ink [1, 1, h, w] of the first one, with at most `side` px on its longer side; dark: its paper is."""
        return _ink(self, side, dark)

    def features(self, encoder: Encoder, layers: Sequence[str], kind: str, device: torch.device) -> dict[str, Tensor]:
        """What an encoder sees in them, by feature layer: [C, C] or [C]. The pack's own if it carries some.

        Raises Missing where it carries some of this encoder, but not these.
        """
        return _features(self, cast(Hashable, encoder), tuple(layers), kind, device)


def forget() -> None:
    """Drops what was read, and with it the encoders that saw it."""
    _ink.cache_clear()
    _features.cache_clear()


@functools.lru_cache(maxsize=KEPT)
def _ink(exemplars: Exemplars, side: int, dark: bool) -> Tensor:
    picture = _picture(exemplars.folder / exemplars.names[0])
    return exemplar_ink(at_side(picture, min(side, max(picture.shape[-2:]))), dark)


@functools.lru_cache(maxsize=KEPT)
def _features(
    exemplars: Exemplars, encoder: Encoder, layers: tuple[str, ...], kind: str, device: torch.device
) -> dict[str, Tensor]:
    file = exemplars.folder / FEATURES
    if not has_features(file, encoder.name):
        pictures = [_picture(exemplars.folder / name) for name in exemplars.names]
        return dict(means(pictures, encoder, device))
    found = read_features(file, encoder.name, layers, kind)
    with torch.no_grad():
        seen = encoder(torch.ones(1, 3, 64, 64, device=device))
    for layer, value in found.items():
        check_channels(file, encoder.name, layer, value.shape[0], seen[layer].shape[1])
    return {layer: torch.tensor(value).to(device) for layer, value in found.items()}


def _picture(file: Path) -> Image:
    try:
        return decode(file.read_bytes()).pixels
    except OSError as error:
        raise _unreadable(file, error) from error
    except BadImage as error:
        raise BadPack(
            "The exemplar {file} cannot be used: {error} Or draw with --style-weight 0.", file=file, error=error
        ) from error


def _unreadable(path: Path, error: OSError) -> BadPack:
    return BadPack(
        "The exemplar in {path} cannot be read ({reason}). Install the style pack again.", path=path, reason=error.strerror
    )
