"""The scenes that CLIPascene was shown with: nothing of the background inside the object, and a legible simplest drawing."""

from pathlib import Path

import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.core.work import completed
from backend.export.paths import drawing_paths
from backend.perception.photograph import decode, decode_mask
from backend.recipes import SCENE_SKETCH, Inputs, SketchChoices
from backend.style_pack import StylePack
from tests.pools import bare_pool

SCENES = Path(__file__).parents[2].parent / "shared" / "data" / "scenes"


@pytest.mark.parametrize("name", ["ballerina", "house"])
def test_no_background_inside_the_mask_of_a_published_scene(name):
    if not SCENES.is_dir():
        pytest.skip(f"the published scenes are not here: {SCENES}")
    photograph = decode((SCENES / f"scenesketch_{name}.png").read_bytes())
    mask = decode_mask((SCENES / f"scenesketch_{name}_mask.png").read_bytes(), photograph.size)
    choices = SketchChoices(steps=1)
    work = SCENE_SKETCH.run(Inputs(photograph, mask), choices, StylePack("pen", "Pen"), bare_pool())
    drawing = completed(work)
    hidden = mask[0, 0].numpy() > 0.5
    background = [path for _name, paths in drawing_paths(drawing) for path in paths if path.region == "background"]
    assert len(background) > 20
    for path in background:
        curve = torch.tensor(path.points, dtype=torch.float64)[None]
        points = sample(curve, torch.tensor([len(path.points) // 3]), 4000)[0][0].numpy()
        x, y = np.floor(points).astype(int).T
        assert not hidden[y.clip(0, hidden.shape[0] - 1), x.clip(0, hidden.shape[1] - 1)].any()
    simplest = SCENE_SKETCH.simplified(drawing, 1.0)
    assert simplest.count == SCENE_SKETCH.settings.fewest
    assert len(simplest.layers[-1].strokes) > simplest.count / 2  # the object's
    assert len(simplest.layers[0].strokes) > 0
