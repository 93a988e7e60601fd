import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from backend.core.bezier import sample
from backend.core.errors import BadRequest
from backend.core.style_tables import Gesture, Hatch, Pen
from backend.core.work import completed
from backend.initialize.arrivals import ArrivalSettings
from backend.perception.frames import find_clip
from backend.perception.marked_foreground import Mark
from backend.recipes.recipe import SketchChoices
from backend.recipes.region import RegionSettings
from backend.recipes.sequence_ahead import SequenceInputs
from backend.recipes.sequence_notebook import Notebook
from backend.recipes.sequence_sketch import SequenceSettings, SequenceSketch
from backend.style_pack import StylePack
from tests.pictures import blank
from tests.pools import bare_pool

PACK = StylePack("pen", "Pen", strokes=12)
POOL = bare_pool()
SMALL = SequenceSketch(SequenceSettings(RegionSettings(canvas=240, enlargement=2.0)))
STEP = 4.0  # px that the ball moves to the right from frame to frame


def ball(number, seen=True):
    """A ball with a cross on it before white; frame `number` of its way."""
    pixels = blank(100, 140)
    if seen:
        x = 40 + STEP * number
        cv2.circle(pixels, (round(16 * x), 16 * 50), 16 * 26, (70, 60, 150), -1, cv2.LINE_AA, 4)
        for dx, dy in ((12, 0), (0, 12)):
            start, end = (round(16 * (x - dx)), 16 * (50 - dy)), (round(16 * (x + dx)), 16 * (50 + dy))
            cv2.line(pixels, start, end, (230, 220, 90), 3, cv2.LINE_AA, 4)
    return pixels


def box(number):
    pixels = blank(100, 140, 60)
    cv2.rectangle(pixels, (30 + number, 20), (110 + number, 80), (240, 200, 40), -1)
    cv2.rectangle(pixels, (50 + number, 35), (90 + number, 65), (20, 30, 130), -1)
    return pixels


@pytest.fixture
def clip(tmp_path):
    def save(*frames, folder="frames"):
        (tmp_path / folder).mkdir()
        for number, pixels in enumerate(frames):
            Image.fromarray(pixels).save(tmp_path / folder / f"{number:03d}.png")
        return find_clip(str(tmp_path / folder))

    return save


def draw(clip, notebook=None, pack=PACK, report=lambda progress: None, mask=None, masks=None, marks=(), **choices):
    inputs = SequenceInputs(clip, mask, masks, marks)
    return completed(SMALL.run(inputs, SketchChoices(**{"steps": 1, **choices}), pack, POOL, notebook), report)


def left(stroke, number):
    return stroke.points_at(number)[:, 0].min()


def test_strokes_stay_themselves_and_move_with_the_subject(clip):
    moving = draw(clip(*map(ball, range(6))))
    assert (moving.frames, moving.shots, moving.size) == (6, (0,), (100, 140))
    assert not any("Another drawing" in note for note in moving.account.notes)
    first = moving.seen_at(0)
    assert 2 <= len(first) <= 12
    assert [stroke.id for stroke in moving.seen_at(5)][: len(first)] == [stroke.id for stroke in first]
    for stroke in first:
        assert left(stroke, 5) - left(stroke, 0) == pytest.approx(5 * STEP, abs=2)
        assert np.abs(np.diff(stroke.points, n=2, axis=0)).max() < 1


def test_the_same_clip_gives_the_same_drawing(clip):
    taken = clip(*map(ball, range(3)))
    one, other = draw(taken), draw(taken)
    assert all(np.array_equal(a.points, b.points) for a, b in zip(one.strokes, other.strokes, strict=True))


def test_a_cut_begins_another_drawing(clip):
    moving = draw(clip(ball(0), ball(1), ball(2), box(0), box(1), box(2)))
    assert moving.shots == (0, 3)
    assert "Another drawing begins at frame 4: " in " ".join(moving.account.notes)
    assert all(stroke.end <= 3 or stroke.first >= 3 for stroke in moving.strokes)
    assert moving.seen_at(2) and moving.seen_at(3)
    assert all(stroke.opacity_at(3) == 1 for stroke in moving.seen_at(3))


def test_another_exposure_is_no_cut_and_strokes_stay_themselves(clip):
    def exposed(number):
        linear = (box(0) / 255) ** 2.2 * 2 ** (0, -1.6, 0.6, -1.6, -0.4, -1.6)[number]
        return (255 * linear.clip(0, 1) ** (1 / 2.2)).astype(np.uint8)

    moving = draw(clip(*map(exposed, range(6))), whole_picture=True)
    assert moving.shots == (0,)
    first = [stroke for stroke in moving.strokes if stroke.first == 0]
    assert first and all(stroke.opacity_at(number) == 1 for stroke in first for number in range(6))


def test_what_disappears_fades_and_comes_back_as_itself(clip):
    frames = [ball(0)] * 3
    hidden = ball(0)
    hidden[:, 36:] = (200, 205, 200)  # a curtain over the cross
    moving = draw(clip(*frames, *[hidden] * 6, *frames, *frames), strokes=12)
    gone = [stroke for stroke in moving.seen_at(0) if stroke.opacity_at(7) == 0]
    assert any(left(stroke, 0) > 25 for stroke in gone)  # the cross
    assert all(stroke.opacity_at(14) == 1 for stroke in gone)


def test_a_line_that_is_half_hidden_is_drawn_as_far_as_it_is_seen(clip):
    def bar(number):
        pixels = blank(100, 140)
        pixels[46:] = (60, 70, 110)
        if number > 2:
            pixels[:, 90:] = (200, 205, 200)  # a curtain over its right end
        return pixels

    moving = draw(clip(*map(bar, range(12))), whole_picture=True)
    [edge] = [stroke for stroke in moving.seen_at(0) if np.ptp(stroke.points_at(0)[:, 0]) > 100]
    assert edge.points_at(0)[:, 0].max() > 125 and edge.opacity_at(11) == 1
    assert edge.points_at(11)[:, 0].max() == pytest.approx(90, abs=6)


def test_a_subject_that_shrinks_is_looked_at_closer_step_by_step(clip, tmp_path):
    def far(number):
        pixels = cv2.resize(ball(0), None, fx=0.94**number, fy=0.94**number, interpolation=cv2.INTER_AREA)
        return np.pad(pixels, [(0, 100 - pixels.shape[0]), (0, 140 - pixels.shape[1]), (0, 0)], mode="edge")

    notebook = Notebook(tmp_path / "run")
    close = SequenceSketch(SequenceSettings(RegionSettings(canvas=240, enlargement=9.0)))
    inputs = SequenceInputs(clip(*map(far, range(6))))
    completed(close.run(inputs, SketchChoices(steps=1), PACK, POOL, notebook))
    scales = np.array([page.scale for page in notebook.pages()])
    assert scales[-1] > 1.15 * scales[0] and np.abs(np.diff(np.log(scales))).max() < 0.061


def test_something_new_gets_strokes_of_its_own(clip):
    def two(number):
        pixels = ball(0)
        if number > 0:
            cv2.rectangle(pixels, (95, 20), (130, 80), (30, 110, 40), -1)
        return pixels

    moving = draw(clip(*map(two, range(7))), whole_picture=True)
    new = [stroke for stroke in moving.strokes if stroke.first > 0]
    assert new and all(left(stroke, 6) > 85 for stroke in new)
    assert new[0].opacities[0] < 1 == new[0].opacity_at(6)


def crowd(number):
    """Lines that need all strokes, which something large hides bit by bit and then leaves again."""
    pixels = blank(100, 140)
    for i in range(6):
        cv2.line(pixels, (8 + 10 * i, 8), (8 + 10 * i, 70 - 8 * i), (40, 40, 40), 2, cv2.LINE_AA)
    x = 150 - 12 * min(number, 12 - number)
    cv2.rectangle(pixels, (x, 20), (x + 55, 90), (30, 110, 40), -1)
    cv2.rectangle(pixels, (x + 15, 40), (x + 40, 70), (240, 220, 60), -1)
    return pixels


def test_something_large_that_arrives_gets_strokes_though_all_are_in_use(clip, tmp_path):
    arrival = ArrivalSettings(least=20.0, together=60.0)  # the canvas is small
    recipe, notebook = SequenceSketch(replace(SMALL.settings, arrival=arrival)), Notebook(tmp_path / "run")
    inputs, choices = SequenceInputs(clip(*map(crowd, range(13)))), SketchChoices(steps=1, strokes=6, whole_picture=True)
    moving = completed(recipe.run(inputs, choices, PACK, POOL, notebook))
    new = [stroke for stroke in moving.strokes if 0 < stroke.first < 9]
    assert new and all(left(stroke, stroke.first) > 60 for stroke in new)
    assert all(len(moving.seen_at(number)) <= 7 for number in range(13))
    waiting = [sum(stroke.waiting for stroke in page.strokes) for page in notebook.pages()]
    assert 0 < max(waiting) <= 3 and waiting[-1] == 0
    gone = completed(SMALL.run(inputs, choices, PACK, POOL))
    assert not [stroke for stroke in gone.strokes if 0 < stroke.first < 6]


def test_no_more_strokes_than_asked_for_are_seen_at_once(clip):
    moving = draw(clip(*map(box, range(7))), strokes=3, whole_picture=True)
    assert all(len(moving.seen_at(number)) <= 3 for number in range(7))


def test_a_mask_of_the_first_frame_says_what_to_follow(clip):
    def both(number):
        pixels = ball(number)
        pixels[:14] = 30
        return pixels

    mask = torch.zeros(1, 1, 100, 140)
    mask[0, 0] = torch.from_numpy(cv2.circle(np.zeros((100, 140), np.float32), (40, 50), 27, 1, -1))
    moving = draw(clip(*map(both, range(3))), mask=mask)
    for number in range(3):
        [layer] = moving.at(number).layers
        rows, _tangents = sample(layer.strokes.points, layer.strokes.segments, 200)
        assert rows[..., 1].min() > 18 and layer.notes[0].region == "object"


def test_masks_of_all_frames_must_be_enough_and_fit(clip):
    frames = clip(*map(ball, range(3)))
    white = blank(100, 140)
    with pytest.raises(BadRequest, match="only 2 masks"):
        draw(frames, masks=clip(white, white, folder="few"))
    with pytest.raises(BadRequest, match="size"):
        draw(frames, masks=clip(white[:50], white[:50], folder="small"))
    assert draw(frames, masks=clip(white, white, white, folder="fit")).strokes[0].note.region == "picture"


def test_an_empty_clip_is_refused(clip):
    with pytest.raises(BadRequest, match="No lines"):
        draw(clip(*[ball(0, seen=False)] * 2))


def test_a_stopped_run_goes_on_and_ends_the_same(clip, tmp_path):
    taken, notebook = clip(*map(ball, range(5))), Notebook(tmp_path / "shelf" / "run")
    whole = draw(taken)
    work = SMALL.run(SequenceInputs(taken), SketchChoices(steps=1), PACK, POOL, notebook)
    while notebook.count() < 3:
        next(work)
    work.close()
    (tmp_path / "shelf" / "run" / "frame_000002.npz").write_bytes(b"cut sho")
    stages = []
    resumed = draw(taken, notebook, report=lambda progress: stages.append(progress.stage))
    assert "frame 1 of 5" not in stages and "frame 2 of 5" not in stages and "frame 3 of 5" in stages
    for one, other in zip(whole.strokes, resumed.strokes, strict=True):
        assert np.array_equal(one.points, other.points) and np.array_equal(one.opacities, other.opacities)
        assert (one.widths, one.color, one.note) == (other.widths, other.color, other.note)
    notebook.remove()
    assert notebook.count() == 0


def test_only_the_last_notebooks_are_kept(clip, tmp_path):
    page = next(_pages(clip(ball(0), ball(1)), tmp_path / "one"))
    for number in range(7):
        Notebook(tmp_path / "shelf" / str(number)).add(page)
    assert len(list((tmp_path / "shelf").iterdir())) == 4


def _pages(taken, folder):
    notebook = Notebook(folder / "run")
    draw(taken, notebook)
    return notebook.pages()


def test_the_pen_goes_with_the_strokes_and_what_cannot_is_told(clip):
    swelling = Pen(pressure=0.8, color=(0.5, 0.0, 0.0))
    pack = StylePack("brush", "Brush", swelling, strokes=6, gesture=Gesture(wobble=0.01), hatch=Hatch(share=0.3))
    moving = draw(clip(*map(ball, range(3))), pack=pack)
    assert len(set(moving.strokes[0].widths)) > 1
    assert moving.strokes[0].color == pytest.approx((0.5, 0, 0))
    assert any("hatching" in note for note in moving.account.notes)
    assert not draw(clip(*map(ball, range(2)), folder="plain")).account.notes


def test_a_mark_on_the_first_frame_says_what_to_follow(clip):
    def both(number):
        pixels = ball(number)
        pixels[20:80, 110:135] = (40, 90, 30)
        return pixels

    marks = (Mark("keep", ((30.0, 50.0), (50.0, 50.0))), Mark("leave", ((122.0, 25.0), (122.0, 75.0))))
    moving = draw(clip(*map(both, range(3))), marks=marks)
    [layer] = moving.at(2).layers
    rows, _tangents = sample(layer.strokes.points, layer.strokes.segments, 200)
    assert len(layer.strokes) and rows[..., 0].max() < 100


def test_frames_that_are_looked_at_ahead_give_the_same_drawing(clip):
    """Over a cut, too, which nobody looks beyond."""
    frames = clip(*map(ball, range(4)), *map(box, range(4)))

    def strokes(ahead):
        recipe = SequenceSketch(replace(SMALL.settings, ahead=ahead))
        moving = completed(recipe.run(SequenceInputs(frames), SketchChoices(steps=1), PACK, POOL))
        assert moving.shots == (0, 4)
        return [stroke.points_at(number).tolist() for number in range(8) for stroke in moving.seen_at(number)]

    assert strokes(1) == strokes(3) == strokes(20)


def test_a_stopped_run_looks_no_further(clip):
    before = threading.active_count()
    work = SMALL.run(SequenceInputs(clip(*map(ball, range(8)))), SketchChoices(steps=1), PACK, POOL)
    stages = {next(work).stage for _ in range(8)}
    assert "frame 2 of 8" in stages and threading.active_count() > before
    work.close()
    assert threading.active_count() == before
