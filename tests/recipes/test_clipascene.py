from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from backend.core.errors import BadRequest, Missing
from backend.core.work import completed
from backend.model_pool import ModelPool
from backend.parameterize.presence import PresenceSettings
from backend.parameterize.residual import ResidualSettings
from backend.places import Places
from backend.recipes.clipascene import CLIPASCENE, Clipascene, ClipasceneSettings
from backend.recipes.recipe import Inputs, SketchChoices
from backend.recipes.region import RegionSettings
from backend.recipes.scene_plan import SceneSettings
from backend.style_pack import StylePack
from tests.pictures import blank, photograph
from tests.recipes.tiny_pool import TinyPool

POOL = TinyPool.made()
SMALL = Clipascene(
    ClipasceneSettings(
        scene=SceneSettings(RegionSettings(canvas=200), object_share=0.5, head_start=0.0, spare=1.0, background_pen=1.0),
        canvas=64,
        strokes=6,
        presence_steps=3,
        views=2,
        placement=ResidualSettings(hidden=16),
        presence=PresenceSettings(hidden=16),
    )
)


def scene():
    """A dark disc with spots before a striped wall, and the disc's mask."""
    pixels = blank(120, 160, 200)
    for x in range(8, 160, 18):
        cv2.line(pixels, (x, 0), (x, 120), (90, 110, 140), 3, cv2.LINE_AA)
    mask = cv2.circle(np.zeros((120, 160), np.float32), (80, 60), 32, 1, -1)
    pixels[mask > 0] = (60, 30, 40)
    for x, y in ((70, 50), (90, 52), (80, 72)):
        cv2.circle(pixels, (x, y), 5, (220, 210, 200), -1, cv2.LINE_AA)
    return photograph(pixels), torch.from_numpy(mask)[None, None]


def sketch(recipe=SMALL, report=lambda progress: None, pool=POOL, **choices):
    work = recipe.run(Inputs(*scene()), SketchChoices(**{"steps": 2, **choices}), StylePack("pen", "Pen"), pool)
    return completed(work, report)


def test_a_scene_is_drawn_end_to_end_on_tiny_weights():
    progress = []
    drawing = sketch(report=progress.append)
    assert [layer.name for layer in drawing.layers] == ["background", "object"]
    assert all(len(layer.strokes) for layer in drawing.layers)
    assert drawing.account.guidance == "squeezenet"
    assert any("CLIPascene" in note for note in drawing.account.notes)
    assert {"placing"} < {step.stage for step in progress}
    done = [step.done for step in progress]
    assert done == sorted(done)
    assert 0 <= done[0] < done[-1] <= 1


def test_every_stroke_is_one_cubic_and_all_have_one_order():
    drawing = sketch()
    assert {int(n) for n in drawing.layers[1].strokes.segments} == {1}
    assert sorted(rank for ranks in drawing.ranks() for rank in ranks) == list(range(drawing.count))


def test_a_simplified_scene_has_the_most_important_strokes():
    stages = set()
    full, simpler = sketch(), sketch(simplicity=0.8, report=lambda progress: stages.add(progress.stage))
    assert "leaving out" in stages
    assert 0 < len(simpler.layers[1].strokes) <= len(full.layers[1].strokes)


def test_likeness_grows_while_strokes_are_placed():
    losses, brisk = [], Clipascene(replace(SMALL.settings, rate=3e-3))
    sketch(brisk, lambda step: losses.append(sum(step.losses.values())) if step.stage == "placing" else None, steps=32)
    half = len(losses) // 2  # the background, then the object; the pool's views come round every four steps
    for region in (losses[:half], losses[half:]):
        assert np.mean(region[-8:]) < np.mean(region[:8])


def test_the_same_seed_draws_the_same():
    points = [sketch(seed=seed).layers[1].strokes.points for seed in (3, 3, 4)]
    assert torch.equal(points[0], points[1])
    assert points[0].shape != points[2].shape or not torch.equal(points[0], points[2])


@pytest.mark.parametrize(
    ("fidelity", "of_object", "layers"),
    [
        (1.0, False, {"fire3": 1.0}),
        (0.5, False, {"fire5": 1.0}),
        (0.0, False, {"fire9": 1.0}),
        (1.0, True, {"fire3": 1.0, "fire5": 0.5}),
        (0.5, True, {"fire5": 1.0}),
        (0.0, True, {"fire9": 1.0, "fire5": 0.5}),
    ],
)
def test_fidelity_chooses_the_feature_layers(fidelity, of_object, layers):
    assert ClipasceneSettings().layers_at(fidelity, of_object) == layers


def test_without_weights_the_command_that_brings_them_is_named(tmp_path):
    pool = ModelPool.choose("cpu", places=Places.find(tmp_path))
    with pytest.raises(Missing, match="models pull squeezenet"):
        sketch(CLIPASCENE, pool=pool)


def test_a_picture_without_lines_is_refused():
    inputs = Inputs(photograph(blank(60, 80)))
    with pytest.raises(BadRequest, match="No lines"):
        completed(SMALL.run(inputs, SketchChoices(steps=1), StylePack("pen", "Pen"), POOL))
