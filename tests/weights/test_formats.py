import errno
import io
import json
import os
import pickle
import struct
import warnings
import zipfile
from collections import OrderedDict
from typing import Dict, List  # noqa: UP035

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from backend.core.errors import BadRequest
from backend.weights import formats
from backend.weights.archive import is_archive
from backend.weights.digest import sha256_of
from backend.weights.formats import read_tensors

TENSORS = {"first.weight": torch.arange(6.0).reshape(2, 3), "second": torch.tensor([1.5, -2.0], dtype=torch.float16)}


class Network(nn.Module):
    """A little of everything: submodules, half precision, buffers, a shared and a transposed tensor, an attribute, code."""

    def __init__(self):
        super().__init__()
        self.visual = nn.Sequential(nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4)).half()
        self.proj = nn.Parameter(torch.randn(4, 5, generator=torch.Generator().manual_seed(1)))
        self.register_buffer("input_resolution", torch.tensor(224))
        self.register_buffer("turned", torch.arange(6.0).reshape(2, 3).t())
        self.register_buffer("row", self.turned[1])
        self.scale = 0.5
        self.sizes: List[int] = [7, 7]  # noqa: UP006
        self.words: Dict[str, int] = {"layers": 12}  # noqa: UP006
        self.names: List[str] = ["ln"]  # noqa: UP006

    def forward(self, x):
        return x * self.scale + self.proj.sum() + self.sizes[0] + self.words["layers"] + len(self.names)


class Trap:
    """A pickle that makes a folder when it is read as Python reads pickles."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A TorchScript archive as OpenAI's, and what torch itself reads from it."""
    path = tmp_path_factory.mktemp("archive") / "tiny.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates TorchScript
        torch.jit.save(torch.jit.script(Network()), path)
        return path, torch.jit.load(path).state_dict()


def repacked(path, target, **entries):
    """A copy of a zip with other contents of some of its entries."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            copy.writestr(name, entries.get(name.rpartition("/")[2].replace(".", "_"), source.read(name)))
    return target


def equal(found, expected):
    return found.keys() == expected.keys() and all(
        found[key].dtype == value.dtype and torch.equal(found[key], value) for key, value in expected.items()
    )


def writers():
    return {
        "safetensors": lambda path: save_file(TENSORS, path),
        "zipped": lambda path: torch.save(TENSORS, path),
        "legacy": lambda path: torch.save(TENSORS, path, _use_new_zipfile_serialization=False),
    }


@pytest.mark.parametrize("form", writers())
def test_every_form_is_told_by_its_bytes(tmp_path, form):
    path = tmp_path / "weights.bin"
    writers()[form](path)
    assert equal(read_tensors(path), TENSORS)


@pytest.mark.parametrize("zipped", [True, False])
def test_parameters_become_plain_tensors(tmp_path, zipped):
    path = tmp_path / "weights.pth"
    torch.save(OrderedDict(weight=nn.Parameter(torch.ones(2))), path, _use_new_zipfile_serialization=zipped)
    weight = read_tensors(path)["weight"]
    assert type(weight) is torch.Tensor and not weight.requires_grad and torch.equal(weight, torch.ones(2))


@pytest.mark.parametrize("form", writers())
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.98])
def test_what_is_cut_off_is_refused(tmp_path, form, share):
    path = tmp_path / "weights.bin"
    writers()[form](path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(BadRequest, match="cannot be read as weights"):
        read_tensors(path)


def test_a_known_archive_is_read_as_torch_reads_it(archive):
    path, expected = archive
    found = read_tensors(path, {sha256_of(path)})
    assert equal(found, dict(expected)) and "visual.1.running_mean" in found and found["visual.0.weight"].dtype == torch.float16


def test_an_unknown_archive_is_refused(archive):
    with pytest.raises(BadRequest, match="not in the list of known ones"):
        read_tensors(archive[0])


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_that_would_run_code_runs_none(tmp_path, zipped):
    path, folder = tmp_path / "trap.pth", tmp_path / "sprung"
    torch.save({**TENSORS, "trap": Trap(folder)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(BadRequest, match="nothing but tensors"):
        read_tensors(path)
    assert not folder.exists()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.load(path, weights_only=False)
    assert folder.exists(), "the trap itself must work"


def test_a_plain_pickle_that_would_run_code_runs_none(tmp_path):
    path, folder = tmp_path / "trap.pkl", tmp_path / "sprung"
    path.write_bytes(pickle.dumps({"trap": Trap(folder)}))
    with pytest.raises(BadRequest):
        read_tensors(path)
    assert not folder.exists()


def test_an_archive_that_would_run_code_runs_none_even_if_it_were_known(archive, tmp_path):
    folder = tmp_path / "sprung"
    path = repacked(archive[0], tmp_path / "trap.pt", data_pkl=pickle.dumps(Trap(folder), protocol=2))
    assert is_archive(path)
    with pytest.raises(BadRequest, match="nothing but tensors"):
        read_tensors(path, {sha256_of(path)})
    assert not folder.exists()


@pytest.mark.parametrize("name", ["posix.system", "builtins.eval", "torch.jit.load", "torch.storage._load_from_bytes"])
def test_an_archive_may_name_nothing_but_tensors(archive, tmp_path, name):
    module, _, function = name.rpartition(".")
    hostile = b"\x80\x02c" + f"{module}\n{function}\n".encode() + b"X\x01\x00\x00\x00a\x85R."
    path = repacked(archive[0], tmp_path / "trap.pt", data_pkl=hostile)
    with pytest.raises(BadRequest):
        read_tensors(path, {sha256_of(path)})


def test_an_archive_whose_tensors_are_larger_than_their_bytes_is_refused(archive, tmp_path):
    path = repacked(archive[0], tmp_path / "short.pt", **{"0": b"\x00\x00"})
    with pytest.raises(BadRequest):
        read_tensors(path, {sha256_of(path)})


def test_a_compressed_archive_is_refused(archive, tmp_path):
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(archive[0]) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in source.namelist():
            copy.writestr(name, source.read(name))
    with pytest.raises(BadRequest):
        read_tensors(path, {sha256_of(path)})


@pytest.mark.parametrize(
    "content", [{}, [torch.zeros(1)], torch.zeros(3), {"a": 1}, {1: torch.zeros(1)}, {"a": {"b": torch.zeros(1)}}]
)
def test_a_checkpoint_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "other.pth"
    torch.save(content, path)
    with pytest.raises(BadRequest):
        read_tensors(path)


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "F32", "shape": [1000], "data_offsets": [0, 4000]}},
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}},
        {"a": {"dtype": "X", "shape": [1], "data_offsets": [0, 4]}},
        {
            "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
            "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
        },
        [],
    ],
    ids=["beyond its end", "backwards", "no type", "overlapping", "no table"],
)
def test_safetensors_that_lie_are_refused(tmp_path, header):
    text = json.dumps(header).encode().ljust(64)
    path = tmp_path / "lie.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(12))
    with pytest.raises(BadRequest):
        read_tensors(path)


@pytest.mark.parametrize(("number", "kind"), [(errno.EINVAL, BadRequest), (errno.EIO, OSError)], ids=["file", "disk"])
def test_a_bad_disk_is_told_from_a_file_that_points_before_its_start(tmp_path, monkeypatch, number, kind):
    def failing(path):
        raise OSError(number, "as zipfile's seek")

    torch.save(TENSORS, tmp_path / "weights.pth")
    monkeypatch.setattr(formats, "is_archive", failing)
    with pytest.raises(kind):
        read_tensors(tmp_path / "weights.pth")


def test_a_lack_of_memory_is_not_called_damage(tmp_path, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    path = tmp_path / "weights.pth"
    torch.save(TENSORS, path)
    monkeypatch.setattr(torch, "load", full)
    with pytest.raises(RuntimeError, match="allocate"):
        read_tensors(path)


def test_no_bytes_at_all_are_no_weights(tmp_path):
    path = tmp_path / "noise"
    for content in (b"", b"{", b"\x80\x02", bytes(100), io.BytesIO(b"PK\x03\x04" + bytes(200)).getvalue()):
        path.write_bytes(content)
        with pytest.raises(BadRequest):
            read_tensors(path)
