"""A rasterizer in torch that visits only the pixels near each stroke. Same picture and gradients as the reference."""

from __future__ import annotations

import torch
from torch import Tensor

from backend.core.bezier import bernstein, segment_points
from backend.core.image import Image
from backend.core.strokes import Strokes
from backend.raster.coverage import filter_reach, stroke_coverage
from backend.raster.folds import find_folds, two_arms, union
from backend.raster.nearest import Edge, edge_at, newton, width_at

PIECES = 12  # straight pieces per cubic that find the nearest parameter
SLACK = 0.35  # how far the pieces may be from the curve, px
REFINEMENTS = 2


def rasterize_culled(strokes: Strokes, size: tuple[int, int], paper: Tensor, softness: float = 0.0) -> Image:
    """Strokes composited source-over in their order on `paper` [3]; see `Rasterizer`."""
    height, width = size
    canvas = paper.to(strokes.points).expand(height * width, 3)
    if not len(strokes):
        return canvas.T.reshape(1, 3, height, width)
    with torch.no_grad():
        stroke, pixel, segment, t = _fragments(strokes, size, softness)
    if stroke.numel():
        alpha = strokes.opacities[stroke] * _coverage(strokes, stroke, pixel, segment, t, width, softness)
        canvas = _composite(canvas, stroke, pixel, alpha, strokes.colors)
    return canvas.T.reshape(1, 3, height, width)


def _coverage(
    strokes: Strokes, stroke: Tensor, pixel: Tensor, segment: Tensor, t: Tensor, width: int, softness: float
) -> Tensor:
    """Coverage [P] of every fragment, differentiable in points and widths."""
    cubics = segment_points(strokes.points)

    def edge(chosen: Tensor | slice, t: Tensor) -> Edge:
        owner, part = stroke[chosen], segment[chosen]
        centers = _centers(pixel[chosen], width, t.dtype)
        return edge_at(cubics[owner, part], strokes.widths[owner], t, part, strokes.segments[owner], centers, softness)

    alone = stroke_coverage(*edge(slice(None), t), softness)
    with torch.no_grad():
        chosen, first, second = _between_arms(strokes, stroke, pixel, segment, t, width, softness)
    if not len(chosen):
        return alone
    return alone.index_put((chosen,), union(edge(chosen, first), edge(chosen, second), softness))


def _between_arms(
    strokes: Strokes, stroke: Tensor, pixel: Tensor, segment: Tensor, t: Tensor, width: int, softness: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Which fragments see two arms of their cubic, and the nearest parameters of both."""
    folds = find_folds(segment_points(strokes.points), strokes.widths[:, None], filter_reach(softness))
    near = (folds[stroke, segment, 0] < 1).nonzero()[:, 0]
    owner, part = stroke[near], segment[near]
    cubics, centers = segment_points(strokes.points)[owner, part], _centers(pixel[near], width, t.dtype)
    first, second = two_arms(cubics, strokes.widths[owner], t[near], part, strokes.segments[owner], folds[owner, part], centers)
    seen = second >= 0
    return near[seen], first[seen], second[seen]


def _centers(pixel: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    return torch.stack([pixel % width, pixel // width], -1).to(dtype) + 0.5


def _fragments(strokes: Strokes, size: tuple[int, int], softness: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Every (stroke, pixel) within reach: stroke, pixel, nearest segment, nearest parameter, ordered by stroke and pixel."""
    height, width = size
    device, dtype = strokes.points.device, strokes.points.dtype
    ends, owner, segment, piece = _pieces(strokes)
    near_edge = filter_reach(softness) + SLACK
    reach = strokes.widths.amax(1).clamp_min(0)[owner] / 2 + near_edge
    low = (ends.amin(1) - reach[:, None] - 0.5).floor().long().clamp_min(0)
    high = (ends.amax(1) + reach[:, None] + 0.5).ceil().long()
    high = torch.minimum(high, torch.tensor([width, height], device=device))
    span = (high - low).clamp_min(0)
    area = span[:, 0] * span[:, 1]
    which = torch.repeat_interleave(torch.arange(len(area), device=device), area)
    place = torch.arange(len(which), device=device) - (area.cumsum(0) - area)[which]
    columns = span[which, 0]
    x, y = low[which, 0] + place % columns, low[which, 1] + place // columns
    center = torch.stack([x, y], -1).to(dtype) + 0.5
    start, along = ends[which, 0], (ends[:, 1] - ends[:, 0])[which]
    part = (((center - start) * along).sum(-1) / along.square().sum(-1).clamp_min(1e-12)).clamp(0, 1)
    distance = (center - start - part[:, None] * along).square().sum(-1).sqrt()
    t = (piece[which] + part) / PIECES
    radius = width_at(strokes.widths[owner[which]], (segment[which] + t) / strokes.segments[owner[which]]) / 2
    near = distance < radius + near_edge
    which, t, key = which[near], t[near], (owner[which] * (height * width) + y * width + x)[near]
    chosen, key = _nearest_of_each(key, (distance - radius)[near])
    which, t = which[chosen], t[chosen]
    stroke, pixel = key // (height * width), key % (height * width)
    cubics = segment_points(strokes.points)[stroke, segment[which]]
    widths, rate = strokes.widths[stroke], 1 / strokes.segments[stroke]
    for _ in range(REFINEMENTS):
        t = newton(cubics, widths, t, (segment[which] + t) * rate, rate, _centers(pixel, width, dtype), 1 / PIECES)
    return stroke, pixel, segment[which], t


def _pieces(strokes: Strokes) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Straight pieces of all strokes: ends [M, 2, 2], and each one's stroke, segment and number within its segment."""
    cubics = segment_points(strokes.points)
    t = torch.linspace(0, 1, PIECES + 1, dtype=cubics.dtype, device=cubics.device)
    joints = torch.einsum("tk,nskd->nstd", bernstein(t), cubics)
    ends = torch.stack([joints[:, :, :-1], joints[:, :, 1:]], 3)
    longest = cubics.shape[1]
    used = torch.arange(longest, device=cubics.device)[None] < strokes.segments[:, None]
    owner, segment = used.nonzero(as_tuple=True)
    ends = ends[owner, segment].reshape(-1, 2, 2)
    pieces = torch.arange(PIECES, device=cubics.device).repeat(len(owner))
    return ends, owner.repeat_interleave(PIECES), segment.repeat_interleave(PIECES), pieces


def _nearest_of_each(key: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
    """The index of the smallest distance of every key, the keys sorted; ties go to the first."""
    order = torch.argsort(distance, stable=True)
    order = order[torch.argsort(key[order], stable=True)]
    ordered = key[order]
    first = torch.ones_like(ordered, dtype=torch.bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return order[first], ordered[first]


def _composite(canvas: Tensor, stroke: Tensor, pixel: Tensor, alpha: Tensor, colors: Tensor) -> Tensor:
    """Fragments (ordered by stroke, then pixel) over the canvas [H·W, 3], one layer of depth at a time."""
    order = torch.argsort(pixel, stable=True)
    stroke, pixel, alpha = stroke[order], pixel[order], alpha[order]
    index = torch.arange(len(pixel), device=pixel.device)
    starts = torch.ones_like(pixel, dtype=torch.bool)
    starts[1:] = pixel[1:] != pixel[:-1]
    depth = index - torch.cummax(torch.where(starts, index, torch.zeros_like(index)), 0).values
    for level in range(int(depth.max()) + 1):
        here = depth == level
        at, a = pixel[here], alpha[here][:, None]
        canvas = canvas.index_copy(0, at, canvas[at] * (1 - a) + colors[stroke[here]] * a)
    return canvas
