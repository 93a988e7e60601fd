"""Paper and grain whose opposite borders fit."""

import numpy as np
import pytest
import torch

from backend.core.texture import Texture
from backend.export.grain import grain_over, grained_paper, tiled_noise

SIZE = (96, 128)


def chance(seed=0):
    return np.random.default_rng(seed)


def steps(tile):
    """For both axes: how much neighbors differ across the border, beside inside."""
    for axis in (2, 3):
        differences = (tile - tile.roll(1, axis)).abs().mean((0, 1, 5 - axis))
        yield float(differences[0] / differences[1:].mean())


@pytest.mark.parametrize("scale", [1.2, 6.0, 30.0])
def test_noise_is_as_smooth_as_wanted_and_fits_at_its_borders(scale):
    noise = tiled_noise(SIZE, scale, chance())
    assert abs(noise.mean()) < 1e-9 and noise.std() == pytest.approx(1)
    assert max(steps(torch.from_numpy(noise)[None, None])) < 3  # noise that does not fit: 12 and more
    assert np.abs(np.diff(noise, axis=1)).mean() < 2.2 / scale


@pytest.mark.parametrize("color", [(1.0, 1.0, 1.0), (0.95, 0.92, 0.86), (0.16, 0.19, 0.18)])
def test_paper_has_a_grain_that_is_hardly_seen_and_its_own_color(color):
    paper = grained_paper(SIZE, color, chance())
    assert paper.shape == (1, 3, *SIZE)
    assert (paper.mean((2, 3))[0] - torch.tensor(color)).abs().max() < 0.035
    assert 0.003 < float(paper.mean(1).std()) < 0.03
    assert max(steps(paper)) < 1.3
    assert torch.equal(paper, grained_paper(SIZE, color, chance())) and not torch.equal(
        paper, grained_paper(SIZE, color, chance(1))
    )


@pytest.mark.parametrize("kind", ["grain", "dry-brush", "bleed"])
def test_a_look_over_a_tile_fits_at_its_borders_and_can_be_seen(kind):
    paper = torch.ones(1, 3, *SIZE)
    strokes = paper.clone()
    strokes[..., ::8, :] = 0.1
    found = grain_over(strokes, Texture(kind, 0.6), paper, 3.0, chance())
    assert not torch.equal(found, strokes) and float(found.min()) >= 0 and float(found.max()) <= 1
    across = (found - found.roll(1, 3)).abs().mean((0, 1, 2))
    assert float(across[0]) < 2 * float(across.mean())
    assert torch.equal(grain_over(strokes, Texture(), paper, 3.0, chance()), strokes)
