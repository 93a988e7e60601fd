from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from backend.core.bezier import sample
from backend.core.errors import BadRequest
from backend.core.image import Framing
from backend.core.work import completed
from backend.export.paths import drawing_paths
from backend.initialize.meet import met
from backend.initialize.streamlines import TraceSettings
from backend.perception.photograph import Photograph
from backend.recipes import RECIPES, Inputs, SketchChoices
from backend.recipes.object_sketch import ObjectSketch
from backend.recipes.refining import DOUBLES, RefiningSettings
from backend.recipes.region import Region, RegionSettings, draw_region, trace_region
from backend.style_pack import Pen, StylePack
from tests.pictures import around, blank, disc, distances, face, noise, photograph, tensor, two_squares
from tests.pools import bare_pool

PACK = StylePack("pen", "Pen", Pen(0.01, (1.0, 0.0, 0.2)), strokes=12)
POOL = bare_pool()
SMALL = ObjectSketch(RegionSettings(canvas=256))  # as the recipe, on a smaller canvas


def sketch(pixels, mask=None, pack=PACK, report=lambda progress: None, recipe=SMALL, **choices):
    picture = pixels if isinstance(pixels, Photograph) else photograph(pixels)
    wishes = SketchChoices(**{"steps": 1, **choices})
    return completed(recipe.run(Inputs(picture, mask), wishes, pack, POOL), report)


def paths(drawing):
    [(_name, found)] = drawing_paths(drawing)
    return found


def drawn(drawing, count=300):
    """`count` points along each stroke, all in one row [M, 2], source px."""
    [layer] = drawing.layers
    points, _tangents = sample(layer.strokes.points, layer.strokes.segments, count)
    return layer.framing.to_source(points).reshape(-1, 2).numpy()


def mask_of(height, width, rows, columns):
    mask = torch.zeros(1, 1, height, width)
    mask[..., rows, columns] = 1
    return mask


@pytest.fixture(scope="module")
def faces():
    """A face drawn with all its strokes, and everything reported on the way."""
    progress = []
    return sketch(face(), report=progress.append, strokes=40, steps=3), progress


def test_the_strokes_of_a_face_are_told_in_full(faces):
    drawing, _progress = faces
    [layer] = drawing.layers
    assert layer.name == "object"
    assert drawing.size == (200, 200)
    assert 5 <= len(layer.strokes) <= 40
    assert {note.kind for note in layer.notes} <= {"contour", "detail"}
    assert {note.region for note in layer.notes} == {"object"}
    assert (drawing.account.guidance, drawing.account.steps) == ("classical", 3)
    assert not layer.strokes.points.requires_grad


def test_importance_falls_from_one(faces):
    importances = [path.importance for path in paths(faces[0])]
    assert importances[0] == 1
    assert importances == sorted(importances, reverse=True)
    assert min(importances) >= 0


def test_progress_runs_from_zero_to_one_and_shows_the_drawing(faces):
    drawing, progress = faces
    done = [step.done for step in progress]
    assert done == sorted(done)
    assert 0 <= done[0] < done[-1] <= 1
    previews = [step.preview for step in progress if step.preview]
    assert len(previews) == 4
    assert all(len(preview.layers[0].strokes) == len(drawing.layers[0].strokes) for preview in previews)
    assert all(set(step.losses) for step in progress if step.stage == "refining")


def test_the_outline_of_the_face_is_drawn_first_and_on_the_face(faces):
    first = paths(faces[0])[0]
    outline = cv2.ellipse2Poly((100, 100), (62, 78), 0, 0, 360, 1) + 0.5
    assert first.kind == "contour"
    assert distances(np.array(first.points)[::3], outline).mean() < 2


def test_fewer_strokes_are_the_first_of_many(faces):
    many, few = paths(faces[0]), paths(sketch(face(), strokes=4, steps=0))
    assert len(few) == 4
    for one, other in zip(few, many, strict=False):
        assert one.kind == other.kind
        assert distances(one.points, other.points).max() < 1.5


def test_a_disc_is_drawn_on_its_outline():
    drawn_points = drawn(sketch(disc(), recipe=RECIPES["object"], steps=3), 2000)
    circle = around((80.5, 80.5), 50)
    assert distances(drawn_points, circle).max() < 1.5
    assert distances(circle, drawn_points).max() < 1.5


def test_two_runs_give_the_same_bytes_on_any_number_of_threads():
    threads = torch.get_num_threads()
    try:
        results = []
        for count in (1, 2, 2):
            torch.set_num_threads(count)
            results.append(sketch(face(), strokes=6, steps=2).layers[0].strokes.points.numpy().tobytes())
    finally:
        torch.set_num_threads(threads)
    assert results[0] == results[1] == results[2]


def test_the_style_chooses_how_many_strokes_when_the_user_does_not():
    assert len(paths(sketch(face(), pack=StylePack("few", "Few", strokes=3), steps=0))) == 3


def test_fewer_lines_than_strokes_asked_for_are_told():
    drawing = sketch(disc(), strokes=500, steps=0)
    assert any("500" in note for note in drawing.account.notes)


def test_the_pen_of_the_style_arrives_in_the_paths():
    drawing = sketch(disc(), steps=0)
    framing = drawing.layers[0].framing
    for path in paths(drawing):
        assert path.color == "#ff0033"
        assert path.widths == (pytest.approx(0.01 * max(framing.canvas) / framing.scale, abs=1e-3),)


def test_the_paper_of_the_style_arrives_in_the_drawing():
    assert sketch(disc(), pack=StylePack("night", "Night", Pen(color=(1, 1, 1)), paper=(0, 0, 0.1))).paper == (0, 0, 0.1)


def test_no_steps_leave_the_traced_start():
    drawing = sketch(disc(), steps=0)
    assert drawing.account.steps == 0
    assert paths(drawing)


def plain(settings, steps):
    """The strokes of a rough face as they are fitted, without a style; what is told; and where they were traced."""
    picture = tensor(face() // 2 + noise(200, 200) // 4)
    region = Region.framed("picture", picture, torch.ones_like(picture[:, :1]), settings)
    work = draw_region(region, 16, SketchChoices(strokes=16, steps=steps, style_strength=0.0), settings, PACK, POOL)
    sketched = completed(work, lambda progress: None)
    return sketched.layer.strokes, sketched.account.notes, trace_region(region, 16, settings)


def test_ends_that_nearly_reach_another_stroke_are_on_it():
    strong = replace(SMALL.settings.start, trace=TraceSettings(seed=0.2, keep=0.08), faint=1.0)  # whose lines end early
    strokes, _notes, start = plain(replace(SMALL.settings, start=strong), steps=0)
    joined = met(start.curves, start.closed, start.enlarged, SMALL.settings.canvas)
    assert any(not torch.equal(one, other) for one, other in zip(joined, start.curves, strict=True))
    assert all(torch.equal(strokes.curve(i), curve) for i, curve in enumerate(joined))


def test_what_refining_made_no_better_is_as_it_was_traced_and_that_is_told():
    unpleasable = replace(SMALL.settings, refining=RefiningSettings(most_doubled=-1.0))
    traced, refined = (plain(settings, steps) for settings, steps in ((SMALL.settings, 0), (unpleasable, 5)))
    assert torch.equal(refined[0].points, traced[0].points)
    assert refined[1] == (DOUBLES,)
    assert not torch.equal(plain(SMALL.settings, 5)[0].points, traced[0].points)


def test_a_picture_of_a_few_pixels_is_drawn():
    pixels = blank(8, 8)
    pixels[2:6, 2:6] = 0
    found = drawn(sketch(pixels))
    assert (found > -1).all()
    assert (found < 9).all()


@pytest.mark.parametrize("size", [(7, 100), (100, 7), (1, 1)])
def test_a_picture_too_small_is_refused_with_its_size(size):
    with pytest.raises(BadRequest, match=f"{size[1]} × {size[0]} px.*at least 8 px"):
        sketch(blank(*size))


@pytest.mark.parametrize("value", [0, 130, 255])
@pytest.mark.parametrize("choices", [{}, {"whole_picture": True}])
def test_a_picture_without_lines_is_refused_in_a_sentence(value, choices):
    with pytest.raises(BadRequest, match=r"No lines were found.*\.$"):
        sketch(blank(60, 80, value), **choices)


def test_an_unknown_guidance_is_refused_with_those_there_are():
    with pytest.raises(BadRequest, match=r"'tarot'.*auto, classical"):
        sketch(disc(), guidance="tarot")


def test_every_guidance_without_weights_draws():  # those with weights: test_guided.py
    for name in ("auto", "classical"):
        assert paths(sketch(disc(), guidance=name))


@pytest.mark.parametrize("size", [(10, 2000), (2000, 10), (8, 300), (40, 1200)])
@pytest.mark.parametrize("make", [lambda size: noise(*size), lambda size: cv2.resize(disc(), size[::-1])])
def test_extreme_shapes_are_drawn_or_refused_in_a_sentence(size, make):
    try:
        drawing = sketch(make(size), strokes=6)
    except BadRequest as error:
        assert str(error).endswith(".")
    else:
        found = drawn(drawing)
        assert (found >= -2).all()
        assert (found <= np.array(size[::-1]) + 2).all()


def test_a_mask_chooses_what_is_drawn():
    drawing = sketch(two_squares(), mask_of(200, 300, slice(50, 150), slice(170, 280)), strokes=8)
    assert drawn(drawing)[:, 0].min() > 160
    assert drawing.layers[0].name == "object"


def test_the_transparency_of_a_file_chooses_what_is_drawn():
    pixels = photograph(two_squares()).pixels
    drawing = sketch(Photograph(pixels, mask_of(200, 300, slice(50, 150), slice(20, 120))), strokes=8)
    assert drawn(drawing)[:, 0].max() < 130


def test_a_mask_comes_before_transparency():
    picture = Photograph(photograph(two_squares()).pixels, mask_of(200, 300, slice(50, 150), slice(20, 120)))
    drawing = sketch(picture, mask_of(200, 300, slice(50, 150), slice(170, 280)), strokes=8)
    assert drawn(drawing)[:, 0].min() > 160


def test_an_empty_mask_is_told_and_the_whole_picture_drawn():
    drawing = sketch(two_squares(), torch.zeros(1, 1, 200, 300), strokes=8)
    assert any("mask is empty" in note for note in drawing.account.notes)
    assert drawing.layers[0].framing == Framing.whole((200, 300), 256)


def test_the_whole_picture_is_drawn_when_the_user_wants_it():
    drawing = sketch(two_squares(), mask_of(200, 300, slice(50, 150), slice(170, 280)), whole_picture=True, strokes=8)
    assert drawing.layers[0].name == "picture"
    assert drawing.layers[0].framing == Framing.whole((200, 300), 256)
    assert drawn(drawing)[:, 0].min() < 40
    assert drawn(drawing)[:, 0].max() > 260
    assert drawing.account.notes == () or "subject" not in drawing.account.notes[0]


def test_a_white_shape_on_nothing_is_outlined_in_the_whole_picture_too():
    white = blank(200, 300)
    white[95:105, 100:110] = 60
    alpha = mask_of(200, 300, slice(50, 150), slice(60, 240))
    around_it = drawn(sketch(Photograph(photograph(white).pixels, alpha), whole_picture=True, strokes=8))
    assert around_it[:, 0].min() == pytest.approx(60, abs=3) and around_it[:, 0].max() == pytest.approx(240, abs=3)


def test_a_subject_not_found_is_told():
    drawing = sketch(cv2.circle(blank(160, 160), (70, 90), 7, (0, 0, 0), -1, cv2.LINE_AA), strokes=6)
    assert drawing.layers[0].name == "picture"
    assert any("whole picture is drawn" in note for note in drawing.account.notes)


def test_the_work_can_be_stopped_at_any_moment():
    for count in (1, 3, 5):
        work = SMALL.run(Inputs(photograph(disc())), SketchChoices(steps=9), PACK, POOL)
        for _ in range(count):
            next(work)
        work.close()
        assert torch.is_grad_enabled()


def test_a_simpler_drawing_is_the_first_strokes_of_the_full_one():
    pixels = face() // 2 + noise(200, 200) // 4
    full, simpler, simplest = (paths(sketch(pixels, strokes=16, simplicity=s)) for s in (0.0, 0.5, 1.0))
    assert simpler == full[: len(simpler)]
    assert len(simplest) < len(simpler) < len(full)


def test_a_looser_drawing_has_fewer_segments():
    precise, loose = (sketch(face(), recipe=RECIPES["object"], fidelity=f, steps=0) for f in (1.0, 0.0))
    per_stroke = [float(d.layers[0].strokes.segments.double().mean()) for d in (precise, loose)]
    assert per_stroke[1] < per_stroke[0]


def test_another_seed_is_another_attempt_that_can_be_repeated():
    pixels = face() // 2 + noise(200, 200) // 4
    first, again, other = (paths(sketch(pixels, strokes=12, seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert first != other


@pytest.mark.parametrize(("name", "value"), [("fidelity", -0.1), ("fidelity", 1.1), ("simplicity", 2.0)])
def test_a_share_beyond_its_range_is_refused(name, value):
    with pytest.raises(BadRequest, match=name):
        SketchChoices(**{name: value})


def test_a_small_face_keeps_its_eyes_and_mouth_in_few_strokes():
    astronaut = photograph(skimage.data.astronaut())
    points = drawn(sketch(astronaut, recipe=RECIPES["object"], strokes=32, steps=0))

    def covered(left, top, right, bottom):
        inside = (points[:, 0] > left) & (points[:, 0] < right) & (points[:, 1] > top) & (points[:, 1] < bottom)
        return int(inside.sum())

    assert covered(190, 94, 214, 110) and covered(232, 96, 262, 112)  # the two eyes
    assert covered(200, 140, 245, 165)  # the mouth


def test_lines_of_a_doubtful_subject_come_first():
    """Two like squares on a wall of which one is of interest."""
    pixels = np.full((200, 400, 3), 180, np.uint8)
    pixels[60:140, 60:140] = pixels[60:140, 260:340] = 60
    picture, whole = tensor(pixels), torch.ones(1, 1, 200, 400)
    for interesting in (slice(0, 200), slice(200, 400)):
        interest = torch.zeros(1, 1, 200, 400)
        interest[..., interesting] = 1
        region = Region.framed("picture", picture, whole, SMALL.settings, interest=interest)
        work = draw_region(region, 1, SketchChoices(strokes=1, steps=0), SMALL.settings, PACK, POOL)
        layer = completed(work, lambda progress: None).layer
        x = layer.framing.to_source(layer.strokes.curve(0))[:, 0]
        assert interesting.start < x.min() and x.max() < interesting.stop


def outlined(thickness=6):
    """A square and a ring in ink, 200 × 320 px."""
    pixels = blank(200, 320)
    cv2.rectangle(pixels, (40, 50), (140, 150), (0, 0, 0), thickness, cv2.LINE_AA)
    return cv2.circle(pixels, (230, 100), 50, (0, 0, 0), thickness, cv2.LINE_AA)


def test_the_lines_of_a_drawing_are_drawn_once_along_their_middles():
    drawing = sketch(outlined(), recipe=RECIPES["object"], strokes=20)
    points = drawn(drawing)
    to_ring = np.abs(np.hypot(points[:, 0] - 230, points[:, 1] - 100) - 50)
    to_square = np.abs(np.maximum(np.abs(points[:, 0] - 90), np.abs(points[:, 1] - 100)) - 50)
    assert np.quantile(np.minimum(to_ring, to_square), 0.98) < 2
    lengths = sample(drawing.layers[0].strokes.points, drawing.layers[0].strokes.segments, 300)[0]
    lengths = drawing.layers[0].framing.to_source(lengths).diff(dim=1).norm(dim=2).sum()
    assert float(lengths) == pytest.approx(400 + 2 * np.pi * 50, rel=0.1)
    assert "This is a line drawing already" in " ".join(drawing.account.notes)


def test_the_users_mask_of_a_drawing_stands():
    drawing = sketch(outlined(), mask_of(200, 320, slice(0, 200), slice(0, 160)), recipe=RECIPES["object"], strokes=20)
    assert drawn(drawing)[:, 0].max() < 162
    assert "line drawing" in " ".join(drawing.account.notes)


def test_a_drawing_with_far_more_lines_than_strokes_is_told():
    pixels = blank(300, 300)
    for x in range(30, 280, 14):
        cv2.line(pixels, (x, 30), (x, 270), (0, 0, 0), 2)
    notes = " ".join(sketch(pixels, strokes=4).account.notes)
    assert "too many for 4 strokes" in notes
    assert "too many" not in " ".join(sketch(outlined(), strokes=4).account.notes)


def test_photographs_are_no_drawings():
    assert "line drawing" not in " ".join(sketch(face()).account.notes)


def test_the_subjects_own_outline_is_worth_more_and_other_lines_are_not():
    pixels, mask = np.full((200, 200, 3), 200, np.uint8), np.zeros((200, 200), np.float32)
    cv2.circle(pixels, (100, 100), 70, (150, 150, 150), -1)
    cv2.fillPoly(pixels, [np.array([(60, 120), (80, 60), (100, 120), (120, 60), (140, 120)])], (110, 110, 110))
    cv2.circle(mask, (100, 100), 70, 1, -1)
    image, subject = tensor(pixels), torch.from_numpy(mask)[None, None]
    gains = {}
    for more in (0.0, 0.5):
        settings = replace(RegionSettings(), outline=more)
        start = trace_region(Region.framed("object", image, subject, settings, certainty=0.3), 2, settings)
        gains[more] = start.gains
    before, after = (np.array(gains[more]) for more in (0.0, 0.5))
    assert sorted(after / before) == pytest.approx([1.0, 1.45], abs=0.1)
