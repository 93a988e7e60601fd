"""Tiny random networks in the true key layouts."""

import torch

from backend.encoders.vgg import CONVOLUTIONS, TORCHVISION


def convolution(generator, name, out, into, size):
    spread = (2 / (into * size * size)) ** 0.5
    weight = spread * torch.randn(out, into, size, size, generator=generator)
    return {f"{name}.weight": weight, f"{name}.bias": 0.1 * torch.randn(out, generator=generator)}


def squeezenet_weights(seed=0):
    """SqueezeNet 1.1 with a quarter of its channels, as torchvision names them."""
    generator = torch.Generator().manual_seed(seed)
    found = convolution(generator, "features.0", 16, 3, 3)
    into = 16
    for index, squeeze, expand in (
        (3, 4, 16),
        (4, 4, 16),
        (6, 8, 32),
        (7, 8, 32),
        (9, 12, 48),
        (10, 12, 48),
        (11, 16, 64),
        (12, 16, 64),
    ):
        found |= convolution(generator, f"features.{index}.squeeze", squeeze, into, 1)
        found |= convolution(generator, f"features.{index}.expand1x1", expand, squeeze, 1)
        found |= convolution(generator, f"features.{index}.expand3x3", expand, squeeze, 3)
        into = 2 * expand
    return found | convolution(generator, "classifier.1", 20, into, 1)


def vgg19_weights(seed=0):
    """VGG-19 with few channels, as torchvision names them."""
    generator, found, into = torch.Generator().manual_seed(seed), {}, 3
    for name in CONVOLUTIONS:
        found |= convolution(generator, f"features.{TORCHVISION[name]}", 4 * int(name[0]), into, 3)
        into = 4 * int(name[0])
    return found


def distilled_vgg19_weights(seed=0):
    """The five networks of the distilled VGG-19 with few channels, with the parts that are to be ignored."""
    generator, found = torch.Generator().manual_seed(seed), {}
    for level in range(1, 6):
        found |= convolution(generator, f"level{level}.conv0", 3, 3, 1)
        into = 3
        for name in CONVOLUTIONS:
            if name <= f"{level}1":
                found |= convolution(generator, f"level{level}.conv{name}", 4 * int(name[0]), into, 3)
                into = 4 * int(name[0])
        found |= convolution(generator, f"level{level}.conv{level}1_aux", 64, into, 1)
    return found


WEIGHTS = {"squeezenet": squeezenet_weights, "vgg19": vgg19_weights, "vgg19_distilled": distilled_vgg19_weights}
