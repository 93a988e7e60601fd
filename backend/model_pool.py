"""The device, the rasterizer and the encoders that recipes share."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from backend.core.errors import BadRequest
from backend.raster import RASTERIZERS, Rasterizer


@dataclass(frozen=True)
class ModelPool:
    """What heavy parts a recipe runs on."""

    device: torch.device
    engine: str  # a name in RASTERIZERS

    @property
    def rasterizer(self) -> Rasterizer:
        """Draws strokes, differentiably."""
        return RASTERIZERS[self.engine]

    @classmethod
    def choose(cls, device: str = "auto") -> ModelPool:
        """The pool for a device name (auto, cpu, cuda, cuda:i, mps); BadRequest says which devices there are."""
        return cls(choose_device(device), "culled")


def available_devices() -> list[str]:
    """Names of the devices that torch can use here, best first."""
    devices = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, "cpu"]


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is the best one here. BadRequest says which there are."""
    devices = available_devices()
    if name == "auto":
        return torch.device(devices[0])
    full = "cuda:0" if name == "cuda" else name
    if full not in devices:
        raise BadRequest(f"There is no device '{name}' here; choose one of: auto, {', '.join(devices)}.")
    return torch.device(full)
