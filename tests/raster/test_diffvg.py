"""The adapter to diffvg, with a stand-in where pydiffvg is not installed."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from backend.core.errors import Missing
from backend.raster import diffvg, rasterize_reference, rasterizers
from tests.raster.scenes import PAPER, SIZE, as_dtype, gentle_scene

STROKES = as_dtype(gentle_scene(), torch.float32)


@pytest.fixture
def stand_in(monkeypatch):
    """A pydiffvg that records what it is asked and returns the background."""
    seen = {}
    module = ModuleType("pydiffvg")
    module.Path = lambda **settings: SimpleNamespace(**settings)
    module.ShapeGroup = lambda **settings: SimpleNamespace(**settings)

    class RenderFunction:
        @staticmethod
        def serialize_scene(width, height, shapes, groups):
            seen.update(width=width, height=height, shapes=shapes, groups=groups)
            return [sum(shape.points.sum() for shape in shapes)]

        @staticmethod
        def apply(width, height, across, down, seed, background, total):
            seen.update(samples=(across, down), background=background)
            return background + 0 * total

    module.RenderFunction = RenderFunction
    monkeypatch.setitem(sys.modules, "pydiffvg", module)
    monkeypatch.setattr(diffvg, "has_diffvg", lambda: True)
    return seen


def test_widths_are_halved_and_paper_is_the_background(stand_in):
    picture = diffvg.rasterize_diffvg(STROKES, SIZE, PAPER)
    assert picture.shape == (1, 3, *SIZE)
    assert torch.allclose(picture, PAPER.view(1, 3, 1, 1).expand_as(picture))
    assert (stand_in["height"], stand_in["width"]) == SIZE
    halves = torch.stack([shape.stroke_width for shape in stand_in["shapes"]])
    assert torch.allclose(halves, STROKES.widths[:, 0] / 2)
    assert [len(shape.num_control_points) for shape in stand_in["shapes"]] == STROKES.segments.tolist()
    colors = torch.stack([group.stroke_color for group in stand_in["groups"]])
    assert torch.equal(colors, torch.cat([STROKES.colors, STROKES.opacities[:, None]], 1))


def test_gradients_pass_through(stand_in):
    points = STROKES.points.clone().requires_grad_()
    diffvg.rasterize_diffvg(STROKES.with_points(points), SIZE, PAPER).sum().backward()
    assert points.grad is not None


def test_empty_drawing_needs_no_diffvg_scene(stand_in):
    assert diffvg.rasterize_diffvg(STROKES.select(slice(0, 0)), SIZE, PAPER).shape == (1, 3, *SIZE)
    assert "shapes" not in stand_in


def test_absence_is_told(monkeypatch):
    monkeypatch.setattr(diffvg, "has_diffvg", lambda: False)
    with pytest.raises(Missing, match="pydiffvg"):
        diffvg.rasterize_diffvg(STROKES, SIZE, PAPER)


def test_is_offered_only_where_it_is_installed():
    assert ("diffvg" in rasterizers()) == (importlib.util.find_spec("pydiffvg") is not None)


@pytest.mark.skipif(not diffvg.has_diffvg(), reason="pydiffvg is not installed")
def test_draws_the_same_picture():
    error = diffvg.rasterize_diffvg(STROKES, SIZE, PAPER) - rasterize_reference(STROKES, SIZE, PAPER)
    assert error.square().mean() < 3e-3
