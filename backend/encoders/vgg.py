"""VGG-19 (Simonyan and Zisserman 2015), the network of Gram matrices: the full one, and one of a sixteenth of its weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image
from backend.encoders.encoder import Features, Kernel, Kernels, Weights, arithmetic

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, sRGB
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONVOLUTIONS = ("11", "12", "21", "22", "31", "32", "33", "34", "41", "42", "43", "44", "51")
LAST_OF_BLOCK = ("12", "22", "34", "44")  # a max-pool follows
TORCHVISION = dict(zip(CONVOLUTIONS, (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28), strict=True))  # index in features


class Vgg19:
    """The five layers of VGG-19 that Gram matrices are made of, from weights in torchvision's key layout."""

    name = "vgg19"

    def __init__(
        self, weights: Weights, device: torch.device, layers: tuple[str, ...] = LAYERS, dtype: torch.dtype | None = None
    ) -> None:
        kernels = Kernels(weights, device, dtype or arithmetic(device), self.name)
        self.layers = layers
        self._mean, self._deviation = (kernels.laid_out(torch.tensor(v).view(1, 3, 1, 1)) for v in (MEAN, DEVIATION))
        names = [name for name in CONVOLUTIONS if name <= max(_convolution(layer) for layer in layers)]
        self._chain = {name: kernels.convolution(f"features.{TORCHVISION[name]}") for name in names}

    def __call__(self, images: Image) -> Features:
        """The chosen layers [B, C, h, w] of images [B, 3 or 1, H, W] of at least 16 px a side."""
        x = _three(images).to(self._mean.device, self._mean.dtype, memory_format=torch.channels_last)
        x = (x - self._mean) / self._deviation
        wanted = {_convolution(layer): layer for layer in self.layers}
        found: Features = {}
        for name, kernel in self._chain.items():
            x = F.relu(F.conv2d(x, *kernel, padding=1))
            if name in wanted:
                found[wanted[name]] = x.float()
            x = F.max_pool2d(x, 2) if name in LAST_OF_BLOCK else x
        return found


class DistilledVgg19:
    """The same five layers from a sixteenth of the weights (Collaborative Distillation, Wang et al. 2020).

    Each layer has a network of its own, which starts with a linear change of colors and mirrors the picture at its border.
    """

    name = "vgg19_distilled"

    def __init__(
        self, weights: Weights, device: torch.device, layers: tuple[str, ...] = LAYERS, dtype: torch.dtype | None = None
    ) -> None:
        kernels = Kernels(weights, device, dtype or arithmetic(device), self.name)
        self.layers = layers
        self._chains = {layer: self._chain(kernels, layer) for layer in layers}

    def __call__(self, images: Image) -> Features:
        """The chosen layers [B, C, h, w] of images [B, 3 or 1, H, W] of at least 32 px a side."""
        return {layer: self._seen(images, layer).float() for layer in self.layers}

    def _seen(self, images: Image, layer: str) -> Tensor:
        chain = self._chains[layer]
        weight, bias = chain["0"]
        x = _three(images).to(weight.device, weight.dtype, memory_format=torch.channels_last)
        x = F.conv2d(x, weight, bias)
        last = _convolution(layer)
        for name, kernel in list(chain.items())[1:]:
            x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), *kernel))
            x = F.max_pool2d(x, 2) if name in LAST_OF_BLOCK and name != last else x
        return x

    def _chain(self, kernels: Kernels, layer: str) -> dict[str, Kernel]:
        names = ("0", *(name for name in CONVOLUTIONS if name <= _convolution(layer)))
        head = f"level{layer[4]}"
        return {name: kernels.convolution(f"{head}.conv{name}") for name in names}


def _convolution(layer: str) -> str:
    """relu4_1 → 41."""
    return layer[4] + layer[6]


def _three(images: Image) -> Tensor:
    return images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images
