"""The mean squared error against torch's own."""

import pytest
import torch
import torch.nn.functional as F

from backend.guidance.squared_error import mean_squared_error


@pytest.mark.parametrize("shape", [(1, 3, 7, 9), (1, 1, 1, 1), (2, 3, 16, 16)])
@pytest.mark.parametrize("scale", [1.0, -2.5])
def test_equals_torch(shape, scale):
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(shape, generator=generator, dtype=torch.float64).requires_grad_()
    target = torch.rand(shape, generator=generator, dtype=torch.float64)
    found, expected = mean_squared_error(image, target), F.mse_loss(image, target)
    assert torch.allclose(found, expected)
    gradients = [torch.autograd.grad(scale * loss, image)[0] for loss in (found, expected)]
    assert torch.allclose(*gradients)


def test_gradient_may_be_asked_for_twice():
    image, target = torch.rand(1, 1, 4, 4, requires_grad=True), torch.rand(1, 1, 4, 4)
    loss = mean_squared_error(image, target)
    first, second = (torch.autograd.grad(loss, image, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


def test_expanded_pictures_have_gradients():
    gray = torch.rand(1, 1, 5, 5, requires_grad=True)
    (gradient,) = torch.autograd.grad(mean_squared_error(gray.expand(-1, 3, -1, -1), torch.zeros(1, 3, 5, 5)), gray)
    assert torch.allclose(gradient, gray.detach() * 2 / 25)
