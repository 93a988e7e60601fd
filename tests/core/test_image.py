import pytest
import torch
import torch.nn.functional as F

from backend.core.image import widened


@pytest.mark.parametrize("reach", [0, 1, 2, 4, 7, 15])
@pytest.mark.parametrize("size", [(40, 33), (3, 50), (1, 1)])
def test_widened_is_a_max_pooling_over_squares(reach, size):
    values = torch.randn(2, 1, *size, generator=torch.Generator().manual_seed(3))
    pooled = values
    for _ in range(reach):  # which has no wider squares than twice the picture's side
        pooled = F.max_pool2d(pooled, 3, 1, 1)
    assert torch.equal(widened(values, reach), pooled)


def test_what_is_negative_is_narrowed_by_less_than_nothing():
    mask = torch.zeros(1, 1, 9, 9)
    mask[..., 2:7, 2:7] = 1
    assert torch.equal(-widened(-mask, 1), F.pad(torch.ones(1, 1, 3, 3), (3, 3, 3, 3)))
