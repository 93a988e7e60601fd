"""The edge filter and the readable rasterizer against exact pictures."""

from __future__ import annotations

import math

import pytest
import torch

from backend.core.strokes import Strokes
from backend.raster import rasterize_reference
from backend.raster.coverage import edge_filter, stroke_coverage
from backend.raster.exact import exact_picture
from tests.raster.scenes import PAPER, SIZE, gentle_scene


@pytest.mark.parametrize("softness", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 4])
def test_edge_filter_rises_from_nothing_to_all(softness, angle):
    distance = torch.linspace(-5, 5, 401, dtype=torch.float64)
    normal = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64).expand(401, 2)
    share = edge_filter(distance, normal, softness)
    assert share[0].abs() < 1e-12 and (share[-1] - 1).abs() < 1e-12
    assert (share.diff() >= -1e-12).all()
    assert torch.allclose(share + share.flip(0), torch.ones(401, dtype=torch.float64))


def test_diagonal_edge_covers_the_triangle_of_the_pixel():
    normal = torch.tensor([[math.sqrt(0.5), math.sqrt(0.5)]], dtype=torch.float64)
    share = edge_filter(torch.tensor([-math.sqrt(0.5) / 2], dtype=torch.float64), normal, 0.0)
    assert share.item() == pytest.approx(1 / 8)


def test_wide_strokes_cover_all_and_no_stroke_covers_nothing():
    normal, zero = torch.tensor([[1.0, 0.0]]), torch.zeros(1)
    assert stroke_coverage(zero, normal, torch.tensor([9.0])).item() == pytest.approx(1)
    assert stroke_coverage(zero, normal, torch.tensor([0.0])).item() == 0
    assert stroke_coverage(zero, normal, torch.tensor([0.5])).item() == pytest.approx(0.5)


def test_reference_draws_what_finer_sampling_sees():
    strokes = gentle_scene(width=(1.0, 3.0))
    error = rasterize_reference(strokes, SIZE, PAPER) - exact_picture(strokes, SIZE, PAPER)
    assert error.square().mean() < 1e-4  # 40 dB


def test_reference_paints_in_order():
    across = torch.tensor([[2.0, 10], [8, 10], [14, 10], [20, 10]])
    strokes = Strokes.build([across, across], 4.0)
    colors = torch.tensor([[1.0, 0, 0], [0, 0, 1]])
    strokes = Strokes(strokes.points, strokes.segments, strokes.closed, strokes.widths, colors, strokes.opacities)
    assert rasterize_reference(strokes, (20, 24), PAPER)[0, :, 10, 10].tolist() == pytest.approx([0, 0, 1])
    assert rasterize_reference(strokes.select(torch.tensor([1, 0])), (20, 24), PAPER)[0, :, 10, 10].tolist() == pytest.approx(
        [1, 0, 0]
    )
