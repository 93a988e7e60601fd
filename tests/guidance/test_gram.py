import torch

from backend.guidance.gram import gram


def test_a_gram_matrix_is_the_mean_product_of_channels():
    features = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = torch.einsum("bcij,bdij->bcd", features, features) / (4 * 5)
    assert torch.allclose(gram(features), expected)


def test_places_and_size_do_not_matter():
    features = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(gram(features), gram(features.flip(-1)), atol=1e-6)
    assert torch.allclose(gram(features), gram(features.repeat(1, 1, 2, 3)), atol=1e-6)
