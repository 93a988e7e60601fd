"""Networks that are here take part: they find the subject, and complete what it hides; both are told."""

import functools
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from backend.core.work import completed
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes import RECIPES, Inputs, SketchChoices
from backend.recipes.object_sketch import choose_foreground
from backend.recipes.scene import COMPLETED, Scene
from backend.style_pack import StylePack
from tests.pictures import face, photograph

sys.path.append(str(Path(__file__).parents[1] / "perception"))
from birefnet_weights import birefnet_weights
from subject_networks import lama_weights, u2net_weights

PICTURE = photograph(face())


class Cutter:
    """Sees the subject in the middle third."""

    name = "u2net"

    def __call__(self, image):
        found = torch.zeros_like(image[:, :1])
        height, width = found.shape[-2:]
        found[..., height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = 1
        return found


@pytest.fixture
def pool(tmp_path, monkeypatch):
    monkeypatch.setattr(ModelPool, "cutter", Cutter())
    return ModelPool.choose("cpu", places=Places.find(tmp_path))


def test_the_network_finds_the_subject_and_it_is_told(pool):
    found, notes = choose_foreground(Inputs(PICTURE), SketchChoices(), (), pool)
    assert notes == ("The subject was found by u2net.",)
    assert 0.02 < float(found.mask.mean()) < 0.2


def test_the_best_network_that_is_here_finds_it(tmp_path, monkeypatch):
    here = {"u2net": u2net_weights(), "birefnet_lite": birefnet_weights()}
    monkeypatch.setattr("backend.model_pool.weights.find", lambda name, places: tmp_path if name in here else None)
    monkeypatch.setattr("backend.model_pool.weights.load", lambda name, places: here[name])
    pool = ModelPool.choose("cpu", places=Places.find(tmp_path))
    assert pool.cutter.name == "birefnet_lite"
    del here["birefnet_lite"]
    assert pool.cutter.name == "u2net"


def test_what_the_user_says_comes_first(pool):
    mask = torch.ones(1, 1, *PICTURE.size)
    assert choose_foreground(Inputs(PICTURE, mask), SketchChoices(), (), pool)[1] == ()
    assert choose_foreground(Inputs(PICTURE), SketchChoices(whole_picture=True), (), pool)[1] == ()


def test_a_network_that_is_not_sure_leaves_it_to_the_lines(pool, monkeypatch):
    monkeypatch.setattr(ModelPool, "cutter", functools.partial(lambda image: torch.full_like(image[:, :1], 0.5)))
    without = choose_foreground(Inputs(PICTURE), SketchChoices())
    found = choose_foreground(Inputs(PICTURE), SketchChoices(), (), pool)
    assert torch.equal(found[0].mask, without[0].mask) and found[1] == without[1]


def test_no_network_is_no_change(tmp_path):
    bare = ModelPool.choose("cpu", places=Places.find(tmp_path))
    assert bare.cutter is None and bare.completer is None
    assert Scene.of(Inputs(PICTURE), SketchChoices(), bare).notes == Scene.of(Inputs(PICTURE), SketchChoices()).notes


def test_lama_completes_what_objects_hide(pool, monkeypatch):
    from backend.perception.lama import Lama

    calls = []
    lama = Lama(lama_weights(), torch.device("cpu"))
    monkeypatch.setattr(
        ModelPool, "completer", functools.partial(lambda image, hole: (calls.append(hole), lama(image, hole))[1])
    )
    choices = SketchChoices(strokes=8, steps=1)
    drawing = completed(RECIPES["scene"].run(Inputs(PICTURE), choices, StylePack("plain", "Plain"), pool))
    assert COMPLETED in drawing.account.notes and len(calls) == 1
    assert drawing.layers[0].name == "background"


def test_weights_on_the_shelf_become_the_completer(tmp_path, monkeypatch):
    path = tmp_path / "lama.safetensors"
    save_file({key: value for key, value in lama_weights().items() if "num_batches" not in key}, path)
    monkeypatch.setattr("backend.model_pool.weights.find", lambda name, places: path if name == "lama" else None)
    monkeypatch.setattr("backend.model_pool.weights.load", lambda name, places: lama_weights())
    found = ModelPool.choose("cpu", places=Places.find(tmp_path))
    assert found.cutter is None and found.completer.name == "lama"
