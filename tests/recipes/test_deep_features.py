import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from backend.encoders import ENCODERS
from backend.recipes.deep_features import at_side, features_of
from backend.style_features import SIDE

sys.path.insert(0, str(Path(__file__).parent.parent / "encoders"))
from networks import WEIGHTS


@dataclass(frozen=True)
class Pool:
    """A pool with one tiny network, or none."""

    names: tuple[str, ...] = ("squeezenet",)
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def has_encoder(self, name):
        return name in self.names

    def encoder(self, name):
        return ENCODERS[name](WEIGHTS[name](), self.device)


def picture(seed, height=60, width=90):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_every_layer_of_every_encoder_that_is_here():
    grams = features_of([picture(0)], Pool())
    assert sorted(grams) == [("squeezenet", layer) for layer in ("fire3", "fire5", "fire9")]
    for matrix in grams.values():
        assert matrix.dtype == np.float32 and matrix.shape[0] == matrix.shape[1] and np.allclose(matrix, matrix.T, atol=1e-5)
    assert features_of([picture(0)], Pool(())) == {}


def test_several_exemplars_are_one_mean():
    one, other, both = (features_of(pictures, Pool()) for pictures in ([picture(0)], [picture(1)], [picture(0), picture(1)]))
    for where, matrix in both.items():
        assert np.allclose(matrix, (one[where] + other[where]) / 2, atol=1e-6)
        assert not np.allclose(one[where], other[where], atol=1e-6)


def test_of_clip_it_is_the_unit_mean_of_embeddings():
    pool = Pool(("clip_vit_b32", "clip_rn101"))
    one, other, both = (features_of(pictures, pool) for pictures in ([picture(0)], [picture(1)], [picture(0), picture(1)]))
    assert sorted(both) == [("clip_rn101", "pooled"), ("clip_vit_b32", "pooled")]
    for where, vector in both.items():
        assert vector.shape == (32,) and vector.dtype == np.float32 and np.linalg.norm(vector) == pytest.approx(1)
        middle = one[where] + other[where]
        assert np.allclose(vector, middle / np.linalg.norm(middle), atol=1e-5)


@pytest.mark.parametrize("size", [(60, 90), (1200, 900), (700, 3)])
def test_pictures_are_seen_at_one_size(size):
    assert max(at_side(picture(0, *size)).shape[-2:]) == SIDE
