import numpy as np
import pytest
import torch

from backend.perception.objects import MOST, separate_objects


def mask_of(*boxes, size=(200, 300)):
    mask = torch.zeros(1, 1, *size)
    for top, left, bottom, right in boxes:
        mask[..., top:bottom, left:right] = 1
    return mask


def test_objects_apart_are_told_apart_from_the_largest_on():
    small, large = (20, 200, 60, 240), (20, 20, 120, 120)
    found = separate_objects(mask_of(small, large))
    assert [torch.equal(a, b) for a, b in zip(found, (mask_of(large), mask_of(small)), strict=True)] == [True, True]


def test_parts_close_to_each_other_are_one_object():
    whole = mask_of((20, 20, 100, 60), (20, 64, 100, 120))
    [found] = separate_objects(whole)
    assert torch.equal(found, whole)


def test_specks_are_no_objects():
    [found] = separate_objects(mask_of((20, 20, 150, 150), (100, 250, 103, 253)))
    assert torch.equal(found, mask_of((20, 20, 150, 150)))


def test_of_a_crowd_the_largest_stand_alone_and_the_others_together():
    boxes = [
        (10 + 60 * row, 10 + 45 * column, 30 + 60 * row - column, 30 + 45 * column) for row in range(3) for column in range(6)
    ]
    found = separate_objects(mask_of(*boxes))
    assert len(found) == MOST + 1
    assert torch.equal(torch.cat(found).sum(0, keepdim=True), mask_of(*boxes))


@pytest.mark.parametrize("size", [(8, 8), (2000, 40), (1500, 1700)])
def test_any_size_and_a_soft_mask(size):
    mask = torch.from_numpy(np.linspace(0, 1, size[1], dtype=np.float32)).expand(1, 1, *size)
    [found] = separate_objects(mask)
    assert found.shape == mask.shape
    assert torch.equal(found, mask.gt(0.5).float())


def test_an_empty_mask_has_no_objects():
    assert separate_objects(torch.zeros(1, 1, 30, 30)) == []
