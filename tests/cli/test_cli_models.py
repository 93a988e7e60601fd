import contextlib
import functools
import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from stylesketch_ext.wire.messages import PullRequest

from backend.daemon.store import Store
from backend.places import Places
from backend.weights import pull as pull_module
from backend.weights.checkpoints import CHECKPOINTS
from backend.weights.manifest import MANIFEST
from backend.weights.shelf import find, part_of
from tests.weights.file_host import FileHost
from tests.weights.tiny_weights import CONTENT, tiny_manifest

NAMES = {*MANIFEST, *CHECKPOINTS}


@pytest.fixture
def network_file(tmp_path):
    """A file of zeros in the layout of SqueezeNet."""
    path = tmp_path / "from another computer.safetensors"
    save_file({key: torch.zeros(shape) for key, shape in MANIFEST["squeezenet"].layouts[0].items()}, path)
    return path


@pytest.fixture
def no_network(monkeypatch):
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")  # where nobody answers
    monkeypatch.delenv("no_proxy", raising=False)


def doctor_of_weights(command):
    return [entry for entry in json.loads(command("doctor", "--json")[1])["findings"] if entry["name"] == "weights"]


def test_every_entry_is_listed(command):
    code, out, _ = command("models", "list")
    assert code == 0 and {line.split()[0] for line in out.splitlines()} == NAMES
    states = {line.split()[0]: (line.split()[1], "models add FILE" in line) for line in out.splitlines()}
    assert (states["squeezenet"], states["u2netp"]) == (("-", False), ("-", True))
    listed = json.loads(command("models", "list", "--json")[1])["models"]
    assert [entry["name"] for entry in listed] == [*MANIFEST, *CHECKPOINTS] and not any(entry["here"] for entry in listed)
    assert listed[0]["license"] and listed[0]["title"] and listed[0]["size"] == 4_958_839


def test_a_file_is_added_listed_verified_and_removed(command, network_file):
    code, out, _ = command("models", "add", network_file)
    path = find("squeezenet", Places.find())
    assert code == 0 and "SqueezeNet 1.1 is here" in out and str(path) in out and path.read_bytes() == network_file.read_bytes()
    assert next(entry for entry in json.loads(command("models", "list", "--json")[1])["models"] if entry["here"])["source"] == (
        network_file.name
    )
    assert command("models", "verify")[1] == "squeezenet: undamaged\n"
    assert "squeezenet (" in doctor_of_weights(command)[0]["text"]
    path.write_bytes(b"damaged")
    code, out, _ = command("models", "verify", "squeezenet")
    assert code == 3 and "DAMAGED" in out and "models pull squeezenet" in out
    assert json.loads(command("models", "verify", "--json")[1]) == {"models": {"squeezenet": False}}
    damaged = doctor_of_weights(command)[0]
    assert damaged["state"] == "note" and "7 bytes instead of" in damaged["text"]
    assert command("models", "remove", "squeezenet")[0] == 0
    assert find("squeezenet", Places.find()) is None and command("models", "verify")[1] == "There are no weights here.\n"


def test_a_wrong_name_is_answered_with_all_that_the_list_shows(command):
    code, _out, err = command("models", "pull", "nope")
    assert code == 1
    assert all(entry["name"] in err for entry in json.loads(command("models", "list", "--json")[1])["models"])


def test_names_may_be_written_with_hyphens(command, network_file):
    assert command("models", "add", "SqueezeNet", network_file)[0] == 0
    assert "VGG-19 distilled" in command("models", "remove", "vgg19-distilled")[2]


def test_a_file_that_is_nothing_of_ours_is_refused(command, tmp_path):
    stranger = tmp_path / "notes.txt"
    stranger.write_text("just words, long enough to be looked at")
    code, _, err = command("models", "add", stranger)
    assert code == 1 and "nothing but tensors" in err and str(stranger) in err and "weights_only" not in err


def test_another_network_s_file_is_refused(command, network_file):
    code, _, err = command("models", "add", "vgg19", network_file)
    assert code == 1 and "does not hold the weights of VGG-19" in err


def test_without_a_network_a_pull_says_how_else(command, no_network):
    code, out, err = command("models", "pull", "squeezenet", "--patience", "2")
    assert (code, out) == (3, "") and "`stylesketch models add FILE`" in err and err.count("\n") == 1
    assert command("models", "pull", "vgg19_distilled")[0] == 3
    assert command("models", "pull", "vgg")[0] == 1
    assert command("models", "verify", "vgg19")[0] == 1
    assert command("models", "remove", "vgg19")[0] == 1
    assert command("models", "remove", "squeezenet")[0] == 1  # of which nothing came


def test_data_puts_weights_elsewhere(command, network_file, tmp_path):
    assert command("models", "add", network_file, "--data", tmp_path / "other")[0] == 0
    assert find("squeezenet", Places.find(tmp_path / "other")) and find("squeezenet", Places.find()) is None


def test_the_doctor_names_what_is_unfinished_or_does_not_belong(command):
    assert "models pull squeezenet" in doctor_of_weights(command)[0]["text"]
    clip = MANIFEST["clip_rn101"]
    part = part_of(clip, clip.files[0], Places.find())
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1_500_000))
    (part.parent.parent / "clip.safetensors").touch()
    unfinished, stranger, rest = doctor_of_weights(command)
    assert unfinished["state"] == stranger["state"] == "note" and rest["state"] == "fine"
    assert "CLIP RN101 (1.5 MB)" in unfinished["text"] and "models pull clip_rn101" in unfinished["cure"]
    assert "clip.safetensors" in stranger["text"] and "models add" in stranger["cure"]
    assert "1.5 MB here" in command("models", "list")[1]
    assert command("models", "remove", "clip_rn101")[0] == 0 and not part.exists()


@pytest.fixture
def published(monkeypatch):
    """A server that has tiny weights under the name of SqueezeNet."""
    tiny = replace(tiny_manifest()["tiny"], name="squeezenet")
    with FileHost(CONTENT) as host:
        file = replace(tiny.files[0], urls=(host.url,), sha256="", official_digits=0)
        manifest = {"squeezenet": replace(tiny, files=(file,))}
        monkeypatch.setattr(pull_module, "pull", functools.partial(pull_module.pull, manifest=manifest))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield host


def test_a_pull_tells_what_it_did(command, published):
    code, out, err = command("models", "pull", "squeezenet")
    assert (code, err) == (0, "") and "Tiny is here" in out and "unverified" in out and "was noted" in out
    code, out, _ = command("models", "pull", "squeezenet")
    assert code == 0 and "was here already, undamaged" in out
    told = json.loads(command("models", "pull", "squeezenet", "--json")[1])
    assert told["name"] == "squeezenet" and told["source"] == published.url and len(told["sha256"]) == 64
    assert command("models", "pull", "squeezenet", "--quiet")[:2] == (0, "") and len(published.asked) == 1


def test_ctrl_c_keeps_what_came(command, published, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(pull_module, "hashed", stopped)
    code, _, err = command("models", "pull", "squeezenet")
    assert code == 130 and "What was downloaded is kept" in err
    assert (Places.find().weights / "squeezenet" / "tiny.safetensors.part").stat().st_size == len(CONTENT)


def test_downloads_are_named_among_the_jobs(command):
    where = Places.find().create()
    with contextlib.closing(Store(where.jobs)) as store:
        store.add_job(PullRequest("squeezenet"))
    assert "weights squeezenet" in command("jobs", "list")[1]
