import errno
import hashlib
import warnings
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save, save_file

from backend import weights
from backend.core.errors import BadRequest, Conflict, Missing, NotFound, OutOfDisk
from backend.weights import own_file, room
from backend.weights.intake import holding, intact, remove
from backend.weights.manifest import DIGITS, MANIFEST, Weights, WeightsFile
from backend.weights.own_file import add, add_folder
from backend.weights.shelf import read_receipt
from tests.weights.tiny_weights import LAYOUT, TENSORS


@pytest.fixture
def brought(tmp_path, content):
    """The file, as a user brings it."""
    path = tmp_path / "ein Stick" / "müll.dat"
    path.parent.mkdir()
    path.write_bytes(content)
    return path


def left_in(places):
    return sorted(path.name for path in places.weights.rglob("*") if path.is_file() and not path.name.endswith(".lock"))


def test_a_published_file_is_told_by_its_sha256(places, brought, manifest_of, content):
    manifest = manifest_of("https://example.org/tiny")
    found, receipt = add(brought, places, manifest=manifest)
    assert found.name == "tiny" and receipt.file == "tiny.safetensors" and receipt.proof == "sha256 from the publisher"
    assert receipt.source == "müll.dat" and brought.read_bytes() == content
    assert read_receipt("tiny", places, manifest) == receipt and intact("tiny", places, manifest)
    assert torch.equal(weights.load("tiny", places, manifest)["rest"], TENSORS["rest"])
    assert left_in(places) == ["receipt.json", "tiny.safetensors"]


@pytest.mark.parametrize(("suffix", "write"), [(".safetensors", save_file), (".pth", torch.save)])
def test_another_file_is_told_by_its_tensors(places, tmp_path, manifest_of, suffix, write):
    path = tmp_path / "weights.bin"
    write({"own.weight": torch.ones(1), "more": torch.zeros(2)}, path)
    found, receipt = add(path, places, manifest=manifest_of())
    assert found.name == "own" and receipt.file == f"own{suffix}" and receipt.proof == "told by its tensors"
    assert torch.equal(weights.load("own", places, manifest_of())["more"], torch.zeros(2))


def test_a_new_file_takes_the_place_of_the_old_one(places, tmp_path, brought, manifest_of):
    manifest = manifest_of("https://example.org/tiny")
    add(brought, places, manifest=manifest)
    torch.save({"first.weight": torch.ones(2, 3)}, tmp_path / "mine.pth")
    add(tmp_path / "mine.pth", places, "tiny", manifest)
    assert weights.load("tiny", places, manifest).keys() == {"first.weight"}
    assert left_in(places) == ["receipt.json", "tiny.pth"]


def test_an_archive_is_taken_only_if_it_is_known(places, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates TorchScript
        torch.jit.save(torch.jit.script(torch.nn.Linear(3, 2)), tmp_path / "tiny.pt")
    path = tmp_path / "tiny.pt"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    file = WeightsFile("tiny.pt", ("https://example.org/tiny.pt",), path.stat().st_size, sha256, DIGITS)
    known = {"tiny": Weights("tiny", "Tiny", "tests", "none", ({"weight": (2, 3)},), (file,))}
    unknown = {"tiny": replace(known["tiny"], files=(replace(file, sha256=sha256[:8]),))}
    with pytest.raises(BadRequest, match="TorchScript archive"):
        add(path, places, "tiny", unknown)
    assert left_in(places) == []
    add(path, places, "tiny", known)
    assert weights.load("tiny", places, known).keys() == {"weight", "bias"}
    with pytest.raises(Missing, match="damaged"):
        weights.load("tiny", places, unknown)


def test_what_is_refused_leaves_nothing(places, tmp_path, brought, manifest_of):
    other = tmp_path / "other.safetensors"
    save_file({"else": torch.zeros(1)}, other)
    words = tmp_path / "words.txt"
    words.write_text("no weights")
    manifest = manifest_of("https://example.org/tiny")
    for path, name, sentence in (
        (other, None, "holds none of the weights .*: Tiny, Own"),
        (other, "tiny", "does not hold the weights of Tiny"),
        (brought, "own", "does not hold the weights of Own"),
        (words, None, "words.txt cannot be read as weights"),
        (tmp_path, None, "is no file"),
        (tmp_path / "nothing", None, "nothing cannot be read"),
    ):
        with pytest.raises(BadRequest, match=sentence):
            add(path, places, name, manifest)
    with pytest.raises(NotFound):
        add(brought, places, "nobody", manifest)
    assert left_in(places) == []


def test_no_room_or_a_full_disk_leaves_nothing(places, brought, manifest_of, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    manifest = manifest_of("https://example.org/tiny")
    with monkeypatch.context() as patch:
        patch.setattr(room.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
        with pytest.raises(OutOfDisk):
            add(brought, places, manifest=manifest)
    with monkeypatch.context() as patch:
        patch.setattr(own_file.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            add(brought, places, manifest=manifest)
    assert left_in(places) == [] and weights.find("tiny", places, manifest) is None


def test_what_another_process_is_bringing_is_left_alone(places, brought, manifest_of):
    manifest = manifest_of("https://example.org/tiny")
    add(brought, places, manifest=manifest)
    with holding(manifest["tiny"], places) as held:
        assert held
        with pytest.raises(Conflict, match="another process"):
            add(brought, places, manifest=manifest)
        with pytest.raises(Conflict, match="another process"):
            remove("tiny", places, manifest)
    assert remove("tiny", places, manifest) > brought.stat().st_size
    with pytest.raises(NotFound):
        remove("tiny", places, manifest)
    with pytest.raises(NotFound):
        intact("tiny", places, manifest)


def test_load_says_what_brings_weights(places, manifest_of, content):
    with pytest.raises(Missing, match=r"`stylesketch models pull tiny` brings them \(1\.2 MB\)") as caught:
        weights.load("tiny", places, manifest_of("https://example.org/tiny"))
    assert caught.value.exit_code == 3
    with pytest.raises(Missing, match="`stylesketch models add own FILE`"):
        weights.load("own", places, manifest_of())
    with pytest.raises(NotFound, match="There are: tiny, own"):
        weights.load("../tiny", places, manifest_of())


@pytest.mark.parametrize(
    "text", ["", "[]", '{"file": "x"}', '{"file": "../../secret", "size": 1, "sha256": "", "source": "", "proof": ""}']
)
def test_a_receipt_that_cannot_be_read_is_none(places, brought, manifest_of, text):
    manifest = manifest_of("https://example.org/tiny")
    add(brought, places, manifest=manifest)
    (places.weights / "tiny" / "receipt.json").write_text(text)
    assert read_receipt("tiny", places, manifest) is None and weights.find("tiny", places, manifest) is None


def test_another_network_in_its_place_is_damage(places, brought, manifest_of):
    manifest = manifest_of("https://example.org/tiny")
    add(brought, places, manifest=manifest)
    weights.find("tiny", places, manifest).write_bytes(save({"else": torch.zeros(1)}))
    with pytest.raises(Missing, match="damaged"):
        weights.load("tiny", places, manifest)


def test_the_layouts_tell_networks_apart():
    """Every layout of the manifest is told as its own network and no other."""
    for entry in MANIFEST.values():
        for layout in entry.layouts:
            tensors = {key: torch.empty(shape, device="meta") for key, shape in layout.items()}
            assert own_file._owner(tensors, MANIFEST) is entry
    assert LAYOUT not in [layout for entry in MANIFEST.values() for layout in entry.layouts]


SHARED = (("squeezenet1_1.safetensors", "squeezenet"), ("vgg19_distilled16x.safetensors", "vgg19_distilled"))


@pytest.mark.parametrize(("file", "name"), SHARED)
def test_real_weights_are_told_by_their_tensors(places, pytestconfig, file, name):
    path = pytestconfig.rootpath.parent / "shared" / "data" / "weights" / file
    if not path.exists():
        pytest.skip("the real weights of the development data are not here")
    found, receipt = add(path, places)
    assert found.name == name and receipt.size == path.stat().st_size
    assert len(weights.load(name, places)) > 40


def test_a_models_folder_brings_its_tensors_and_its_vocabulary(places, tmp_path, manifest_of):
    words = Weights("words", "Words", "tests", "none", ({"merges": (2, 2)},), about="It is nobody's.")
    manifest = {**manifest_of(), "words": words}
    save_file({"own.weight": torch.ones(1)}, tmp_path / "model.safetensors")
    (tmp_path / "merges.txt").write_text("#version: 0.2\na t\nc at\n")
    (tmp_path / "config.json").write_text("{}")
    found = add_folder(tmp_path, places, manifest=manifest)
    assert [(weights.name, receipt.file) for weights, receipt in found] == [("own", "own.safetensors"), ("words", "words.txt")]
    assert weights.load("words", places, manifest)["merges"].shape == (2, 2)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(BadRequest, match="none of the files model"):
        add_folder(tmp_path, places, manifest=manifest)
