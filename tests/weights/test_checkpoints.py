"""Checkpoints are found where they may lie, and pulled from a hub file by file, told before, checked, and gone on with."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from backend.core.errors import Conflict, Missing, NotFound
from backend.core.work import completed
from backend.weights.checkpoints import (
    CHECKPOINTS,
    fetch,
    find_checkpoint,
    how_to_get,
    intact_checkpoint,
    is_checkpoint,
    need_checkpoint,
    offer,
    pulled_size,
    remove_checkpoint,
)
from backend.weights.download import Patience
from backend.weights.hub_files import HubFile, chosen, listed

WEIGHTS = bytes(range(256)) * 40
FILES = {
    "model_index.json": b"{}",
    "unet/config.json": b"{}",
    "unet/diffusion_pytorch_model.safetensors": WEIGHTS * 2,
    "unet/diffusion_pytorch_model.fp16.safetensors": WEIGHTS,
    "unet/diffusion_pytorch_model.bin": WEIGHTS,
    "vae/config.json": b"{}",
    "vae/diffusion_pytorch_model.safetensors": WEIGHTS[1:],
    "text_encoder/config.json": b"{}",
    "text_encoder/model.safetensors": WEIGHTS[2:],
    "tokenizer/vocab.json": b"{}",
    "tokenizer/merges.txt": b"",
    "scheduler/scheduler_config.json": b"{}",
    "safety_checker/model.safetensors": WEIGHTS,
    "safety_checker/config.json": b"{}",
    "v1-5-pruned.ckpt": WEIGHTS,
    ".gitattributes": b"x",
}
TAKEN = {name for name in FILES if "safety" not in name and not name.endswith((".bin", ".ckpt"))} - {
    ".gitattributes",
    "unet/diffusion_pytorch_model.safetensors",
}


class Hub:
    """Answers as the hub does."""

    def __init__(self):
        self.files, self.damaged, self.asked, self.status = dict(FILES), set(), [], None
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                hub.asked.append(self.path)
                content = hub.answer(self.path)
                self.send_response(hub.status or (404 if content is None else 200))
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, path):
        if path == "/api/models/some/one":
            return json.dumps({"sha": "abc", "cardData": {"license": "openrail"}}).encode()
        if path.startswith("/api/models/some/one/tree/abc"):
            return json.dumps([self.entry(name, content) for name, content in self.files.items()]).encode()
        name = path.removeprefix("/some/one/resolve/abc/")
        content = self.files.get(name)
        return content[::-1] if name in self.damaged and content else content

    @staticmethod
    def entry(name, content):
        lfs = {"lfs": {"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}} if len(content) > 100 else {}
        return {"type": "file", "path": name, "size": len(content), **lfs}


@pytest.fixture
def hub():
    found = Hub()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))


def pulled(hub, places):
    return completed(fetch(offer("some/one", hub.url), places, hub.url, Patience(1, 1, 0)))


def test_what_there_is_is_told_before_anything_is_downloaded(hub, places):
    wanted = offer("some/one", hub.url)
    assert {file.path for file in wanted.files} == TAKEN  # nothing pickled, the smaller form, no safety checker
    assert wanted.size == sum(len(FILES[name]) for name in TAKEN) and wanted.license == "openrail"
    assert "0.00 GB in 10 files" in wanted.sentence and "openrail" in wanted.sentence and "some/one" in wanted.sentence
    assert not any("resolve" in path for path in hub.asked) and find_checkpoint("some/one", places) is None
    assert next(fetch(wanted, places, hub.url)).stage == wanted.sentence


def test_a_checkpoint_is_pulled_found_verified_and_removed(hub, places):
    found = pulled(hub, places)
    assert find_checkpoint("some/one", places) == need_checkpoint(["other/one", "some/one"], places)
    assert {p.relative_to(found.folder).as_posix() for p in found.folder.rglob("*") if p.is_file()} == {
        *TAKEN,
        "stylesketch.json",
    }
    assert intact_checkpoint("some/one", places) and pulled_size("some/one", places) > len(WEIGHTS)
    (found.folder / "vae" / "config.json").write_bytes(b"{ }")
    assert not intact_checkpoint("some/one", places)
    assert remove_checkpoint("some/one", places) > len(WEIGHTS) and find_checkpoint("some/one", places) is None
    with pytest.raises(NotFound, match="not here"):
        remove_checkpoint("some/one", places)


def test_what_is_here_is_not_fetched_again(hub, places):
    first = pulled(hub, places)
    hub.asked.clear()
    assert pulled(hub, places) == first and not [path for path in hub.asked if "resolve" in path]
    (first.folder / "vae" / "config.json").write_bytes(b"{ }")
    pulled(hub, places)
    assert intact_checkpoint("some/one", places) and [path for path in hub.asked if path.endswith("vae/config.json")]


def test_what_is_being_pulled_is_not_removed_meanwhile(hub, places):
    work = fetch(offer("some/one", hub.url), places, hub.url, Patience(1, 1, 0))
    while not next(work).stage.startswith("downloading"):
        pass
    with pytest.raises(Conflict, match="just being brought"):
        remove_checkpoint("some/one", places)
    work.close()
    remove_checkpoint("some/one", places)  # what was left of it
    assert not [path for path in (places.weights / "checkpoints").iterdir() if path.is_dir()]


def test_a_damaged_file_is_refused_and_the_rest_is_not_fetched_again(hub, places):
    hub.damaged.add("vae/diffusion_pytorch_model.safetensors")
    with pytest.raises(Missing, match="damaged"):
        pulled(hub, places)
    assert find_checkpoint("some/one", places) is None
    hub.damaged.clear()
    hub.asked.clear()
    pulled(hub, places)
    assert not [path for path in hub.asked if path.endswith("unet/diffusion_pytorch_model.fp16.safetensors")]
    assert [path for path in hub.asked if path.endswith("vae/diffusion_pytorch_model.safetensors")]


def test_a_file_that_lies_outside_is_no_file(hub):
    hub.files["../outside.json"] = b"{}"
    hub.files["tokenizer/../../config.json"] = b"{}"
    assert {file.path for file in offer("some/one", hub.url).files} == TAKEN


def test_what_is_no_checkpoint_is_said(hub):
    with pytest.raises(NotFound, match="Check the name"):
        offer("no/body", hub.url)
    with pytest.raises(NotFound, match="sd15"):
        offer("nobody", hub.url)
    del hub.files["vae/diffusion_pytorch_model.safetensors"]
    with pytest.raises(Missing, match="safetensors"):
        offer("some/one", hub.url)


def test_a_hub_that_is_busy_does_not_deny_the_name(hub):
    hub.status = 503
    with pytest.raises(Missing, match=r"answers 503.*Try again later"):
        offer("some/one", hub.url)


@pytest.mark.parametrize("size", [None, "many", [1]])
def test_a_size_that_is_none_is_not_believed(size):
    (file,) = listed([{"type": "file", "path": "a", "size": size}])
    assert file.size == 0


def test_without_a_network_a_folder_is_offered(places):
    with pytest.raises(Missing, match=r"\(connection refused\).*--checkpoint FOLDER"):
        offer("some/one", "http://127.0.0.1:9", 1)


def test_an_adapter_takes_only_its_files(hub):
    names = {
        "models/ip-adapter_sd15.safetensors": WEIGHTS,
        "models/ip-adapter_sd15.bin": WEIGHTS,
        "models/ip-adapter-plus_sd15.safetensors": WEIGHTS,
        "models/image_encoder/config.json": b"{}",
        "models/image_encoder/model.safetensors": WEIGHTS,
    }
    files = (HubFile(name, len(content)) for name, content in names.items())
    taken = {file.path for file in chosen(files, CHECKPOINTS["ip_adapter"].files)}
    assert taken == {
        n for n in names if n.endswith(("sd15.safetensors", "config.json", "r/model.safetensors")) and "plus" not in n
    }


def test_checkpoints_are_found_in_folders_and_in_the_cache_of_the_hub(tmp_path, places):
    own = tmp_path / "own"
    own.mkdir()
    assert find_checkpoint(str(own), places) is None
    (own / "model_index.json").write_text("{}")
    assert find_checkpoint(str(own), places).folder == own
    cached = tmp_path / "cache" / "models--stable-diffusion-v1-5--stable-diffusion-v1-5"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("abc")
    snapshot = cached / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    assert find_checkpoint("sd15", places) is None
    (snapshot / "model_index.json").write_text("{}")
    assert find_checkpoint("sd15", places).folder == snapshot == find_checkpoint("SD15", places).folder
    assert find_checkpoint("stable-diffusion-v1-5/stable-diffusion-v1-5", places).folder == snapshot


@pytest.mark.parametrize("name", [*CHECKPOINTS, "some/one"])
def test_the_sentence_names_command_and_licence(name):
    sentence = how_to_get(name)
    assert is_checkpoint(name) and f"`stylesketch models pull {name}`" in sentence and "licence" in sentence
    assert "size" in sentence or "GB, unverified" in sentence
    assert name not in CHECKPOINTS or CHECKPOINTS[name].license in sentence


@pytest.mark.parametrize("name", ["/no/folder", "a/b/c", "../x", "nothing"])
def test_a_name_that_cannot_be_one_is_said(name, places):
    assert find_checkpoint(name, places) is None
    with pytest.raises(Missing, match=r"\.$"):
        need_checkpoint([name], places)
