import cv2
import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.core.work import completed
from backend.recipes import Inputs, SketchChoices
from backend.recipes.object_sketch import ObjectSketch
from backend.recipes.region import RegionSettings
from backend.style_pack import Pen, StylePack
from tests.pictures import photograph
from tests.pools import bare_pool

CORNERS = np.array([(42, 0), (78, 0), (120, 42), (120, 78), (78, 120), (42, 120), (0, 78), (0, 42)], np.int32)


def nut(ground=255):
    """A nut as large as its picture, 121 px, and a mask of it."""
    pixels = cv2.fillPoly(np.full((121, 121, 3), ground, np.uint8), [CORNERS], (40, 60, 160))
    return pixels, torch.from_numpy(cv2.fillPoly(np.zeros((121, 121), np.float32), [CORNERS], 1.0))[None, None]


def drawn(pixels, mask):
    """300 points along each of at most 8 strokes, all in one row [M, 2], px of the picture."""
    recipe, pack = ObjectSketch(RegionSettings(canvas=256)), StylePack("pen", "Pen", Pen(0.01, (1.0, 0.0, 0.2)), strokes=8)
    choices = SketchChoices(steps=1)
    [layer] = completed(recipe.run(Inputs(photograph(pixels), mask), choices, pack, bare_pool()), lambda progress: None).layers
    points, _tangents = sample(layer.strokes.points, layer.strokes.segments, 300)
    return layer.framing.to_source(points).reshape(-1, 2).numpy()


@pytest.mark.parametrize("ground", [255, 20])
def test_the_outline_of_what_only_touches_the_border_is_drawn_there_too(ground):
    pixels, mask = nut(ground)
    points = drawn(pixels, mask)
    for middle in ((60, 0), (121, 60), (60, 121), (0, 60)):
        assert np.hypot(*(points - middle).T).min() < 2


def test_where_the_subject_is_cut_off_nothing_is_drawn_along_the_border():
    pixels, mask = nut()
    points = drawn(pixels[:80], mask[..., :80, :])
    assert points[:, 1].max() < 80
    bottom = points[points[:, 1] > 76]
    assert np.abs(bottom[:, 0] - 60.5).min(initial=60) > 40
