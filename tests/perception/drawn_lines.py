"""Pages of lines whose widths, gaps and directions are known, drawn by our own rasterizer."""

import math

import numpy as np
import torch

from backend.core.strokes import Strokes
from backend.raster import rasterize_culled

SIZE = (420, 600)


def segment(a, b):
    """A straight stroke between two points, px."""
    a, b = (torch.tensor(point, dtype=torch.float32) for point in (a, b))
    return torch.stack([a + (b - a) * i / 3 for i in range(4)])


def hatching(spacing, angle, size=SIZE, radius=None):
    """Parallel lines over a disk; the angle is counterclockwise from level, degrees."""
    height, width = size
    center = np.array([width / 2, height / 2])
    along = np.array([math.cos(math.radians(angle)), -math.sin(math.radians(angle))])
    across = np.array([-along[1], along[0]])
    radius = radius or 0.45 * min(size)
    lines = []
    for offset in np.arange(-radius + spacing, radius - spacing / 2, spacing):
        half = math.sqrt(radius**2 - offset**2)
        lines.append(segment(center + across * offset - along * half, center + across * offset + along * half))
    return lines


def page(curves, width, size=SIZE, ink=(0.0, 0.0, 0.0), paper=(1.0, 1.0, 1.0)):
    """The picture [H, W, 3] of curves drawn with one width or one per curve (or knots [N, K])."""
    strokes = Strokes.build(curves, 1.0, ink)
    widths = torch.as_tensor(width, dtype=torch.float32)
    widths = widths.expand(len(curves)).reshape(-1, 1) if widths.ndim < 2 else widths
    strokes = Strokes(strokes.points, strokes.segments, strokes.closed, widths, strokes.colors, strokes.opacities)
    image = rasterize_culled(strokes, size, torch.tensor(paper))
    return np.ascontiguousarray(image[0].permute(1, 2, 0).numpy())


def length(curves):
    """Of all straight curves together, px."""
    return sum(float((curve[-1] - curve[0]).norm()) for curve in curves)
