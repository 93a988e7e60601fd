"""How much of a pixel a straight stroke edge covers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

HALF_DIAGONAL = math.sqrt(0.5)  # of a pixel, px


def filter_reach(softness: float) -> float:
    """How far from a pixel's center, px, its edge filter still notices an edge."""
    return HALF_DIAGONAL + softness


def edge_filter(distance: Tensor, normal: Tensor, softness: float) -> Tensor:
    """The share F(distance) in [0, 1] of a pixel that lies before an edge `distance` px away along `normal`.

    distance: [...] px, positive = the pixel's center is before the edge; normal: [..., 2] unit. Without softness the filter
    is the pixel's unit box projected on the normal, a trapezoid; with softness a tent that reaches `softness` px farther
    than the box's corners, the same in all directions and without jumps in its derivative.
    """
    if softness > 0:
        foot, top = torch.full_like(distance, filter_reach(softness)), torch.zeros_like(distance)
    else:
        nx, ny = normal[..., 0].abs(), normal[..., 1].abs()
        foot, top = (nx + ny) / 2, (nx - ny).abs() / 2
    u = distance.abs()
    slope = (foot - top).clamp_min(1e-6)
    beyond = (u - top).clamp(min=0).minimum(slope)
    area = (u.minimum(top) + beyond - beyond.square() / (2 * slope)) / (2 * top + slope)
    return 0.5 + torch.sign(distance) * area


def stroke_coverage(distance: Tensor, normal: Tensor, width: Tensor, softness: float = 0.0) -> Tensor:
    """The share of a pixel inside a stroke of full `width` px whose middle line is `distance` px (≥ 0) away."""
    half = width / 2
    return edge_filter(half - distance, normal, softness) - edge_filter(-half - distance, normal, softness)
