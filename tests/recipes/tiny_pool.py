"""Pools with encoders, without weights on disk."""

from dataclasses import dataclass

import torch

from backend.encoders.byte_pairs import read_merges
from backend.encoders.clip import ClipVit
from backend.encoders.clip_text import ClipText
from backend.encoders.squeezenet import SqueezeNet
from backend.model_pool import ModelPool
from tests.encoders.networks import WEIGHTS, squeezenet_weights, vocabulary


@dataclass(frozen=True)
class TinyPool(ModelPool):
    """Its SqueezeNet is a tiny random one; it has no other encoder."""

    @classmethod
    def made(cls):
        return cls(torch.device("cpu"), ModelPool.choose("cpu").engine)

    def has_encoder(self, name):
        return name == "squeezenet"

    def _network(self, name):
        assert self.has_encoder(name)
        return SqueezeNet(squeezenet_weights(), self.device)


@dataclass(frozen=True)
class ReadingPool(ModelPool):
    """Its CLIP ViT-B/32 is a tiny random one that sees and reads; it has no other encoder."""

    @classmethod
    def made(cls):
        return cls(torch.device("cpu"), ModelPool.choose("cpu").engine)

    def has_encoder(self, name):
        return name in ("clip_vit_b32", "clip_vocabulary")

    def _network(self, name):
        assert self.has_encoder(name)
        return ClipVit(WEIGHTS[name](), self.device, name, torch.float32)

    def reader(self, name):
        return ClipText(WEIGHTS[name](), {"merges": read_merges(vocabulary())}, self.device, name, torch.float32)
