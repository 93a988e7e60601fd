"""diffvg as a rasterizer of this house, where pydiffvg is installed (Li et al., "Differentiable Vector Graphics …", 2020)."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import torch
from torch import Tensor

from backend.core.errors import Missing
from backend.core.image import Image
from backend.core.strokes import Strokes

SAMPLES = 2  # per pixel and axis, as CLIPasso draws
SEED = 0


def has_diffvg() -> bool:
    """Whether pydiffvg can be imported."""
    return importlib.util.find_spec("pydiffvg") is not None


def rasterize_diffvg(strokes: Strokes, size: tuple[int, int], paper: Tensor, softness: float = 0.0) -> Image:
    """Strokes on paper by diffvg; see `Rasterizer`. Missing where pydiffvg is not installed.

    Differs from the other engines: diffvg has no softness, so that is ignored; a width that varies is drawn at its mean;
    two runs need not agree in the last bits (its threads add up gradients in the order they come). What differs from
    CLIPasso's use of it: diffvg's stroke_width is half the width that SVG means, and the paper goes in as the background,
    because its own mixing of half transparent colors loses them.
    """
    if not has_diffvg():
        raise Missing("There is no pydiffvg here: install diffvg from its sources, or choose another rasterizer.")
    pydiffvg = importlib.import_module("pydiffvg")
    height, width = size
    if not len(strokes):
        return paper.to(strokes.points).view(1, 3, 1, 1).expand(1, 3, height, width)
    pydiffvg.set_use_gpu(False)
    shapes, groups = _scene(pydiffvg, strokes)
    arguments = pydiffvg.RenderFunction.serialize_scene(width, height, shapes, groups)
    ground = torch.ones(height, width, 4, dtype=torch.float32)
    ground[..., :3] = paper.detach().float().cpu()
    drawn = pydiffvg.RenderFunction.apply(width, height, SAMPLES, SAMPLES, SEED, ground, *arguments)
    return drawn[..., :3].permute(2, 0, 1)[None].to(strokes.points)


def _scene(pydiffvg: Any, strokes: Strokes) -> tuple[list[Any], list[Any]]:
    shapes, groups = [], []
    for i in range(len(strokes)):
        points = strokes.curve(i).float().cpu()
        control = torch.full((int(strokes.segments[i]),), 2, dtype=torch.int32)
        half = strokes.widths[i].mean().float().cpu() / 2
        shapes.append(pydiffvg.Path(num_control_points=control, points=points.contiguous(), is_closed=False, stroke_width=half))
        color = torch.cat([strokes.colors[i], strokes.opacities[i : i + 1]]).float().cpu()
        groups.append(pydiffvg.ShapeGroup(shape_ids=torch.tensor([i]), fill_color=None, stroke_color=color))
    return shapes, groups
