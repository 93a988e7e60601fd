"""What every encoder is, and what encoders share: their weights' checks and their arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from backend.core.errors import Missing
from backend.core.image import Image, Mask

Weights = Mapping[str, Tensor]
Features = dict[str, Tensor]  # feature layer → [B, C, h, w]
NORM_EPSILON = 1e-5  # of batch norms
Kernel = tuple[Tensor, Tensor]  # weight [C', C, k, k] and bias [C'] of a convolution


class Encoder(Protocol):
    """A frozen network that sees pictures; it owns its preprocessing.

    Call with sRGB images [B, 3, H, W] in [0, 1], or [B, 1, H, W] for gray ones; returns every feature layer, float32, of
    one pass. Differentiable in the images.
    """

    @property
    def name(self) -> str: ...

    @property
    def layers(self) -> tuple[str, ...]: ...

    def __call__(self, images: Image) -> Features: ...


@runtime_checkable
class SalientEncoder(Encoder, Protocol):
    """An encoder that knows where in a picture lies what it shows."""

    def saliency(self, images: Image, inside: Mask | None = None) -> Tensor:
        """How much each place tells of what the picture shows, ≥ 0 [B, 1, h, w], of images as for a call.

        inside: [B, 1, H, W], 1 = the subject; one that attends to places attends to no others.
        """
        ...


def arithmetic(device: torch.device) -> torch.dtype:
    """bfloat16 where the device multiplies it natively (not only emulates it), else float32."""
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if native else torch.float32


class Kernels:
    """The named tensors of a network on a device: frozen, and laid out so that convolutions are fast."""

    def __init__(self, weights: Weights, device: torch.device, dtype: torch.dtype, network: str) -> None:
        self.device, self.dtype, self.weights, self._network = device, dtype, weights, network

    def __call__(self, key: str) -> Tensor:
        """The tensor of that name; Missing where the weights are another network's."""
        if key not in self.weights:
            raise Missing(
                "The weights for {network} have no '{key}': they are another network's. Bring the right ones with: "
                "stylesketch models pull {network}",
                network=self._network,
                key=key,
            )
        return self.laid_out(self.weights[key])

    def convolution(self, name: str) -> Kernel:
        """Its weight and its bias."""
        return self(f"{name}.weight"), self(f"{name}.bias")

    def folded(self, convolution: str, norm: str) -> Kernel:
        """A convolution, with a bias of its own or without, and the batch norm behind it, as one convolution."""
        scale, offset = self._norm(norm, convolution)
        return self.laid_out(self.wide(f"{convolution}.weight") * scale[:, None, None, None]), self.laid_out(offset)

    def folded_transposed(self, convolution: str, norm: str) -> Kernel:
        """The same of a transposed convolution [C, C', k, k]."""
        scale, offset = self._norm(norm, convolution)
        return self.laid_out(self.wide(f"{convolution}.weight") * scale[None, :, None, None]), self.laid_out(offset)

    def _norm(self, norm: str, convolution: str) -> tuple[Tensor, Tensor]:
        """What a batch norm multiplies channels by, and what it adds, the convolution's bias included."""
        mean, variance, weight, bias = (self.wide(f"{norm}.{p}") for p in ("running_mean", "running_var", "weight", "bias"))
        scale = weight / (variance + NORM_EPSILON).sqrt()
        own = f"{convolution}.bias"
        return scale, bias + ((self.wide(own) if own in self.weights else 0.0) - mean) * scale

    def laid_out(self, tensor: Tensor) -> Tensor:
        """A tensor as this network computes with it."""
        found = tensor.detach().to(self.device, self.dtype)
        return found.contiguous(memory_format=torch.channels_last) if found.ndim == 4 else found.contiguous()

    def wide(self, key: str) -> Tensor:
        """The tensor of that name in float32 on the CPU, for arithmetic on the weights themselves."""
        self(key)
        return self.weights[key].detach().float().cpu()


def is_gray(images: Image) -> bool:
    """Whether all channels are one: a single one, or one that was expanded."""
    return images.shape[1] == 1 or images.stride(1) == 0
