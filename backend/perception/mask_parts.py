"""Thin parts of a subject that its mask leaves out, where they stand out from a smooth surround: beaks, stems, legs."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from backend.perception.mask_outline import clarity_of
from backend.perception.wide_blur import widely_blurred

Map = npt.NDArray[np.float32]  # [H, W] or [H, W, 3] in Lab
Bits = npt.NDArray[np.uint8]  # [H, W], 1 = keep


@dataclass(frozen=True)
class PartSettings:
    """Lengths as shares of the picture's longer side; colors in ΔE."""

    surround: float = 0.075  # radius of the medians that tell the surround
    smooth: float = 3.5  # most deviation of a smooth surround
    stands_out: float = 12.0  # least difference from it …
    deviations: float = 4.0  # … and so many deviations
    room: int = 3  # px about the mask where its edge is soft
    least: float = 0.04  # that a part sticks out; less is a fringe of fur
    blurred: float = 0.04  # clarity of its outline that a mask may lose by them


def with_parts(bits: Bits, lab: Map, settings: PartSettings = PartSettings()) -> Bits:
    """The mask and what touches it and stands out from its surround; as it was, if its outline became less clear by that."""
    stands = _standing_out(bits, lab, settings)
    count, labels = cv2.connectedComponents(stands, connectivity=8)
    keep = np.zeros(count, bool)
    keep[np.unique(labels[cv2.dilate(bits, np.ones((5, 5), np.uint8)) > 0])] = True
    keep[np.unique(np.concatenate([part.ravel() for part in (labels[:3], labels[-3:], labels[:, :3], labels[:, -3:])]))] = False
    keep[0] = False
    sticking_out = np.zeros(count, np.float32)
    here = stands > 0
    np.maximum.at(sticking_out, labels[here], cv2.distanceTransform(1 - bits, cv2.DIST_L2, 5)[here])
    parts = keep & (sticking_out > settings.least * max(bits.shape))
    if not parts.any():
        return bits
    whole = bits | parts[labels].astype(np.uint8)
    return whole if clarity_of(whole, lab) > clarity_of(bits, lab) - settings.blurred else bits


def _standing_out(bits: Bits, lab: Map, settings: PartSettings) -> Bits:
    """What differs from the median color around, the mask left out of account, where that is about the same all around."""
    side = max(bits.shape)
    aperture = 2 * max(1, int(settings.surround * side)) + 1
    free = cv2.dilate(bits, np.ones((2 * settings.room + 1,) * 2, np.uint8)) == 0
    share = widely_blurred(free.astype(np.float32), 0.1 * side)[..., None] + 1e-4
    usual = widely_blurred(lab * free[..., None], 0.1 * side) / share
    around = _median(np.where(free[..., None], lab, usual), aperture)
    apart = np.linalg.norm(lab - around, axis=2)
    usually = widely_blurred(np.where(free, np.minimum(apart, settings.stands_out), 0), 0.1 * side) / share[..., 0]
    rough = np.clip(np.where(free, apart, usually) * 4, 0, 255).astype(np.uint8)
    deviation = 1.4826 / 4 * cv2.medianBlur(rough, aperture).astype(np.float32)
    clear = (apart > np.maximum(settings.stands_out, settings.deviations * deviation)) & (deviation < settings.smooth)
    return (clear & (bits == 0)).astype(np.uint8)


def _median(lab: Map, aperture: int) -> Map:
    """The medians of L, a and b over squares, to half a unit."""
    scale, shift = np.array([2.5, 1.0, 1.0], np.float32), np.array([0, 128, 128], np.float32)
    bytes_ = np.clip(lab * scale + shift, 0, 255).astype(np.uint8)
    medians = [cv2.medianBlur(np.ascontiguousarray(bytes_[..., i]), aperture) for i in range(3)]
    return ((np.dstack(medians).astype(np.float32) - shift) / scale).astype(np.float32)
