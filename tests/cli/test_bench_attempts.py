"""The comparison of attempts alone and at once, on tiny networks; no timing is judged here."""

import re

import pytest
import torch

from backend.cli.bench_attempts import ATTEMPTS, _Fits, print_attempts, squeezenet_weights, vit_weights
from backend.encoders.clip import ClipVit
from backend.encoders.squeezenet import SqueezeNet

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


class Counted:
    def __init__(self, encoder):
        self._encoder, self.seen, self.name, self.layers = encoder, [], encoder.name, encoder.layers

    def __call__(self, images):
        self.seen.append((len(images), images.requires_grad))
        return self._encoder(images)


def test_both_ways_see_the_same_pictures():
    counted = Counted(ClipVit(vit_weights(64, 1, 32, 8), CPU, "tiny"))
    fits = _Fits(counted, {"pooled": 1.0}, 1, CPU)
    fits.apart(2)
    assert [count for count, gradient in counted.seen if gradient] == [2] * 2 * ATTEMPTS
    counted.seen.clear()
    fits.together(2)
    assert counted.seen == [(2, False), (2 * ATTEMPTS, True), (2 * ATTEMPTS, True)]


def test_the_networks_are_of_full_size():
    squeezenet = squeezenet_weights()
    assert 1.2e6 < sum(value.numel() for value in squeezenet.values()) < 1.3e6
    assert SqueezeNet(squeezenet, CPU)(torch.rand(1, 3, 64, 64))["fire9"].shape[1] == 512
    assert set(vit_weights(64, 2, 32, 8)) == {key.replace(".1.", ".0.") for key in vit_weights(64, 2, 32, 8)} | {
        key for key in vit_weights(64, 2, 32, 8) if ".resblocks.1." in key
    }


def test_the_table_has_a_row_for_each(capsys):
    print_attempts((64, 1, 32, 8), steps=1, rounds=1)
    assert len(re.findall(r"one by one \d+ +at once \d+ +one by one : at once -?\d", capsys.readouterr().out)) >= 3
