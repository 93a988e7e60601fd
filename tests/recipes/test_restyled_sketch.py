"""Sketches of restyled photographs: what is known of the photograph holds of the smaller result, too."""

import pytest
import torch

from backend.core.errors import Missing
from backend.core.work import Progress, completed
from backend.model_pool import ModelPool
from backend.parameterize.pixels import resized
from backend.places import Places
from backend.recipes import Inputs, SketchChoices, restyled_sketch
from backend.recipes.style_transfer import RestyleChoices, RestyleResult, StyleSource
from backend.style_pack import StylePack
from tests.pictures import disc, photograph
from tests.pools import bare_pool

SMALLER = 64  # px a side of the restyled picture


@pytest.fixture
def only_smaller(monkeypatch):
    """A restyling that does no more than to scale the picture down."""

    def restyle(image, style, choices, pool):
        yield Progress("restyling", 0.5)
        return RestyleResult(resized(image, (SMALLER, SMALLER)), torch.ones(1, 1, SMALLER, SMALLER))

    monkeypatch.setattr(restyled_sketch, "restyle", restyle)


@pytest.mark.usefixtures("only_smaller")
def test_a_mask_thinner_than_a_pixel_of_the_result_is_kept():
    mask = torch.zeros(1, 1, 160, 160)
    mask[..., 30, 40:120] = 1  # along the upper rim of the disc
    result = completed(
        restyled_sketch.restyled_sketch(
            Inputs(photograph(disc(160, 50)), mask=mask),
            StyleSource(torch.ones(1, 3, 64, 64), "plain"),
            RestyleChoices(),
            SketchChoices(strokes=4, steps=0),
            StylePack("plain", "Plain"),
            bare_pool(),
        )
    )
    [layer] = result.drawing.layers
    assert result.drawing.size == (SMALLER, SMALLER) and len(layer.strokes)


@pytest.mark.parametrize(("guidance", "network"), [("squeezenet", "squeezenet"), ("clip", "clip_rn101")])
def test_a_guide_that_is_not_here_is_told_before_anything_is_restyled(guidance, network, tmp_path, monkeypatch):
    def restyle(*given):
        raise AssertionError("the work of the restyling would be lost")

    monkeypatch.setattr(restyled_sketch, "restyle", restyle)
    work = restyled_sketch.restyled_sketch(
        Inputs(photograph(disc(64, 20))),
        StyleSource(torch.ones(1, 3, 64, 64), "plain"),
        RestyleChoices(),
        SketchChoices(guidance=guidance),
        StylePack("plain", "Plain"),
        ModelPool.choose("cpu", places=Places(tmp_path, tmp_path)),
    )
    with pytest.raises(Missing, match=f"models pull {network}"):
        completed(work)
