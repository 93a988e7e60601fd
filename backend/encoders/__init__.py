"""Floor 2: networks that see."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch

from backend.encoders.clip import ClipResNet, ClipVit
from backend.encoders.clip_text import ClipText
from backend.encoders.encoder import Encoder, Features, Weights
from backend.encoders.squeezenet import SqueezeNet
from backend.encoders.vgg import DistilledVgg19, Vgg19

ENCODERS: dict[str, Callable[[Weights, torch.device], Encoder]] = {
    "squeezenet": SqueezeNet,
    "vgg19": Vgg19,
    "vgg19_distilled": DistilledVgg19,
    "clip_vit_b32": functools.partial(ClipVit, name="clip_vit_b32"),
    "clip_vit_b16": functools.partial(ClipVit, name="clip_vit_b16"),
    "clip_vit_l14": functools.partial(ClipVit, name="clip_vit_l14"),
    "clip_rn101": functools.partial(ClipResNet, name="clip_rn101"),
}
"""Every encoder by the name of its weights; it raises Missing where they are another network's."""
VOCABULARY = "clip_vocabulary"  # the name of the weights that all readers share

__all__ = ["ENCODERS", "VOCABULARY", "ClipText", "Encoder", "Features", "Weights"]
