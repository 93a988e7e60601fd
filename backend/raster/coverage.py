"""How much of a pixel a straight stroke edge covers."""

from __future__ import annotations

import torch
from torch import Tensor


def edge_filter(distance: Tensor, normal: Tensor, softness: float) -> Tensor:
    """The share F(distance) in [0, 1] of a pixel that lies before an edge `distance` px away along `normal`.

    distance: [...] px, positive = the pixel's center is before the edge; normal: [..., 2] unit. The pixel's unit box
    projected on the normal is a trapezoid; `softness` px widen its foot on both sides.
    """
    nx, ny = normal[..., 0].abs(), normal[..., 1].abs()
    foot, top = (nx + ny) / 2 + softness, (nx - ny).abs() / 2
    height = 1 / (foot + top).clamp_min(0.5)  # a pixel whose center lies on the middle line has no normal
    u = distance.abs()
    slope = (foot - top).clamp_min(1e-6)
    beyond = (u - top).clamp(min=0).minimum(slope)
    area = height * (u.minimum(top) + beyond - beyond.square() / (2 * slope))
    return 0.5 + torch.sign(distance) * area


def stroke_coverage(distance: Tensor, normal: Tensor, width: Tensor, softness: float = 0.0) -> Tensor:
    """The share of a pixel inside a stroke of full `width` px whose middle line is `distance` px (≥ 0) away."""
    half = width / 2
    return edge_filter(half - distance, normal, softness) - edge_filter(-half - distance, normal, softness)
