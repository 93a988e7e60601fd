"""Files of tensors: safetensors, PyTorch's checkpoints without code, known TorchScript archives, vocabularies of merges."""

from __future__ import annotations

import errno
import struct
import warnings
from collections.abc import Container
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from backend.core.errors import BadRequest
from backend.encoders.byte_pairs import GZIP, read_merges
from backend.encoders.clip_text import MERGES
from backend.weights.archive import is_archive, read_archive
from backend.weights.digest import sha256_of

Tensors = dict[str, Tensor]


def read_tensors(path: Path, known_archives: Container[str] = (), called: Path | None = None) -> Tensors:
    """The tensors of a file by their keys, on the CPU, in the file's dtypes. Nothing in the file is ever run.

    known_archives: the sha256 of every TorchScript archive that may be read; called: what errors call the file.
    Raises BadRequest for a file that is none of the four forms, damaged, or an unknown archive; OSError.
    """
    try:
        return _read(path, known_archives, called or path)
    except (BadRequest, MemoryError):
        raise
    except Exception as error:  # bytes that were made to be wrong bring any kind
        if _of_this_machine(error):
            raise
        raise BadRequest(  # without torch's own text, which advises to run what is in the file
            "{path} cannot be read as weights: it is damaged, or not a file of nothing but tensors (safetensors, PyTorch).",
            path=called or path,
        ) from error


def _of_this_machine(error: Exception) -> bool:
    """Whether the disk or the memory is to blame and not the file; a place before the file's start is the file's fault."""
    if isinstance(error, OSError):
        return error.errno != errno.EINVAL
    return "allocate memory" in str(error)  # as torch says it, in a plain RuntimeError


def _read(path: Path, known_archives: Container[str], called: Path) -> Tensors:
    if is_safetensors(path):
        return _safetensors(path)
    if is_archive(path):
        if sha256_of(path) not in known_archives:
            raise BadRequest(
                "{path} is a TorchScript archive that is not in the list of known ones. Bring it as safetensors.", path=called
            )
        return read_archive(path)
    if is_text(path):
        return {MERGES: read_merges(path.read_bytes())}
    return _checkpoint(path)


def is_text(path: Path) -> bool:
    """Whether a file is a text or a compressed one, as vocabularies are."""
    with path.open("rb") as file:
        start = file.read(64)
    return start[:2] == GZIP or (bool(start) and start[:1] in b'"#{' and 0 not in start)


def ending(path: Path) -> str:
    """What the name of a file of such content ends in."""
    return ".safetensors" if is_safetensors(path) else ".txt" if is_text(path) else ".pth"


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as safetensors does: the length of a header of JSON, then the header."""
    with path.open("rb") as file:
        start = file.read(9)
    return len(start) == 9 and start[8:] == b"{" and struct.unpack("<Q", start[:8])[0] <= path.stat().st_size - 8


def _safetensors(path: Path) -> Tensors:
    tensors: Tensors = load_file(path)
    return tensors


def _checkpoint(path: Path) -> Tensors:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pickle protocols
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(loaded, dict) or not loaded:
        raise ValueError("it holds no tensors under names")
    for key, value in loaded.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise ValueError(f"its entry {str(key)[:80]!r} is no tensor under a name")
    return {key: value.detach() for key, value in loaded.items()}  # old files hold parameters, which want gradients
