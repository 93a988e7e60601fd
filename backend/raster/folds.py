"""Cubics that turn back on themselves: a pixel between the two arms of a fold sees the ink of both.

The coverage by the nearest place alone would miss what the other arm adds to such a pixel, and a gradient even more so.
"""

from __future__ import annotations

import torch
from torch import Tensor

from backend.raster.coverage import edge_filter
from backend.raster.nearest import Edge, is_settled, newton

MOST_FOLDS = 2  # of a cubic: its squared speed, of degree 4, has no more minima
LOOKS = 16  # how finely they are looked for
STEEPEST = 0.5  # by how much each arm leaves the middle between them per length of it; .41 is where `union` begins to notice
STEPS, STRIDE = 3, 1 / 8  # of Newton's method from the mirrored parameter on
AT_FOLD = 1 / 4096  # of the parameter: what is nearer to a fold is the fold itself


def find_folds(cubics: Tensor, widths: Tensor, reach: float) -> Tensor:
    """Parameters [..., MOST_FOLDS] where cubics [..., 4, 2] fold, ascending; 1 where they do not. widths: [..., K].

    A fold is a place t of least speed. With q' = 3v, q'' = 6c, q''' = 6w there, q(t ± d) = q + 3c d² ± (3v d + w d³): its arms
    mirror each other in a straight line along c, from which they are |3v × c d + w × c d³| / |c| away. It counts if the ink's
    edge, whose filter has the half width `reach` px, folds there, and if before an arm ends they are so far apart that a pixel
    may see the paper between them, while they still open narrowly.
    """
    legs = cubics[..., 1:, :] - cubics[..., :-1, :]
    fold = _least_speeds(legs)
    speed, change, twist = _motion(legs, fold)
    bend = change.square().sum(-1).sqrt().clamp_min(1e-12)
    before = torch.stack([torch.zeros_like(fold[..., 0]), fold[..., 0]], -1)
    after = torch.stack([fold[..., 1], torch.ones_like(fold[..., 1])], -1)
    end = torch.minimum(fold - before, after - fold)
    first, third = 3 * _cross(speed, change) / bend, _cross(twist, change) / bend
    top = torch.where(first * third < 0, (-first / (3 * third)).clamp_min(0).sqrt().minimum(end), end)
    apart = torch.maximum((first * end + third * end**3).abs(), (first * top + third * top**3).abs())
    opening = (first + 3 * third * end.square()).abs() / (6 * bend * end).clamp_min(1e-12)
    radii = widths.clamp_min(0) / 2
    tight = 1.5 * speed.square().sum(-1) < (radii.amax(-1, keepdim=True) + reach) * bend
    parted = apart > radii.amin(-1, keepdim=True) - reach
    narrow = (opening < STEEPEST) | (first * third < 0)
    return torch.where((fold < 1) & tight & parted & narrow, fold, torch.ones_like(fold)).sort(-1).values


def two_arms(
    cubics: Tensor, widths: Tensor, t: Tensor, segment: Tensor, count: Tensor, folds: Tensor, target: Tensor
) -> tuple[Tensor, Tensor]:
    """The parameters [P] where two arms of cubics come nearest to targets [P, 2], the nearer arm first; -1 where one is enough.

    t: [P] the nearest parameter. The other arm is searched from the mirrored one on. If it only runs away from the pixel, from
    the fold on, it does not count: the fold belongs to both. cubics: [P, 4, 2]; widths: [P, K]; segment, of `count`: [P];
    folds: [P, MOST_FOLDS].
    """
    rate, found, nearest = 1 / count.to(t.dtype), torch.full_like(t, -1), torch.full_like(t, torch.inf)
    zero, one = torch.zeros_like(t), torch.ones_like(t)
    ends = [zero, *folds.unbind(-1), one]
    for before, fold, after in zip(ends, ends[1:], ends[2:], strict=False):
        later = t < fold
        low, high = torch.where(later, fold, before), torch.where(later, after, fold)
        at = (2 * fold - t).maximum(low).minimum(high)
        for _ in range(STEPS):
            at = newton(cubics, widths, at, (segment + at) * rate, rate, target, STRIDE).maximum(low).minimum(high)
        settled, away = is_settled(cubics, widths, at, (segment + at) * rate, rate, target)
        clear = (at > low + torch.where(low > 0, AT_FOLD, 0.0)) & (at < high - torch.where(high < 1, AT_FOLD, 0.0))
        beside = (fold < 1) & (before <= t) & (t <= after)
        better = beside & (clear | (at == 0) | (at == 1)) & settled & (away < nearest)
        found, nearest = torch.where(better, at, found), torch.where(better, away, nearest)
    farther = nearest < is_settled(cubics, widths, t, (segment + t) * rate, rate, target)[1]
    return torch.where(farther, found, t), torch.where(farther, t, found)


def union(first: Edge, second: Edge, softness: float) -> Tensor:
    """Coverage [P] of pixels by two arms, the nearer one first.

    Along the first one's normal each is an interval, and what the filter holds of both is counted once. The second arm counts
    in full where it is parallel to the first one, and not at all where it is farther than 45° from that: there the nearest
    place tells enough.
    """
    cosine = (first.normal * second.normal).sum(-1).detach()
    place = torch.where(cosine < 0, -second.distance, second.distance)
    low, high = first.distance - first.width / 2, first.distance + first.width / 2
    other_low, other_high = place - second.width / 2, place + second.width / 2
    more = _between(other_low, other_high, first.normal, softness)
    more = more - _between(torch.maximum(low, other_low), torch.minimum(high, other_high), first.normal, softness)
    return _between(low, high, first.normal, softness) + (2 * cosine.square() - 1).clamp_min(0) * more


def _between(low: Tensor, high: Tensor, normal: Tensor, softness: float) -> Tensor:
    """What the edge filter holds between two edges; nothing where they lie the wrong way around."""
    share = edge_filter(high, normal, softness) - edge_filter(low, normal, softness)
    return torch.where(low < high, share, torch.zeros_like(share))


def _least_speeds(legs: Tensor) -> Tensor:
    """Parameters [..., MOST_FOLDS] of least speed, ascending, of cubics with legs [..., 3, 2]; 1 where there are no more."""
    looks = torch.linspace(0, 1, LOOKS + 1, dtype=legs.dtype, device=legs.device).expand(*legs.shape[:-2], -1)
    speed, change, _ = _motion(legs, looks)
    quickening = (speed * change).sum(-1)
    slows = quickening < 0
    turning = slows[..., :-1] & ~slows[..., 1:]
    order = torch.arange(LOOKS, device=legs.device)
    first = torch.where(turning, order, LOOKS).amin(-1)
    last = torch.where(turning, order, -1).amax(-1)
    look = torch.stack([first, torch.where(last > first, last, LOOKS)], -1)
    before, after = (quickening.gather(-1, (look + i).clamp_max(LOOKS)) for i in (0, 1))
    part = before / torch.where(look < LOOKS, before - after, torch.ones_like(before))
    return torch.where(look < LOOKS, (look + part) / LOOKS, torch.ones_like(before))


def _motion(legs: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """q' / 3, q'' / 6 and q''' / 6 [..., T, 2] of cubics with legs [..., 3, 2] at t [..., T]."""
    a, b, c = (leg[..., None, :] for leg in legs.unbind(-2))
    t = t[..., None]
    s = 1 - t
    return s * s * a + 2 * s * t * b + t * t * c, s * (b - a) + t * (c - b), (a - 2 * b + c).expand(*t.shape[:-1], -1)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
