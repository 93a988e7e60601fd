import cv2
import numpy as np
import pytest

from backend.perception.color_mixtures import COUNT, first_mixtures, mixtures_of, next_mixtures, powers_of


@pytest.fixture
def halves():
    """A reddish and a bluish half, both of several tones [40, 60, 3]; and which is foreground [40, 60]."""
    generator, bits = np.random.default_rng(1), np.zeros((40, 60), np.uint8)
    bits[:, 30:] = 1
    middle = np.where(bits[..., None] > 0, np.array([190, 90, 60]), np.array([50, 80, 180]))
    return (middle + generator.integers(-30, 31, (40, 60, 3))).astype(np.uint8), bits


def test_density_is_that_of_the_gaussian_of_its_members(halves):
    image, _bits = halves
    powers, colors = powers_of(image), image.reshape(-1, 3).astype(float)
    members = np.arange(len(colors)) % 2 + COUNT - 1  # one of the background, one of the foreground
    mixtures = mixtures_of(members, powers)
    found = mixtures.densities(powers)
    for k in (COUNT - 1, COUNT):
        mine = colors[members == k]
        inverse = np.linalg.inv(np.cov(mine.T, bias=True))
        away = colors - mine.mean(0)
        expected = np.exp(-0.5 * np.einsum("ni,ij,nj->n", away, inverse, away)) * np.sqrt(np.linalg.det(inverse))
        assert np.allclose(found[k], expected, rtol=1e-6, atol=0)
    others = [k for k in range(2 * COUNT) if k not in (COUNT - 1, COUNT)]
    assert not found[others].any()


def test_colors_are_likelier_on_their_own_side(halves):
    image, bits = halves
    powers = powers_of(image)
    mixtures = first_mixtures(image, bits, powers)
    for _round in range(2):
        densities = mixtures.densities(powers)
        surplus = mixtures.surplus(densities).reshape(bits.shape)
        assert surplus[bits > 0].min() > 0 > surplus[bits == 0].max()
        mixtures = next_mixtures(bits, densities, powers)


def test_shares_are_those_of_the_pixels(halves):
    image, bits = halves
    mixtures = first_mixtures(image, bits, powers_of(image))
    assert np.allclose(mixtures.shares.sum(1), 1)
    assert (mixtures.shares > 0).sum(1).tolist() == [COUNT, COUNT]
    assert not mixtures.shares[0, COUNT:].any() and not mixtures.shares[1, :COUNT].any()


def test_one_color_is_told_from_another():
    """A covariance of nothing is widened, as in graphics."""
    image, bits = np.full((10, 10, 3), 20, np.uint8), np.zeros((10, 10), np.uint8)
    image[3:7, 3:7], bits[3:7, 3:7] = (200, 180, 40), 1
    powers = powers_of(image)
    cv2.setRNGSeed(0)
    mixtures = first_mixtures(image, bits, powers)
    surplus = mixtures.surplus(mixtures.densities(powers)).reshape(bits.shape)
    assert np.array_equal(surplus > 0, bits > 0)
    assert not np.isnan(surplus).any()


def test_sides_of_fewer_pixels_than_gaussians_have_fewer_gaussians():
    image, bits = np.arange(90, dtype=np.uint8).reshape(5, 6, 3) * 2, np.zeros((5, 6), np.uint8)
    bits[2, 2:4] = 1
    mixtures = first_mixtures(image, bits, powers_of(image))
    assert 0 < (mixtures.shares[1] > 0).sum() <= 2
