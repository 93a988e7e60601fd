"""The safetensors format, read strictly and written the same every time: numbers and names, nothing that runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
MOST_HEADER = 1_000_000  # bytes
MOST_TENSORS = 10_000


@dataclass(frozen=True)
class Entry:
    """Where a tensor lies in the data."""

    dtype: str
    shape: tuple[int, ...]
    begin: int  # byte, from the start of the file
    end: int


def header(data: bytes) -> tuple[dict[str, Entry], dict[str, str]]:
    """The tensors' places and the metadata; ValueError with what is wrong unless they fill the data without gap or overlap."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(MOST_HEADER, len(data) - 8):
        raise ValueError("its header is cut short or too long")
    try:
        entries = json.loads(data[8 : 8 + length].decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header cannot be read ({error})") from None
    if not isinstance(entries, dict) or len(entries) > MOST_TENSORS:
        raise ValueError("its header is no table of tensors")
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its metadata are not texts")
    found = {name: _entry(name, entry, 8 + length) for name, entry in entries.items()}
    place = 8 + length
    for name, entry in sorted(found.items(), key=lambda item: (item[1].begin, item[1].end)):
        if entry.begin != place:
            raise ValueError(f"the tensor '{name[:80]}' overlaps another one or leaves a gap")
        place = entry.end
    if place != len(data):
        raise ValueError("its data are cut short or too long")
    return found, metadata


def read(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors and the metadata; ValueError with what is wrong."""
    places, metadata = header(data)
    tensors = {
        name: np.frombuffer(data, DTYPES[place.dtype], math.prod(place.shape), place.begin).reshape(place.shape)
        for name, place in places.items()
    }
    return tensors, metadata


def write(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a file with these tensors (of float32), the same for the same tensors."""
    entries: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    pieces, place = [], 0
    for name in sorted(tensors):
        piece = np.ascontiguousarray(tensors[name], dtype="<f4").tobytes()
        entries[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [place, place + len(piece)]}
        pieces.append(piece)
        place += len(piece)
    head = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + b"".join(pieces)


def _entry(name: str, entry: object, start: int) -> Entry:
    wrong = ValueError(f"the entry of the tensor '{name[:80]}' is wrong")
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"} or entry["dtype"] not in DTYPES:
        raise wrong
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _counts(shape) or not _counts(offsets) or len(offsets) != 2 or len(shape) > 8:
        raise wrong
    if offsets[1] - offsets[0] != math.prod(shape) * np.dtype(DTYPES[entry["dtype"]]).itemsize:
        raise wrong
    return Entry(entry["dtype"], tuple(shape), start + offsets[0], start + offsets[1])


def _counts(values: object) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 2**48 for value in values)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found
