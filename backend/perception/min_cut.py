"""The cheapest division of a picture's pixels between two sides, as GrabCut asks for it, by the native library."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.core.errors import OutOfMemory
from backend.raster.native.library import load_library

Ints = npt.NDArray[np.int32]
Bits = npt.NDArray[np.uint8]  # [H, W], 1 = foreground

SMOOTH = 50.0  # γ: what it costs at most to divide two neighbors
SURE = 9 * SMOOTH  # more than all of a pixel's neighbors together
UNIT = 2**16  # of costs, which are whole numbers: so the division is the same wherever it is computed
TO_NEIGHBORS = ((0, 1), (1, -1), (1, 0), (1, 1))  # rows and columns; the other four are these, seen from there


@dataclass(frozen=True)
class PixelGraph:
    """The pixels of a picture and what it costs to divide neighbors; what flows through it stays for the next time."""

    library: ctypes.CDLL
    links: Ints  # [4, H, W] costs, by TO_NEIGHBORS
    flow: Ints  # [4, H, W]

    @classmethod
    def of(cls, image: npt.NDArray[np.uint8]) -> PixelGraph | None:
        """Of a picture [H, W, 3]; None where the native library is missing."""
        library = load_library()
        if library is None:
            return None
        links = links_of(image)
        return cls(library, links, np.zeros_like(links))

    def foreground(self, surplus: npt.NDArray[np.float64]) -> Bits:
        """The pixels that are foreground, by how much more background would cost each of them [H, W]: the fewest, in case of
        doubt. It is the faster the less has changed since the last time."""
        height, width = surplus.shape
        terminals = np.rint(UNIT * surplus.clip(-SURE, SURE)).astype(np.int32)
        bits = np.empty(surplus.shape, np.uint8)
        terminals_at, links_at, flow_at, bits_at = (a.ctypes.data for a in (terminals, self.links, self.flow, bits))
        if self.library.stylesketch_min_cut(terminals_at, links_at, height, width, flow_at, bits_at):
            raise OutOfMemory("There is not enough memory for this picture. Close other programs or scale the picture down.")
        return bits


def links_of(image: npt.NDArray[np.uint8]) -> Ints:
    """What it costs to divide each pixel from its neighbors [4, H, W], 0 beyond the border: γ exp(−β d²) / distance."""
    height, width = image.shape[:2]
    colors = image.astype(np.int32)
    differences = [_squared_difference(colors, down, right) for down, right in TO_NEIGHBORS]
    total = sum(int(difference.sum()) for difference in differences)
    sharpness = (4 * width * height - 3 * width - 3 * height + 2) / (2 * total) if total else 0.0
    links = np.zeros((len(TO_NEIGHBORS), height, width), np.int32)
    for link, difference, (down, right) in zip(links, differences, TO_NEIGHBORS, strict=True):
        cost = UNIT * SMOOTH / np.hypot(down, right)
        _here(link, down, right)[:] = np.rint(cost * np.exp(-sharpness * difference))
    return links


def _here(values: Ints, down: int, right: int) -> Ints:
    """Those pixels of [H, W, …] that have a neighbor there."""
    height, width = values.shape[:2]
    return values[: height - down, max(0, -right) : width - max(0, right)]


def _squared_difference(colors: Ints, down: int, right: int) -> Ints:
    height, width = colors.shape[:2]
    there = colors[down:height, max(0, right) : width + min(0, right)]
    difference = _here(colors, down, right) - there
    return np.asarray(np.einsum("hwc,hwc->hw", difference, difference), np.int32)
