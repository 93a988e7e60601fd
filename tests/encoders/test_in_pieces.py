"""An encoder that looks at few pictures at a time sees what it sees of all at once."""

import sys
from pathlib import Path

import pytest
import torch

from backend.encoders import ENCODERS
from backend.encoders.encoder import SalientEncoder
from backend.encoders.in_pieces import InPieces

sys.path.append(str(Path(__file__).parent))
from networks import WEIGHTS

CPU = torch.device("cpu")


class Counting:
    """An encoder that remembers how many pictures it was shown at once."""

    def __init__(self, encoder):
        self.encoder, self.name, self.layers, self.seen = encoder, encoder.name, encoder.layers, []

    def __call__(self, images):
        self.seen.append(len(images))
        return self.encoder(images)

    def saliency(self, images, inside=None):
        self.seen.append(len(images))
        return self.encoder.saliency(images, inside)


@pytest.fixture(params=["squeezenet", "clip_vit_b32", "clip_rn101"])
def counting(request):
    return Counting(ENCODERS[request.param](WEIGHTS[request.param](), CPU, dtype=torch.float32))


def images(count=5):
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def gradient(encoder, pictures):
    leaf = pictures.clone().requires_grad_()
    loss = torch.stack([layer.square().mean() for layer in encoder(leaf).values()]).sum()
    return torch.autograd.grad(loss, leaf)[0]


@pytest.mark.parametrize("together", [1, 2])
def test_features_and_gradients_are_the_same_from_fewer_pictures_at_once(counting, together):
    sparing = InPieces(counting, together)
    assert (sparing.name, sparing.layers) == (counting.name, counting.layers)
    for layer, values in sparing(images()).items():
        assert torch.allclose(values, counting.encoder(images())[layer], atol=1e-4)
    found, expected = gradient(sparing, images()), gradient(counting.encoder, images())
    assert float((found - expected).abs().max()) < 1e-3 * float(expected.abs().max())
    assert max(counting.seen) == together


def test_gray_pictures_stay_gray_and_saliency_comes_through(counting):
    sparing = InPieces(counting, 2)
    assert isinstance(sparing, SalientEncoder)
    gray = images()[:, :1].expand(-1, 3, -1, -1)
    assert all(torch.allclose(v, counting.encoder(gray)[layer], atol=1e-4) for layer, v in sparing(gray).items())
    assert sparing.saliency(images()).shape[0] == 5 and max(counting.seen) == 2
