import contextlib

import pytest

from backend.places import Places
from tests.weights.file_host import FileHost
from tests.weights.tiny_weights import CONTENT, tiny_manifest


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def places(tmp_path):
    return Places.find(tmp_path / "home").create()


@pytest.fixture
def content():
    return CONTENT


@pytest.fixture
def host(content):
    """A server of the file, and more of them on demand."""
    with contextlib.ExitStack() as ends:

        def start(manners=None, other=None, certificate=None):
            return ends.enter_context(FileHost(content if other is None else other, manners, certificate))

        yield start


@pytest.fixture
def manifest_of():
    return tiny_manifest
