"""One graphics card with the kernels on it, and the room that pictures need there."""

from __future__ import annotations

import functools
from ctypes import Structure
from pathlib import Path

import torch
from torch import Tensor

from backend.core.errors import Missing
from backend.raster.cuda.driver import Kernels, open_driver
from backend.raster.cuda.nvrtc import find_nvrtc

NAMES = ("prepare", "forward", "backward", "gather")
HEADERS = ("scene.h", "segments.h", "spot.h", "folds.h", "forward.h", "backward.h", "sums.h")
LEAST_GROUPS, GROUPS_PER_SEGMENT = 1024, 8
SPARE, LEAST_SPARE = 1.5, 1.2  # how much more room than was needed is made; how little may be left of it


class Gpu:
    """Launches kernels on one device, and remembers how much room they asked for.

    A group is what a backward pass needs of a segment within a tile: 4.6 KB. Only the device knows how many there are, and
    nobody waits for its answer before it is needed.
    """

    def __init__(self, kernels: Kernels, device: torch.device) -> None:
        self._kernels, self.device = kernels, device
        self.lacked = torch.zeros(1, dtype=torch.int32, device=device)  # groups that some recorded pass had no room for
        self._enough = 0

    def launch(self, kernel: str, blocks: tuple[int, int], threads: int, argument: Structure) -> None:
        """Queues a kernel on torch's current stream."""
        self._kernels.launch(kernel, blocks, threads, self._stream, argument)

    def capacity(self, segments: int, tiles: int) -> int:
        """How many groups to make room for."""
        return max(1, min(segments * tiles, max(self._enough, LEAST_GROUPS, GROUPS_PER_SEGMENT * segments)))

    def learn(self, groups: int) -> None:
        """From now on there is room for so many groups, and for half as many more."""
        if self._enough < LEAST_SPARE * groups:
            self._enough = int(SPARE * groups)

    def overflowed(self) -> bool:
        """Whether some recorded pass lacked room since the last question; waits for the card.

        Graphs that are recorded after a yes have more.
        """
        needed = int(self.lacked)
        if needed:
            self.lacked.zero_()
            self.learn(needed)
        return needed > 0

    @property
    def capturing(self) -> bool:
        """Whether a CUDA graph is being recorded, so that nobody may wait for the device."""
        return self.device.type == "cuda" and torch.cuda.is_current_stream_capturing()

    @property
    def _stream(self) -> int:
        return torch.cuda.current_stream(self.device).cuda_stream if self.device.type == "cuda" else 0


class Answer:
    """A number on the device that somebody will want to know, on its way to the host."""

    def __init__(self, number: Tensor) -> None:
        self._number, self._arrival = number, None
        if number.is_cuda:
            self._number = torch.empty(1, dtype=number.dtype, pin_memory=True)
            self._number.copy_(number, non_blocking=True)
            self._arrival = torch.cuda.Event()
            self._arrival.record(torch.cuda.current_stream(number.device))

    def get(self) -> int:
        """The number; waits until the device has come so far, not until it is idle."""
        if self._arrival:
            self._arrival.synchronize()
        return int(self._number)


def has_card() -> bool:
    """Whether torch can use an NVIDIA card."""
    return torch.version.cuda is not None and torch.cuda.is_available()


@functools.cache
def find_gpu(device: torch.device) -> Gpu:
    """The card of that CUDA device (cuda:i); compiles the kernels at the first call. Missing says what is not here."""
    if not has_card():
        raise Missing("There is no NVIDIA graphics card that torch can use; choose another rasterizer.")
    capability = torch.cuda.get_device_capability(device)
    image = find_nvrtc().compile(*kernel_sources(), 10 * capability[0] + capability[1])
    torch.empty(1, device=device)  # makes torch's context
    return Gpu(Kernels(open_driver(), device.index, image, NAMES), device)


def kernel_sources() -> tuple[str, dict[str, str]]:
    """The text of kernels.cu, and those of the headers by their names."""
    folder = Path(__file__).parent
    return (folder / "kernels.cu").read_text("utf-8"), {name: (folder / name).read_text("utf-8") for name in HEADERS}
