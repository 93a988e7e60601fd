from types import SimpleNamespace

import pytest
import torch

from backend import model_pool
from backend.core.errors import BadRequest
from backend.kept import IDLE, KeptFew
from backend.model_pool import RASTERIZER, ModelPool
from backend.places import Places

CPU = torch.device("cpu")


def test_a_slow_rasterizer_is_told_with_the_command_that_brings_the_fast_one(monkeypatch):
    missing = SimpleNamespace(name="culled", cure="python -m backend.raster.native.build")
    monkeypatch.setattr(model_pool, "describe_engine", lambda: missing)
    [note] = ModelPool(CPU, "culled").notes
    assert missing.cure in note


def test_the_fast_rasterizer_needs_no_words(monkeypatch):
    monkeypatch.setattr(model_pool, "describe_engine", lambda: SimpleNamespace(name="native", cure=""))
    assert ModelPool(CPU, "native").notes == ()
    assert ModelPool(CPU, "culled").notes == ()  # asked for by name, though the native one is there


def test_a_rasterizer_may_be_asked_for():
    assert ModelPool.choose("cpu", "reference").engine == "reference"
    with pytest.raises(BadRequest, match=r"abacus.*culled, reference"):
        ModelPool.choose("cpu", "abacus")


def test_the_environment_says_what_auto_means(monkeypatch):
    monkeypatch.setenv(RASTERIZER, "culled")
    assert ModelPool.choose("cpu").engine == "culled"
    assert ModelPool.choose("cpu", "reference").engine == "reference"
    monkeypatch.setenv(RASTERIZER, "")
    assert ModelPool.choose("cpu").engine == next(iter(model_pool.rasterizers()))
    monkeypatch.setenv(RASTERIZER, "abacus")
    with pytest.raises(BadRequest, match="abacus"):
        ModelPool.choose("cpu")


def test_without_memory_on_the_card_nothing_is_drawn_there():
    pool = ModelPool(CPU, "cuda", together=1)
    assert (pool.thriftier.device, pool.thriftier.engine) == (CPU, next(iter(model_pool.rasterizers())))
    assert pool.thriftier.by_processor is None
    assert ModelPool(torch.device("cuda:0"), "culled").by_processor.engine == "culled"


def test_the_untried_rasterizer_is_told():
    assert ModelPool(CPU, "cuda", lacked=("so",)).notes == ("so", model_pool.BY_CUDA)


def test_networks_are_loaded_once_and_go_when_they_were_idle(monkeypatch, tmp_path):
    class Network:
        """One that was made of weights."""

        def __init__(self, tensors, device):
            made.append(tensors)

    clocks, made = [], []
    monkeypatch.setattr(model_pool, "LOADED", KeptFew(4, clock=lambda seconds, act: clocks.append((seconds, act)) or Idle()))
    monkeypatch.setitem(model_pool.NETWORKS, "squeezenet", Network)
    monkeypatch.setattr(model_pool.weights, "find", lambda name, places: None)
    monkeypatch.setattr(model_pool.weights, "load", lambda name, places: name)
    pool = ModelPool(CPU, "native", Places.find(tmp_path))
    assert pool.encoder("squeezenet") is pool.encoder("squeezenet") and made == ["squeezenet"]
    seconds, idled = clocks[-1]
    assert seconds == IDLE
    idled()
    pool.encoder("squeezenet")
    assert made == ["squeezenet", "squeezenet"]


class Idle:
    """A clock that is rung by hand."""

    def start(self):
        pass

    def cancel(self):
        pass
