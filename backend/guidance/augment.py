"""A fixed pool of views of a picture, so that drawing and photograph are seen alike and the photograph only once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image


class Crops:
    """The pool: every view is a homography; what lies outside the picture is white paper."""

    def __init__(self, homographies: Tensor, size: tuple[int, int]) -> None:
        """homographies: [P, 3, 3], view → picture, both in pixels from the middle; size: height and width, px."""
        height, width = size
        y, x = torch.meshgrid(torch.arange(height) + 0.5 - height / 2, torch.arange(width) + 0.5 - width / 2, indexing="ij")
        place = torch.stack([x, y, torch.ones_like(x)], -1) @ homographies.transpose(1, 2)[:, None]
        place = place[..., :2] / place[..., 2:].clamp_min(1e-3)
        self._grids = place / torch.tensor([width / 2, height / 2])

    def __len__(self) -> int:
        return len(self._grids)

    def __call__(self, image: Image, which: Sequence[int]) -> Tensor:
        """The views [A, C, H, W] of an image [1, C, H, W], differentiable."""
        grids = self._grids[list(which)].to(image)
        ink = (1 - image).expand(len(grids), -1, -1, -1)
        return 1 - F.grid_sample(ink, grids, mode="bilinear", padding_mode="zeros", align_corners=False)


def similarity_crops(
    count: int, size: tuple[int, int], generator: torch.Generator,
    scale: tuple[float, float] = (0.75, 0.95), turn: float = 0.2,
) -> Crops:  # fmt: skip
    """Views that show a part of the picture (`scale` of its side), turned by at most `turn` rad."""
    found = []
    for _ in range(count):
        u, v, dx, dy = torch.rand(4, generator=generator).tolist()
        part, angle = scale[0] + (scale[1] - scale[0]) * u, turn * (2 * v - 1)
        room = (1 - part) / 2
        cosine, sine = part * math.cos(angle), part * math.sin(angle)
        shift = (room * (2 * dx - 1) * size[1], room * (2 * dy - 1) * size[0])
        found.append([[cosine, -sine, shift[0]], [sine, cosine, shift[1]], [0.0, 0.0, 1.0]])
    return Crops(torch.tensor(found).reshape(-1, 3, 3), size)


def perspective_crops(
    count: int, size: tuple[int, int], generator: torch.Generator, distortion: float = 0.5, part: float = 0.8
) -> Crops:
    """CLIPasso's views: every corner drawn in by at most `distortion` of half the side, then a crop of `part` of the area.

    Differs from CLIPasso: what lies outside is paper, not black.
    """
    height, width = size
    corners = torch.tensor([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    found = []
    for _ in range(count):
        inward = torch.rand(4, 2, generator=generator) * distortion * torch.tensor([width, height]) / 2
        moved = corners - corners.sign() * inward
        side = math.sqrt(part)
        shift = (torch.rand(2, generator=generator) - 0.5) * (1 - side) * torch.tensor([width, height])
        crop = torch.tensor([[side, 0.0, float(shift[0])], [0.0, side, float(shift[1])], [0.0, 0.0, 1.0]])
        found.append(_homography(moved, corners) @ crop)
    return Crops(torch.stack(found) if found else torch.zeros(0, 3, 3), size)


def _homography(source: Tensor, target: Tensor) -> Tensor:
    """The [3, 3] that takes four points [4, 2] to four others."""
    rows = []
    for (x, y), (u, v) in zip(source.double().tolist(), target.double().tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    solution = torch.linalg.solve(torch.tensor(rows, dtype=torch.float64), target.double().reshape(-1))
    return torch.cat([solution, torch.ones(1, dtype=torch.float64)]).reshape(3, 3).float()
