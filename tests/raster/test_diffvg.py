"""The adapter to diffvg, with a stand-in that draws where pydiffvg is not installed."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backend.core.errors import Missing
from backend.model_pool import ModelPool
from backend.raster import diffvg, rasterize_reference, rasterizers
from tests.raster.scenes import PAPER, PARTS, SIZE, as_dtype, draw_and_pull, gentle_scene, relative

STROKES = as_dtype(gentle_scene(), torch.float32)
INSTALLED = diffvg.has_diffvg()


@pytest.fixture
def stand_in(monkeypatch):
    """A pydiffvg that draws with our readable rasterizer."""
    monkeypatch.syspath_prepend(str(Path(__file__).with_name("stand_in")))
    monkeypatch.delitem(sys.modules, "pydiffvg", raising=False)
    module = importlib.import_module("pydiffvg")
    yield module
    sys.modules.pop("pydiffvg", None)


def test_same_picture_and_gradients_come_back(stand_in):
    cotangent = torch.randn(1, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    expected, pulled = draw_and_pull(rasterize_reference, STROKES, cotangent, 0.0)
    picture, found = draw_and_pull(diffvg.rasterize_diffvg, STROKES, cotangent, 0.0)
    assert torch.allclose(picture, expected, atol=1e-6)
    assert all(relative(a, b) < 1e-4 for a, b in zip(found, pulled, strict=True)), PARTS
    assert stand_in.calls == [("gpu", False), ("samples", 2, 2, 0)]


def test_half_transparent_ink_lies_on_the_paper(stand_in):
    across = torch.tensor([[2.0, 10], [8, 10], [14, 10], [20, 10]])
    strokes = type(STROKES).build([across], 4.0, (0.2, 0.4, 0.0))
    strokes = replace(strokes, opacities=torch.tensor([0.5]))
    picture = diffvg.rasterize_diffvg(strokes, (20, 24), PAPER)
    assert picture[0, :, 10, 10].tolist() == pytest.approx([0.6, 0.65, 0.4])
    assert torch.allclose(picture[0, :, 2, 2], PAPER)
    inked = (picture[0, 2, :, 10] < 0.79).sum()
    assert inked == 4  # px: the width of the stroke, not twice or half of it


def test_varying_widths_are_drawn_at_their_mean(stand_in):
    uneven = replace(STROKES, widths=torch.cat([STROKES.widths - 0.5, STROKES.widths + 0.5], 1))
    assert torch.allclose(
        diffvg.rasterize_diffvg(uneven, SIZE, PAPER), diffvg.rasterize_diffvg(STROKES, SIZE, PAPER), atol=1e-6
    )


def test_empty_drawing_needs_no_diffvg_scene(stand_in):
    assert diffvg.rasterize_diffvg(STROKES.select(slice(0, 0)), SIZE, PAPER).shape == (1, 3, *SIZE)
    assert not stand_in.calls


def test_it_draws_where_it_is_asked_for_and_the_user_is_told(stand_in):
    assert next(iter(rasterizers())) != "diffvg"
    pool = ModelPool.choose("cpu", "diffvg")
    assert pool.rasterizer(STROKES, SIZE, PAPER).shape == (1, 3, *SIZE)
    [note] = pool.notes
    assert "mean width" in note


@pytest.mark.skipif(INSTALLED, reason="pydiffvg is installed")
def test_absence_is_told():
    assert "diffvg" not in rasterizers()
    with pytest.raises(Missing, match="pydiffvg"):
        diffvg.rasterize_diffvg(STROKES, SIZE, PAPER)
    with pytest.raises(Missing, match="install pydiffvg"):
        ModelPool.choose("cpu", "diffvg")


@pytest.mark.skipif(not INSTALLED, reason="pydiffvg is not installed")
def test_draws_the_same_picture():
    error = diffvg.rasterize_diffvg(STROKES, SIZE, PAPER) - rasterize_reference(STROKES, SIZE, PAPER)
    assert error.square().mean() < 3e-3
