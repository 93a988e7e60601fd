"""Floor 2: networks that see."""

from __future__ import annotations

from collections.abc import Callable

import torch

from backend.encoders.encoder import Encoder, Features, Weights
from backend.encoders.squeezenet import SqueezeNet
from backend.encoders.vgg import DistilledVgg19, Vgg19

ENCODERS: dict[str, Callable[[Weights, torch.device], Encoder]] = {
    "squeezenet": SqueezeNet,
    "vgg19": Vgg19,
    "vgg19_distilled": DistilledVgg19,
}
"""Every encoder by the name of its weights; it raises Missing where they are another network's."""

__all__ = ["ENCODERS", "Encoder", "Features", "Weights"]
