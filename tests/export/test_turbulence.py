import numpy as np
import pytest

from backend.export.turbulence import fractal_noise


def test_the_noise_is_that_of_svg():
    """As librsvg 2.54 and Inkscape 1.2 draw feTurbulence with baseFrequency 0.07, three octaves, seed 5: alpha, in 1/255."""
    x, y = np.array([0, 37, 100, 163, 199]), np.array([0, 11, 57, 120, 199])
    assert np.round(255 * fractal_noise(x, y, 0.07, 3, 5, 3)) == pytest.approx([128, 150, 126, 147, 115], abs=1)


def test_noise_is_even_at_the_lattice():
    x, y = np.meshgrid(np.arange(9) * 10.0, np.arange(7) * 10.0)
    assert fractal_noise(x, y, 0.1, 4, 1, 0) == pytest.approx(0.5)


def test_seeds_and_channels_differ():
    x, y = np.meshgrid(np.arange(40.0), np.arange(30.0))
    noises = [fractal_noise(x, y, 0.1, 3, seed, channel) for seed, channel in ((1, 0), (1, 3), (2, 0), (9, 0))]
    for i, one in enumerate(noises):
        assert 0.05 < one.std() < 0.25 and one.min() >= 0 and one.max() <= 1
        assert all(np.abs(one - other).mean() > 0.05 for other in noises[:i])
