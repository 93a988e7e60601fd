import contextlib
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

sys.path.insert(0, str(Path(__file__).parent))

from file_host import FileHost

from backend.places import Places
from backend.weights.download import Patience
from backend.weights.manifest import DIGITS, Weights, WeightsFile

LAYOUT = {"first.weight": (2, 3)}
TENSORS = {"first.weight": torch.arange(6.0).reshape(2, 3), "rest": torch.linspace(0, 1, 300_000)}
QUICK = Patience(silence=5.0, attempts=3, pause=0.01)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def places(tmp_path):
    return Places.find(tmp_path / "home").create()


@pytest.fixture(scope="session")
def content():
    """The bytes of a network's file, 1.2 MB."""
    return save(TENSORS)


@pytest.fixture
def host(content):
    """A server of the file, and more of them on demand."""
    with contextlib.ExitStack() as ends:

        def start(manners=None, other=None):
            return ends.enter_context(FileHost(content if other is None else other, manners))

        yield start


@pytest.fixture
def manifest_of(content):
    """A manifest with the weights `tiny`, to be had at the given addresses."""

    def make(*urls, **changes):
        file = WeightsFile("tiny.safetensors", urls, len(content), hashlib.sha256(content).hexdigest(), DIGITS)
        tiny = Weights("tiny", "Tiny", "tests", "none", (LAYOUT,), (replace(file, **changes),))
        own = Weights("own", "Own", "tests", "none", ({"own.weight": (1,)},), about="It is nobody's.")
        return {"tiny": tiny, "own": own}

    return make
