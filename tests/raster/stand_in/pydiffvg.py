"""What of pydiffvg the adapter uses, drawn by our readable rasterizer. As there, widths are half widths, pictures [H, W, 4]."""

import torch

from backend.core.strokes import Strokes
from backend.raster.reference import rasterize_reference

calls = []


class Path:
    def __init__(self, num_control_points, points, is_closed, stroke_width=None):
        assert points.dtype == stroke_width.dtype == torch.float32 and num_control_points.dtype == torch.int32
        assert len(points) == len(num_control_points) + int(num_control_points.sum()) + 1
        self.points, self.stroke_width, self.is_closed = points, stroke_width, is_closed


class ShapeGroup:
    def __init__(self, shape_ids, fill_color, stroke_color=None):
        assert fill_color is None and stroke_color.shape == (4,)
        self.shape_ids, self.stroke_color = shape_ids, stroke_color


def set_use_gpu(use):
    calls.append(("gpu", use))


class RenderFunction:
    @staticmethod
    def serialize_scene(width, height, shapes, groups):
        assert [int(group.shape_ids) for group in groups] == list(range(len(shapes)))
        each = zip(shapes, groups, strict=True)
        return [part for shape, group in each for part in (shape.points, shape.stroke_width, group.stroke_color)]

    @staticmethod
    def apply(width, height, across, down, seed, background, *parts):
        calls.append(("samples", across, down, seed))
        assert background.shape == (height, width, 4) and (background == background[0, 0]).all()
        curves, halves, colors = parts[::3], torch.stack(parts[1::3]), torch.stack(parts[2::3])
        rows = Strokes.build(list(curves), 1.0)
        strokes = Strokes(rows.points, rows.segments, rows.closed, 2 * halves[:, None], colors[:, :3], colors[:, 3])
        drawn = rasterize_reference(strokes, (height, width), background[0, 0, :3])[0].permute(1, 2, 0)
        return torch.cat([drawn, torch.ones(height, width, 1)], 2)
