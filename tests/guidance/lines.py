"""Straight strokes for the tests of what guides strokes by their places."""

import torch

from backend.core.strokes import Strokes
from backend.guidance.view import View


def straight(*lines, width=2.0, closed=None):
    """A stroke of one cubic per pair of ends (x, y)."""
    share = torch.linspace(0, 1, 4, dtype=torch.float64)[:, None]
    ends = torch.tensor(lines, dtype=torch.float64)
    return Strokes.build([start + share * (end - start) for start, end in ends], width, closed=closed)


def seen(strokes):
    """A view of strokes whose picture does not matter."""
    return View(torch.ones(1, 3, 4, 4), strokes)


def shifted(strokes, number, x, y):
    """The strokes, one of them moved."""
    points = strokes.points.clone()
    points[number] += torch.tensor([x, y], dtype=points.dtype)
    return strokes.with_points(points)
