from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.core.errors import BadRequest
from backend.core.work import completed
from backend.export.paths import drawing_paths
from backend.initialize.outlines import Outline
from backend.perception.photograph import Photograph
from backend.recipes import RECIPES, Inputs, SketchChoices
from backend.recipes.region import RegionSettings
from backend.recipes.scene import Scene
from backend.recipes.scene_plan import SceneSettings
from backend.recipes.scene_sketch import SceneSketch
from backend.style_pack import Hatch, StylePack
from tests.pictures import blank, disc, noise, photograph
from tests.pools import bare_pool
from tests.recipes.tiny_pool import TinyPool

PACK = StylePack("pen", "Pen", strokes=20)
POOL = bare_pool()
SMALL = SceneSketch(SceneSettings(RegionSettings(canvas=300)))  # as the recipe, on smaller canvases
HORIZON = 130


def landscape():
    """A sky with a mountain over a meadow; a dark ball of radius 45 lies at (110, 120), a box at x 230 … 280, y 60 … 150."""
    pixels = blank(220, 320, 205)
    pixels[HORIZON:] = (120, 150, 90)
    cv2.fillPoly(pixels, [np.array([[0, HORIZON], [60, 40], [150, HORIZON]])], (150, 140, 150), cv2.LINE_AA)
    cv2.line(pixels, (320, 160), (0, 215), (200, 190, 150), 6, cv2.LINE_AA)
    for x in range(12, 320, 28):
        cv2.line(pixels, (x, 175), (x, 205), (70, 60, 40), 3, cv2.LINE_AA)
        cv2.ellipse(pixels, (x, 20 + x % 16), (11, 5), 0, 0, 360, (250, 250, 255), -1, cv2.LINE_AA)
    cv2.circle(pixels, (110, 120), 45, (50, 40, 60), -1, cv2.LINE_AA)
    for x, y in ((95, 105), (125, 100), (90, 135), (122, 135), (108, 118)):
        cv2.circle(pixels, (x, y), 6, (190, 180, 200), -1, cv2.LINE_AA)
    pixels[60:150, 230:280] = (150, 40, 30)
    pixels[80:110, 245:265] = (230, 220, 160)
    return pixels


def ball():
    return torch.from_numpy(cv2.circle(np.zeros((220, 320), np.float32), (110, 120), 45, 1, -1))[None, None]


def ball_and_box():
    mask = ball()
    mask[..., 60:150, 230:280] = 1
    return mask


def sketch(pixels=None, mask=None, recipe=SMALL, report=lambda progress: None, **choices):
    picture = pixels if isinstance(pixels, Photograph) else photograph(landscape() if pixels is None else pixels)
    work = recipe.run(Inputs(picture, mask), SketchChoices(**{"steps": 1, **choices}), PACK, POOL)
    return completed(work, report)


@pytest.mark.parametrize("strokes", [90, 400])
def test_hatching_lies_on_the_same_lines_in_all_regions(strokes):
    angles = (30.0, -50.0)
    hatch = Hatch(share=0.8, angles=angles, levels=2, spacing=0.02, lightest=0.1, longest=0.3)
    pack = StylePack("hatched", "Hatched", strokes=strokes, hatch=hatch)
    work = SMALL.run(Inputs(photograph(landscape()), ball_and_box()), SketchChoices(steps=0, style_weight=0.0), pack, POOL)
    drawing = completed(work)
    assert [layer.name for layer in drawing.layers] == ["background", "object 2", "object"]
    for angle in np.radians(angles):
        rows = [_places(layer, angle) for layer in drawing.layers]
        assert sum(len(places) > 1 for places in rows) > 1
        everywhere = np.concatenate(rows)
        step = np.diff(np.sort(everywhere))
        spacing = float(step[step > 0.5].min())
        spacing = np.ptp(everywhere) / round(np.ptp(everywhere) / spacing)
        off = everywhere / spacing - np.round(everywhere / spacing)  # one of the lines runs through the picture's corner
        assert np.abs(off).max() < 0.03, f"{[np.round(np.diff(np.unique(places.round(1))), 1) for places in rows]}"


def _places(layer, angle):
    """Where the hatches of a direction lie across it, source px."""
    shown = layer.strokes.select([i for i, note in enumerate(layer.notes) if note.kind == "hatch"])
    points = layer.framing.to_source(shown.points.double()).numpy()
    ends = points[np.arange(len(points)), 3 * shown.segments.numpy()]
    way = (ends - points[:, 0]) / np.linalg.norm(ends - points[:, 0], axis=1, keepdims=True)
    chosen = np.abs(way @ (np.cos(angle), -np.sin(angle))) > np.cos(np.radians(8))
    return points[chosen, 0] @ (np.sin(angle), np.cos(angle))


def drawn(layer, count=3000):
    points, _tangents = sample(layer.strokes.points.double(), layer.strokes.segments, count)
    return layer.framing.to_source(points).reshape(-1, 2).numpy()


def hidden(points, mask):
    """Which of the points [M, 2] lie on pixels of a mask."""
    x, y = np.floor(points).astype(int).T
    height, width = mask.shape[-2:]
    within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return within & (mask[0, 0].numpy()[y.clip(0, height - 1), x.clip(0, width - 1)] > 0)


def paths(drawing):
    return {path.index: path for _name, found in drawing_paths(drawing) for path in found}


@pytest.fixture(scope="module")
def scene():
    """The landscape with both its objects, and everything reported on the way."""
    progress = []
    return sketch(mask=ball_and_box(), strokes=40, steps=2, report=progress.append), progress


def test_each_region_is_a_layer_of_its_own_the_background_at_the_bottom(scene):
    drawing, _progress = scene
    assert [layer.name for layer in drawing.layers] == ["background", "object 2", "object"]
    for layer in drawing.layers:
        assert {note.region for note in layer.notes} == {layer.name}
        assert len(layer.strokes)


def test_objects_stand_at_their_place_in_their_size(scene):
    _background, box, round_one = scene[0].layers
    points = drawn(round_one)
    assert points.min(0) == pytest.approx([65, 75], abs=3)
    assert points.max(0) == pytest.approx([155, 165], abs=3)
    points = drawn(box)
    assert points.min(0) == pytest.approx([230, 60], abs=3)
    assert points.max(0) == pytest.approx([280, 150], abs=3)


def test_no_stroke_of_the_background_runs_behind_an_object(scene):
    points = drawn(scene[0].layers[0])
    assert len(points) > 20000
    assert not hidden(points, ball_and_box()).any()


def test_background_paths_as_written_stay_out_of_the_objects_too(scene):
    for path in paths(scene[0]).values():
        if path.region == "background":
            curve = torch.tensor(path.points, dtype=torch.float64)[None]
            points, _tangents = sample(curve, torch.tensor([len(path.points) // 3]), 2000)
            assert not hidden(points[0].numpy(), ball_and_box()).any()


def test_the_horizon_is_drawn_on_both_sides_of_an_object():
    points = drawn(sketch(mask=ball(), strokes=30).layers[0])
    on_horizon = points[np.abs(points[:, 1] - HORIZON) < 3]
    assert (on_horizon[:, 0] < 55).sum() > 50
    assert (on_horizon[:, 0] > 165).sum() > 50


def test_the_outline_of_an_object_is_no_line_of_the_background():
    points = drawn(sketch(mask=ball(), strokes=60).layers[0])
    distance = np.linalg.norm(points - [110.5, 120.5], axis=1)
    assert ((distance < 52) & (np.abs(points[:, 1] - HORIZON) > 12)).mean() < 0.02


def test_eyes_of_an_object_are_none_of_the_background(monkeypatch):
    circle = np.stack([np.cos(np.linspace(0, 6.28, 40)), np.sin(np.linspace(0, 6.28, 40))], 1)
    rings = [Outline(np.array(at) + 5 * circle, np.ones(40), closed=True) for at in ((110, 120), (20, 20))]
    monkeypatch.setattr("backend.recipes.region.features", lambda *_: tuple(rings))
    told = Scene.of(Inputs(photograph(landscape()), ball()), SketchChoices())
    region = told.background_region(RegionSettings(canvas=320, enlargement=1.0), 4.0)
    assert region.framing.scale == 1
    assert region.outlines == (rings[1],)


def test_all_strokes_have_one_order_of_importance(scene):
    found = paths(scene[0])
    assert sorted(found) == list(range(len(found)))
    importances = [found[i].importance for i in range(len(found))]
    assert importances[0] == 1
    assert importances == sorted(importances, reverse=True)


@pytest.mark.parametrize("simplicity", [0.0, 0.4, 0.7, 1.0])
def test_a_simpler_scene_is_the_first_strokes_of_the_full_one(scene, simplicity):
    full, simpler = paths(scene[0]), paths(sketch(mask=ball_and_box(), strokes=40, steps=2, simplicity=simplicity))
    assert simpler == {i: full[i] for i in range(len(simpler))}
    assert len(simpler) == round(len(full) * (16 / len(full)) ** simplicity)


def test_the_simplest_scene_has_strokes_of_every_region(scene):
    assert {path.region for i, path in paths(scene[0]).items() if i < 16} == {"object", "object 2", "background"}


def test_the_strokes_are_counted_over_all_regions(scene):
    assert 20 < scene[0].count <= 40
    assert sketch(mask=ball(), strokes=6).count == 6


def test_fewer_lines_than_strokes_asked_for_are_told():
    drawing = sketch(mask=ball(), strokes=900)
    assert any(f"for {drawing.count} strokes only, not 900" in note for note in drawing.account.notes)


def test_progress_runs_from_zero_to_one_and_previews_have_no_hidden_strokes(scene):
    _drawing, progress = scene
    done = [step.done for step in progress]
    assert done == sorted(done)
    assert 0 <= done[0] < done[-1] <= 1
    previews = [step.preview for step in progress if step.preview]
    assert [layer.name for layer in previews[0].layers] == ["background"]
    assert [layer.name for layer in previews[-1].layers] == ["background", "object 2", "object"]
    assert (
        not ball_and_box()[0, 0]
        .numpy()[tuple(np.floor(drawn(previews[-1].layers[0])).astype(int).clip(0, (319, 219)).T[::-1])]
        .any()
    )


def test_a_looser_scene_has_fewer_segments():
    precise, loose = (sketch(mask=ball(), fidelity=f, steps=0) for f in (1.0, 0.0))
    segments = [sum(int(layer.strokes.segments.sum()) for layer in drawing.layers) for drawing in (precise, loose)]
    assert segments[1] < segments[0]


def test_a_small_object_is_looked_at_from_close_by():
    mask = torch.zeros(1, 1, 220, 320)
    mask[..., 60:150, 230:280] = 1
    background, box = sketch(mask=mask, strokes=30).layers
    assert box.framing.scale > 2 * background.framing.scale
    width = [float(layer.strokes.widths.mean()) / layer.framing.scale for layer in (background, box)]
    assert 0.5 * width[1] < width[0] < width[1]


def test_without_a_subject_the_picture_is_one_region_and_this_is_told():
    pixels = cv2.resize(noise(6, 8, 60, 200, seed=3), (320, 240), interpolation=cv2.INTER_CUBIC)
    drawing = sketch(pixels)
    assert [layer.name for layer in drawing.layers] == ["picture"]
    assert any("whole picture is drawn" in note for note in drawing.account.notes)


def test_a_mask_of_a_pixel_is_told():
    mask = torch.zeros(1, 1, 220, 320)
    mask[..., 100, 100] = 1
    drawing = sketch(mask=mask)
    assert [layer.name for layer in drawing.layers] == ["picture"]
    assert any("too small" in note for note in drawing.account.notes)


def test_the_whole_picture_as_one_region_when_the_user_wants_it():
    drawing = sketch(mask=ball(), whole_picture=True)
    assert [layer.name for layer in drawing.layers] == ["picture"]
    assert drawing.account.notes == ()


def test_a_white_shape_on_nothing_is_outlined_in_the_whole_picture_too():
    white = blank(220, 320)
    white[105:115, 105:115] = 60
    drawing = sketch(Photograph(photograph(white).pixels, ball()), whole_picture=True)
    [layer] = drawing.layers
    assert np.hypot(*(drawn(layer) - (110.5, 120.5)).T).max() == pytest.approx(45, abs=3)


def test_an_object_before_nothing_leaves_the_background_empty():
    drawing = sketch(disc())
    background, ball_alone = drawing.layers
    assert len(background.strokes) == 0
    assert len(ball_alone.strokes) >= 1


def test_two_runs_give_the_same_bytes():
    assert paths(sketch(mask=ball_and_box(), strokes=12)) == paths(sketch(mask=ball_and_box(), strokes=12))


def test_a_picture_without_lines_is_refused_in_a_sentence():
    with pytest.raises(BadRequest, match=r"No lines were found.*\.$"):
        sketch(blank(60, 80))


def test_an_unknown_guidance_is_refused():
    with pytest.raises(BadRequest, match="'nothing'"):
        sketch(mask=ball(), guidance="nothing")


@pytest.mark.parametrize("name", ["classical", "squeezenet"])
def test_a_guidance_draws_every_region_and_is_told(name):
    assert name in SMALL.guidances
    choices = SketchChoices(steps=1, strokes=12, guidance=name)
    drawing = completed(SMALL.run(Inputs(photograph(landscape()), ball()), choices, PACK, TinyPool.made()))
    assert drawing.account.guidance == name
    assert set(drawing.account.scores) == {name} - {"classical"}
    assert all(-1 <= score <= 1 for score in drawing.account.scores.values())
    assert all(len(layer.strokes) for layer in drawing.layers)


def test_the_work_can_be_stopped_at_any_moment():
    for count in (1, 3, 7):
        work = SMALL.run(Inputs(photograph(landscape()), ball()), SketchChoices(steps=3, strokes=8), PACK, POOL)
        for _ in range(count):
            next(work)
        work.close()
        assert torch.is_grad_enabled()


def test_a_mask_with_room_hides_as_much_but_the_object_is_drawn_where_it_is():
    wide = torch.from_numpy(cv2.dilate(ball()[0, 0].numpy(), np.ones((9, 9))))[None, None]
    [found] = Scene.of(Inputs(photograph(landscape()), wide), SketchChoices()).objects
    assert torch.equal(found.hides, wide)
    assert float((found.drawn - ball()).abs().sum()) < 0.1 * float(ball().sum())


def test_scene_is_one_of_the_recipes():
    assert isinstance(RECIPES["scene"], SceneSketch)


def test_an_encoder_orders_what_comes_after_the_first_strokes_by_what_leaving_each_out_costs():
    def strokes(sure):
        recipe = SceneSketch(replace(SMALL.settings, region=replace(SMALL.settings.region, sure=sure)))
        choices = SketchChoices(steps=0, strokes=24, guidance="squeezenet")
        inputs = Inputs(photograph(landscape()), ball())
        drawing = completed(recipe.run(inputs, choices, StylePack("plain", "Plain"), TinyPool.made()))
        return [[layer.strokes.curve(i).tolist() for i in range(len(layer.strokes))] for layer in drawing.layers]

    voted, sure = strokes(None), strokes(3)
    assert sure == strokes(3)
    for before, after in zip(voted, sure, strict=True):
        assert before[:3] == after[:3]
    assert any(before != after for before, after in zip(voted, sure, strict=True))


def test_an_encoder_has_no_voice_in_which_lines_a_scene_has():
    def strokes(guidance, chosen):
        region = replace(SMALL.settings.region, chosen=chosen, sure=None)
        recipe = SceneSketch(replace(SMALL.settings, region=region))
        choices = SketchChoices(steps=0, strokes=24, guidance=guidance)
        inputs = Inputs(photograph(landscape()), ball())
        drawing = completed(recipe.run(inputs, choices, StylePack("plain", "Plain"), TinyPool.made()))
        return [[layer.strokes.curve(i).tolist() for i in range(len(layer.strokes))] for layer in drawing.layers]

    assert not SceneSketch().settings.region.chosen
    assert strokes("squeezenet", chosen=False) == strokes("classical", chosen=True) != strokes("squeezenet", chosen=True)


def test_the_horizon_survives_simplification():
    background = sketch(mask=ball(), strokes=40, simplicity=1.0).layers[0]
    points = drawn(background)
    on_horizon = points[np.abs(points[:, 1] - HORIZON) < 3]
    assert (on_horizon[:, 0] > 165).sum() > 50
    lines = points.reshape(len(background.strokes), -1, 2)
    lengths = np.linalg.norm(np.diff(lines, axis=1), axis=2).sum(1)
    assert lengths.min() > 55  # what runs far, neither clouds nor the posts of the fence
