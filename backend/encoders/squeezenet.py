"""SqueezeNet 1.1 (Iandola et al. 2016): 5 MB whose features tell eyes, paws and wheels from lines that are none."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image, Mask
from backend.encoders.encoder import Features, Kernel, Kernels, Weights, arithmetic, is_gray

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, sRGB
MODULES = {"fire2": 3, "fire3": 4, "fire4": 6, "fire5": 7, "fire6": 9, "fire7": 10, "fire8": 11, "fire9": 12}
POOLS = (2, 5, 8)  # places of the max-pools among the modules


class SqueezeNet:
    """Features of SqueezeNet 1.1, from weights in torchvision's key layout.

    Differs from torchvision: the normalization is folded into the first convolution (which has no padding, so this is
    exact), and a gray picture is convolved once instead of three times.
    """

    name = "squeezenet"

    def __init__(
        self,
        weights: Weights,
        device: torch.device,
        layers: tuple[str, ...] = ("fire3", "fire5", "fire9"),
        dtype: torch.dtype | None = None,
    ) -> None:
        kernels = Kernels(weights, device, dtype or arithmetic(device), self.name)
        self.layers, self._last = layers, max(MODULES[layer] for layer in layers)
        self._stem, self._gray_stem = _stems(kernels)
        self._kernels = kernels
        self._parts = {
            index: [kernels.convolution(f"features.{index}.{part}") for part in ("squeeze", "expand1x1", "expand3x3")]
            for index in MODULES.values()
        }

    def __call__(self, images: Image) -> Features:
        """The chosen layers [B, C, h, w] of images [B, 3 or 1, H, W] of at least 31 px a side."""
        seen = self._seen(images, self._last)
        return {layer: seen[MODULES[layer] - 2].float() for layer in self.layers}

    def saliency(self, images: Image, inside: Mask | None = None) -> Tensor:
        """Evidence [B, 1, h, w] for the classes that the network sees, each by its probability (class activation maps, Zhou
        et al. 2016; here the classifier's own maps, since it averages over places last).

        inside: changes nothing, since convolutions attend to nothing.
        """
        weight, bias = (part.float() for part in self._kernels.convolution("classifier.1"))
        evidence = F.relu(F.conv2d(self._seen(images, MODULES["fire9"])[-1].float(), weight, bias))
        likely = torch.softmax(evidence.mean((2, 3), keepdim=True), 1)
        return (evidence * likely).sum(1, keepdim=True)

    def _seen(self, images: Image, last: int) -> list[Tensor]:
        """What comes out of every module from the first pool to the last one wanted."""
        weight, bias = self._gray_stem if is_gray(images) else self._stem
        x = images[:, : weight.shape[1]].to(weight.device, weight.dtype, memory_format=torch.channels_last)
        x = F.relu(F.conv2d(x, weight, bias, stride=2))
        seen = []
        for index in range(2, last + 1):
            x = F.max_pool2d(x, 3, 2, ceil_mode=True) if index in POOLS else self._fire(index, x)
            seen.append(x)
        return seen

    def _fire(self, index: int, x: Tensor) -> Tensor:
        squeeze, narrow, wide = self._parts[index]
        squeezed = F.relu(F.conv2d(x, *squeeze))
        return F.relu(torch.cat([F.conv2d(squeezed, *narrow), F.conv2d(squeezed, *wide, padding=1)], 1))


def _stems(kernels: Kernels) -> tuple[Kernel, Kernel]:
    """The first convolution with the normalization in it: for colors, and for one gray channel."""
    weight, bias = kernels.wide("features.0.weight"), kernels.wide("features.0.bias")
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    bias = kernels.laid_out(bias - (weight * mean / deviation).sum((1, 2, 3)))
    weight = weight / deviation
    return (kernels.laid_out(weight), bias), (kernels.laid_out(weight.sum(1, keepdim=True)), bias)
