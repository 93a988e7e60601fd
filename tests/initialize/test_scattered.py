import numpy as np
import torch

from backend.initialize.scattered import edges, scattered_start
from tests.pictures import disc

LUMA = (disc()[..., 0].astype(np.float32) / 255 - 0.45) / 0.27


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def everywhere():
    return np.random.default_rng(0).random(LUMA.shape).astype(np.float32) * 0.01 + 1


def test_the_dark_side_of_an_outline_is_an_edge_and_bright_paper_is_none():
    """By the published formula dark flats count as well: there the difference of blurs is just below 0."""
    found = edges(LUMA) == 0
    y, x = np.mgrid[0:160, 0:160]
    distance = np.hypot(x - 80, y - 80)
    assert found[np.abs(distance - 48) < 1].all()
    assert not found[distance > 70].any()


def test_strokes_start_where_salient_places_have_edges():
    saliency = everywhere()
    saliency[:, 80:] = 0
    curves = scattered_start(LUMA, saliency, 40, seeded())
    first = np.array([curve[0].tolist() for curve in curves])
    assert len(curves) == 40
    assert first[:, 0].max() < 81
    assert np.hypot(first[:, 0] - 80, first[:, 1] - 80).max() < 60


def test_control_points_follow_each_other_in_short_steps():
    for curve in scattered_start(LUMA, everywhere(), 20, seeded()):
        assert curve.shape == (4, 2)
        assert float((curve[1:] - curve[:-1]).abs().max()) <= 0.025 * 160 + 1e-4


def test_a_seed_gives_the_same_strokes_and_another_one_others():
    one, again, other = (torch.stack(scattered_start(LUMA, everywhere(), 8, seeded(s))) for s in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_nothing_salient_gives_no_strokes():
    assert scattered_start(LUMA, np.zeros_like(LUMA), 8, seeded()) == []
