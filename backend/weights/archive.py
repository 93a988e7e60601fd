"""The tensors of a TorchScript archive, such as OpenAI's CLIP, without running anything that is in it.

Differs from torch.jit.load: that compiles the archive's code, and is deprecated. Here the code is never read, and the
pickle may name nothing but tensors, plain containers and the archive's own classes, which become inert.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

STORAGES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
LISTS = ("build_intlist", "build_tensorlist", "build_doublelist", "build_boollist")


def is_archive(path: Path) -> bool:
    """Whether a file is a TorchScript archive."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") or "/code/" in name for name in archive.namelist())


def read_archive(path: Path) -> dict[str, Tensor]:
    """Every tensor of the archive's module and its submodules, by its dotted name.

    Raises pickle.UnpicklingError, zipfile.BadZipFile, KeyError, ValueError or RuntimeError for what is no such archive.
    """
    with zipfile.ZipFile(path) as archive:
        (root,) = {name.removesuffix("data.pkl") for name in archive.namelist() if name.endswith("/data.pkl")}
        module = _Unpickler(archive, root).load()
    tensors: dict[str, Tensor] = {}
    _collect(module, "", tensors)
    return tensors


class _Inert:
    """Stands for every class of the archive; holds its attributes."""


class _Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}data.pkl")))
        self._archive, self._root = archive, root
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "__torch__" or module.startswith("__torch__."):
            return _Inert
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch.jit._pickle" and name in LISTS:
            return list
        if (module, name) == ("torch.jit._pickle", "restore_type_tag"):
            return _untagged
        raise pickle.UnpicklingError(f"the archive names {module}.{name}, which weights do not need")

    def persistent_load(self, pid: Any) -> Tensor:
        kind, dtype, key, _device, count = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype) or not isinstance(key, str):
            raise pickle.UnpicklingError("the archive refers to something that is no tensor")
        if key not in self._storages:
            self._storages[key] = self._storage(key, dtype)
        storage = self._storages[key]
        if storage.dtype != dtype or len(storage) < count:
            raise pickle.UnpicklingError(f"the archive's tensor {key} has another size than it says")
        return storage

    def _storage(self, key: str, dtype: torch.dtype) -> Tensor:
        entry = self._archive.getinfo(f"{self._root}data/{key}")
        if entry.compress_type != zipfile.ZIP_STORED:
            raise pickle.UnpicklingError("the archive is compressed, which weights are not")
        content = self._archive.read(entry)
        return torch.frombuffer(bytearray(content), dtype=dtype) if content else torch.empty(0, dtype=dtype)


def _untagged(value: object, _kind: str) -> object:
    """A list or dict that the archive gives a type of its own."""
    return value


def _tensor(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Tensor:
    return storage.as_strided(size, stride, offset)


def _collect(value: Any, name: str, tensors: dict[str, Tensor]) -> None:
    if isinstance(value, Tensor):
        tensors[name] = value
    elif isinstance(value, _Inert):
        for key, part in vars(value).items():
            _collect(part, f"{name}.{key}" if name else key, tensors)
