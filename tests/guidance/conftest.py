"""An encoder that every test of guidance by features uses."""

import pytest
import torch
import torch.nn.functional as F


class Blobs:
    """Three layers of smooth random features; differentiable, in any dtype."""

    name = "blobs"
    layers = ("one", "two")

    def __init__(self):
        generator = torch.Generator().manual_seed(5)
        self._kernels = [torch.randn(4, 1, 3, 3, dtype=torch.float64, generator=generator) for _ in self.layers]

    def __call__(self, images):
        gray = images.mean(1, keepdim=True)
        found = {}
        for layer, kernel in zip(self.layers, self._kernels, strict=True):
            gray = F.avg_pool2d(gray, 2)
            found[layer] = F.softplus(F.conv2d(gray, kernel.to(gray), padding=1))
        return found

    def saliency(self, images, inside=None):
        return F.avg_pool2d(1 - images.mean(1, keepdim=True), 8).clamp_min(0)


@pytest.fixture
def blobs():
    return Blobs()
