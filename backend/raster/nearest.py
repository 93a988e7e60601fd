"""Where a stroke comes nearest to a pixel: the parameter with the smallest distance − radius, and what follows from it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from backend.core.bezier import bernstein

NEAREST_PIVOT = 0.25  # px
STILL = 1e-4  # squared cosine between a curve and the direction to a pixel, at most, where it is nearest


class Edge(NamedTuple):
    """A stroke as pixels see it from their centers."""

    distance: Tensor  # [P] of its middle line, px
    normal: Tensor  # [P, 2] unit, from there to the pixel
    width: Tensor  # [P] px


def width_at(widths: Tensor, u: Tensor) -> Tensor:
    """Widths [P] at parameters u [P] in [0, 1] from knots [P, K]; negative knots count as 0."""
    widths = widths.clamp_min(0)
    knots = widths.shape[1]
    if knots == 1:
        return widths[:, 0]
    left, part = _interval(u, knots)
    low, high = widths.gather(1, left[:, None])[:, 0], widths.gather(1, left[:, None] + 1)[:, 0]
    return low * (1 - part) + high * part


def newton(cubics: Tensor, widths: Tensor, t: Tensor, u: Tensor, rate: Tensor, target: Tensor, reach: float) -> Tensor:
    """Parameters [P] one Newton step (at most `reach`) nearer to the smallest distance − radius from targets [P, 2].

    cubics: [P, 4, 2]; widths: [P, K]; u: [P] places on the whole stroke, du/dt = rate [P].
    """
    fall, bend, regular = _slope(cubics, widths, t, u, rate, target)
    step = torch.where(regular, fall / torch.where(regular, bend, torch.ones_like(bend)), torch.zeros_like(t))
    return (t - step.clamp(-reach, reach)).clamp(0, 1)


def is_settled(cubics: Tensor, widths: Tensor, t: Tensor, u: Tensor, rate: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Whether the distance − radius from targets is least at t, to first order or at an end of the cubic, and how much it is.

    Arguments as of `newton`.
    """
    fall = _slope(cubics, widths, t, u, rate, target)[0]
    square = ((bernstein(t)[..., None] * cubics).sum(1) - target).square().sum(-1)
    still = fall.square() < STILL * square * _velocity(cubics, t).square().sum(-1) + 1e-12
    settled = still | (t == 0) & (fall > 0) | (t == 1) & (fall < 0)
    return settled, square.sqrt() - width_at(widths, u) / 2


def edge_at(cubics: Tensor, widths: Tensor, t: Tensor, segment: Tensor, count: Tensor, target: Tensor, softness: float) -> Edge:
    """Strokes whose nearest parameter is t on their segment of `count`, as pixels around targets [P, 2] see them.

    Differentiable in cubics [P, 4, 2] and widths [P, K]. Where t is free, i.e. no end of its segment, it moves with them: the
    edge turns with the curve, and the far edge grows with the width (the near one does not notice, t being its minimum).
    """
    rate = 1 / count.to(t.dtype)
    free = torch.zeros_like(t, dtype=torch.bool)
    if widths.shape[1] > 1 or softness == 0:
        t, free = _moving(cubics, widths, t, (segment + t) * rate, rate, target)
    offset = target - (bernstein(t)[..., None] * cubics).sum(1)
    distance = (offset.square().sum(-1) + 1e-12).sqrt()
    normal = _normal(cubics, t, free, offset, distance.detach())
    return Edge(distance, normal, width_at(widths, (segment + t) * rate))


def _interval(u: Tensor, knots: int) -> tuple[Tensor, Tensor]:
    place = u * (knots - 1)
    left = place.detach().floor().long().clamp(0, knots - 2)
    return left, place - left


def _velocity(cubics: Tensor, t: Tensor) -> Tensor:
    s = 1 - t
    return (torch.stack([s * s, 2 * s * t, t * t], -1)[..., None] * 3 * (cubics[:, 1:] - cubics[:, :-1])).sum(1)


def _slope(cubics: Tensor, widths: Tensor, t: Tensor, u: Tensor, rate: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """distance · d(distance − radius)/dt, its derivative by t, and where that is fit to be divided by."""
    d1 = 3 * (cubics[:, 1:] - cubics[:, :-1])
    d2 = 2 * (d1[:, 1:] - d1[:, :-1])
    offset = (bernstein(t)[..., None] * cubics).sum(1) - target
    v, a = _velocity(cubics, t), (torch.stack([1 - t, t], -1)[..., None] * d2).sum(1)
    growth = _growth(widths, u) * rate
    square = (v * v).sum(-1)
    fall = (offset * v).sum(-1) - growth * (offset.square().sum(-1) + 1e-12).sqrt()
    bend = square + (offset * a).sum(-1) - growth.square()
    return fall, bend, bend > 1e-3 * square + 1e-9


def _growth(widths: Tensor, u: Tensor) -> Tensor:
    """Derivative of the radius by the place u on the stroke."""
    knots = widths.shape[1]
    if knots == 1:
        return torch.zeros_like(u)
    left, _ = _interval(u, knots)
    steps = widths.clamp_min(0).diff(dim=1) * (knots - 1) / 2
    return steps.gather(1, left[:, None])[:, 0]


def _moving(cubics: Tensor, widths: Tensor, t: Tensor, u: Tensor, rate: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """t, with the derivatives of the implicit function that the nearest parameter is, and where it is free to move."""
    fall, bend, regular = _slope(cubics, widths, t, u, rate, target)
    free = regular & (t > 0) & (t < 1)
    zero = torch.zeros_like(t)
    return t + torch.where(free, (fall.detach() - fall) / torch.where(free, bend, 1 + zero).detach(), zero), free


def _normal(cubics: Tensor, t: Tensor, free: Tensor, offset: Tensor, distance: Tensor) -> Tensor:
    """Unit directions [P, 2] to the pixels, which turn with the curve, or around its end where the parameter is stuck there.

    Near the middle line they are the curve's own normals. Around an end they turn no faster than at NEAREST_PIVOT, since a
    pixel's center on the very end would see them spin.
    """
    velocity = _velocity(cubics, t)
    fixed, square = velocity.detach(), velocity.detach().square().sum(-1)
    direction = torch.where((distance > 1e-3)[:, None], offset.detach(), torch.stack([-fixed[:, 1], fixed[:, 0]], -1))
    length = direction.square().sum(-1, keepdim=True).sqrt()
    normal = torch.where(length > 1e-12, direction / length.clamp_min(1e-12), torch.tensor([1.0, 0.0]).to(direction))
    turn = _cross(fixed, velocity) / square.clamp_min(1e-6)
    around = _cross(normal, offset - offset.detach()) / distance.clamp_min(NEAREST_PIVOT)
    turned = torch.where(free, torch.where(square > 1e-6, turn, torch.zeros_like(turn)), around)
    return normal + turned[:, None] * torch.stack([-normal[:, 1], normal[:, 0]], -1)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
