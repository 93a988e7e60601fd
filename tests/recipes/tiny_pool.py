"""A pool with encoders, without weights on disk."""

from dataclasses import dataclass

import torch

from backend.encoders.squeezenet import SqueezeNet
from backend.model_pool import ModelPool
from tests.encoders.networks import squeezenet_weights


@dataclass(frozen=True)
class TinyPool(ModelPool):
    """Its SqueezeNet is a tiny random one; it has no other encoder."""

    @classmethod
    def made(cls):
        return cls(torch.device("cpu"), ModelPool.choose("cpu").engine)

    def has_encoder(self, name):
        return name == "squeezenet"

    def encoder(self, name):
        assert self.has_encoder(name)
        return SqueezeNet(squeezenet_weights(), self.device)
