"""LaMa (Suvorov et al. 2022), which completes a picture where something hides it, by convolutions of its spectrum, too."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.errors import Missing
from backend.core.image import Framing, Image, Mask
from backend.encoders.encoder import Kernel, Kernels, Weights

SIDE = 512  # px of the longer side that is completed; a filling needs no finer detail than a sketch shows
UNIT = 8  # px that sides are a multiple of
FIRST = "model.1.ffc.convl2l.weight"  # the key by which the generator is found in its file
DOWN = (2, 3, 4)  # layers that halve the picture; the last one begins the global part
RISING = ((24, 25), (27, 28), (30, 31))  # transposed convolutions and their norms
LAST = 34

Pair = tuple[Tensor, Tensor]  # the local and the global channels


class Lama:
    """The big generator of LaMa, from the tensors of its TorchScript archive or of its checkpoint."""

    def __init__(self, weights: Weights, device: torch.device, name: str = "lama") -> None:
        self.name = name
        root = next((key.removesuffix(FIRST) for key in weights if key.endswith(FIRST)), None)
        if root is None:
            raise Missing(
                "The weights for {name} are another network's. Bring the right ones with: stylesketch models pull lama",
                name=name,
            )
        plain = {key.removeprefix(f"{root}model."): value for key, value in weights.items() if key.startswith(root)}
        self._kernels = kernels = Kernels(plain, device, torch.float32, name)  # a spectrum in less is noise
        self._first = kernels.folded("1.ffc.convl2l", "1.bn_l")
        self._down = [kernels.folded(f"{i}.ffc.convl2l", f"{i}.bn_l") for i in DOWN]
        self._begin = kernels.folded(f"{DOWN[-1]}.ffc.convl2g", f"{DOWN[-1]}.bn_g")
        count = sum(key.endswith(".conv1.ffc.convl2l.weight") for key in plain)
        self._blocks = [[_Fast(kernels, f"{i}.conv{k}") for k in (1, 2)] for i in range(DOWN[-1] + 1, DOWN[-1] + 1 + count)]
        shift = count - 18  # the published one has 18 blocks; what follows is counted on from them
        self._up = [kernels.folded_transposed(f"{conv + shift}", f"{bn + shift}") for conv, bn in RISING]
        self._last = kernels.convolution(f"{LAST + shift}")

    @torch.no_grad()
    def __call__(self, image: Image, hole: Mask) -> Image:
        """The image [1, 3, H, W] completed within its hole [1, 1, H, W] (1 = to be filled); elsewhere it stays as it is."""
        size = (image.shape[-2], image.shape[-1])
        small = Framing.whole(size, SIDE).canvas if max(size) > SIDE else size
        seen = F.interpolate(image, small, mode="bilinear", antialias=True, align_corners=False).to(self._kernels.device)
        gone = F.interpolate(hole, small, mode="area").gt(0).float().to(self._kernels.device)
        room = (0, -small[1] % UNIT, 0, -small[0] % UNIT)
        seen, gone = (F.pad(part, room, mode="replicate") for part in (seen, gone))
        made = self._generated(torch.cat([seen * (1 - gone), gone], 1))[..., : small[0], : small[1]]
        made = F.interpolate(made, size, mode="bilinear", align_corners=False).clamp(0, 1).to(image)
        return hole * made + (1 - hole) * image

    def _generated(self, x: Tensor) -> Tensor:
        """[B, 3, H, W] in 0 … 1 of pictures with their holes [B, 4, H, W]."""
        x = F.relu(F.conv2d(F.pad(x, (3, 3, 3, 3), mode="reflect"), *self._first))
        for kernel in self._down[:-1]:
            x = F.relu(_reflected(x, kernel, 2))
        pair = (F.relu(_reflected(x, self._down[-1], 2)), F.relu(_reflected(x, self._begin, 2)))
        for one, two in self._blocks:
            here, wide = two(one(pair))
            pair = (pair[0] + here, pair[1] + wide)
        x = torch.cat(pair, 1)
        for kernel in self._up:
            x = F.relu(F.conv_transpose2d(x, *kernel, stride=2, padding=1, output_padding=1))
        return torch.sigmoid(F.conv2d(F.pad(x, (3, 3, 3, 3), mode="reflect"), *self._last))


class _Fast:
    """A fast Fourier convolution with norms and ReLU: what is near, what is far, and what each tells the other."""

    def __init__(self, kernels: Kernels, name: str) -> None:
        ffc = f"{name}.ffc"
        self._near = [kernels.folded(f"{ffc}.{part}", f"{name}.bn_l") for part in ("convl2l", "convg2l")]
        self._far = kernels.folded(f"{ffc}.convl2g", f"{name}.bn_g")
        spectral = f"{ffc}.convg2g"
        self._narrow = kernels.folded(f"{spectral}.conv1.0", f"{spectral}.conv1.1")
        self._spectrum = kernels.folded(f"{spectral}.fu.conv_layer", f"{spectral}.fu.bn")
        self._wide = kernels.folded(f"{spectral}.conv2", f"{name}.bn_g")

    def __call__(self, pair: Pair) -> Pair:
        here, wide = pair
        # a folded norm's offset comes with the first of the two sums' parts only
        near = _reflected(here, self._near[0]) + _reflected(wide, (self._near[1][0], None))
        x = F.relu(F.conv2d(wide, *self._narrow))
        x = F.conv2d(x + self._turned(x), self._wide[0])
        return F.relu(near), F.relu(_reflected(here, self._far) + x)

    def _turned(self, x: Tensor) -> Tensor:
        """A 1×1 convolution of the spectrum, real and imaginary parts of a channel side by side."""
        height, width = x.shape[-2:]
        spectrum = torch.fft.rfftn(x, dim=(-2, -1), norm="ortho")
        parts = torch.stack([spectrum.real, spectrum.imag], 2).flatten(1, 2)
        parts = F.relu(F.conv2d(parts, *self._spectrum)).unflatten(1, (-1, 2))
        turned = torch.complex(parts[:, :, 0].contiguous(), parts[:, :, 1].contiguous())
        return torch.fft.irfftn(turned, s=(height, width), dim=(-2, -1), norm="ortho")


def _reflected(x: Tensor, kernel: tuple[Tensor, Tensor | None] | Kernel, stride: int = 1) -> Tensor:
    """A 3×3 convolution of a picture that is mirrored at its border."""
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel[0], kernel[1], stride=stride)
