"""The files of a repository on the hub, and which of them a checkpoint needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

INDEX = "model_index.json"
PARTS = ("text_encoder", "unet", "vae")  # whose weights may be there in several forms
PLAIN = (INDEX, "tokenizer/*", "scheduler/*", "*/config.json", "LICENSE*")
UNUSED = ("safety_checker/*", "feature_extractor/*")


@dataclass(frozen=True)
class HubFile:
    """A file as the hub lists it."""

    path: str
    size: int  # bytes
    sha256: str = ""  # of large files


def listed(listing: object) -> Iterator[HubFile]:
    """The files of a hub's answer that have safe paths; what it says of anything else is passed over."""
    for entry in listing if isinstance(listing, list) else []:
        if isinstance(entry, dict) and entry.get("type") == "file" and _safe(str(entry.get("path", ""))):
            large = entry.get("lfs")
            sha256 = str(large.get("oid", "")) if isinstance(large, dict) else ""
            size = entry.get("size", 0)
            yield HubFile(str(entry["path"]), size if isinstance(size, int) else 0, sha256)


def chosen(found: Iterator[HubFile], patterns: Sequence[str]) -> Iterator[HubFile]:
    """The files that are needed: of weights the smaller form, and never a pickled one."""
    files = [file for file in found if file.path != ".gitattributes"]
    if patterns:
        yield from (file for file in files if any(fnmatch(file.path, pattern) for pattern in patterns))
        return
    weights = [_smallest(files, part) for part in PARTS]
    if None in weights or not any(file.path == INDEX for file in files):
        return
    for file in files:
        if any(fnmatch(file.path, pattern) for pattern in PLAIN) and not any(fnmatch(file.path, p) for p in UNUSED):
            yield file
    yield from (file for file in weights if file is not None)


def _smallest(files: Sequence[HubFile], part: str) -> HubFile | None:
    names = ("diffusion_pytorch_model", "model")
    for ending in (".fp16.safetensors", ".safetensors"):
        for file in files:
            if file.path in [f"{part}/{name}{ending}" for name in names]:
                return file
    return None


def _safe(path: str) -> bool:
    return bool(path) and not path.startswith("/") and not set(path.split("/")) & {"", ".", ".."} and "\\" not in path
