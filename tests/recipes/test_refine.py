from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.core.doubling import doubled_share
from backend.core.errors import BadRequest
from backend.core.strokes import Strokes
from backend.core.work import completed
from backend.initialize.covered import Covered
from backend.recipes import Inputs, SketchChoices
from backend.recipes.known_strokes import Known, KnownStroke, Wish
from backend.recipes.object_sketch import ObjectSketch
from backend.recipes.refine import Refine
from backend.recipes.refining import beside
from backend.recipes.region import RegionSettings
from backend.style_pack import Gesture, Pen, StylePack
from tests.pictures import blank, face, noise, photograph
from tests.pools import bare_pool

PACK = StylePack("pen", "Pen", Pen(0.01, (1.0, 0.0, 0.2)), strokes=12)
POOL = bare_pool()
SMALL = RegionSettings(canvas=256)


def grid():
    """Many lines at known places: circles in rows."""
    pixels = blank(240, 240)
    for x in range(40, 240, 53):
        for y in range(40, 240, 53):
            cv2.circle(pixels, (x, y), 17, (30, 30, 30), 3, cv2.LINE_AA)
    return pixels


def drawn(pixels, count):
    choices = SketchChoices(strokes=count, steps=2, whole_picture=True)
    [layer] = completed(ObjectSketch(SMALL).run(Inputs(photograph(pixels)), choices, PACK, POOL)).layers
    return in_source(layer), [note.importance for note in layer.notes]


def in_source(layer):
    points = layer.framing.to_source(layer.strokes.points)
    return replace(layer.strokes, points=points, widths=layer.strokes.widths / layer.framing.scale)


def known(strokes, importances, locked=()):
    elements = tuple(KnownStroke(f"s{i}", i in locked, i, value) for i, value in enumerate(importances))
    return Known(strokes, tuple(range(len(strokes))), elements)


def refined(pixels, before, wish, report=lambda progress: None, pack=PACK, **choices):
    wishes = SketchChoices(**{"steps": 2, "whole_picture": True, **choices})
    return completed(Refine(SMALL).run(Inputs(photograph(pixels)), before, wish, wishes, pack, POOL), report)


def new_of(found):
    return in_source(found.drawing.layers[0])


@pytest.fixture(scope="module")
def circles():
    return known(*drawn(grid(), 6))


def distances(strokes, others):
    one, other = (sample(each.points, each.segments, 60)[0].reshape(-1, 2) for each in (strokes, others))
    return torch.cdist(one, other).min(1).values


def test_more_strokes_come_where_the_drawing_lacks_them_and_double_none(circles):
    found = refined(grid(), circles, Wish(redraw=False, more=5))
    new = new_of(found)
    assert len(new) == 5 and found.removed == () and found.indices == (6, 7, 8, 9, 10)
    assert torch.equal(found.kept.points, circles.strokes.points)
    assert float(distances(new, circles.strokes).min()) > 5
    assert doubled_share(beside(new, circles.strokes)) <= doubled_share(circles.strokes) + 1e-6


def test_without_looking_at_what_is_drawn_it_would_be_drawn_again(circles, monkeypatch):
    monkeypatch.setattr("backend.recipes.held.Covered", lambda rows, before: Covered((), before))
    new = new_of(refined(grid(), circles, Wish(redraw=False, more=5)))
    assert float((distances(new, circles.strokes) < 3).float().mean()) > 0.3


def test_locked_strokes_stay_and_the_others_are_drawn_anew(circles):
    before = known(circles.strokes, [1 / (i + 1) for i in range(6)], locked=(1, 4))
    found = refined(grid(), before, Wish())
    assert found.removed == ("s0", "s2", "s3", "s5")
    assert torch.equal(found.kept.points, circles.strokes.points[[1, 4]])
    assert len(new_of(found)) == 4 and found.indices == (0, 2, 3, 5)
    assert [note.importance for note in found.drawing.layers[0].notes] == [1, 1 / 3, 1 / 4, 1 / 6]
    assert float(distances(new_of(found), found.kept).min()) > 5


def test_in_a_region_only_what_is_in_it_changes(circles):
    ring = ((0.0, 0.0), (120.0, 0.0), (120.0, 240.0), (0.0, 240.0))
    found = refined(grid(), circles, Wish(region=(ring,), count=6))
    new = new_of(found)
    middle = sample(circles.strokes.points, circles.strokes.segments, 60)[0][..., 0].mean(1)
    assert found.removed == tuple(f"s{i}" for i in range(6) if middle[i] < 120)
    reach = 240 * 0.012 + 1
    points = sample(new.points, new.segments, 100)[0].reshape(-1, 2)
    far = (points[:, 0] > 120 + reach) & (distances_to(points, circles.strokes) > reach)
    assert len(new) == 6
    assert not far.any()


def distances_to(points, strokes):
    return torch.cdist(points, sample(strokes.points, strokes.segments, 100)[0].reshape(-1, 2)).min(1).values


def test_a_region_beside_the_subject_is_drawn_too():
    pixels = face()
    cv2.rectangle(pixels, (168, 160), (192, 190), (20, 60, 20), 2)
    mask = torch.zeros(1, 1, 200, 200)
    mask[..., 20:180, 36:164] = 1
    ring = ((164.0, 150.0), (199.0, 150.0), (199.0, 199.0), (164.0, 199.0))
    inputs, empty = Inputs(photograph(pixels), mask), Known(Strokes.build([], 1.0), (), ())
    wish = Wish(redraw=False, more=2, region=(ring,))
    found = completed(Refine(SMALL).run(inputs, empty, wish, SketchChoices(steps=1), PACK, POOL))
    points = sample(new_of(found).points, new_of(found).segments, 50)[0].reshape(-1, 2)
    assert float(points[:, 0].min()) > 160 and float(points[:, 1].min()) > 148


def test_without_a_region_only_the_subject_is_drawn_on_however_small_it_is():
    pixels = blank(240, 240, 235)
    cv2.rectangle(pixels, (90, 90), (135, 140), (20, 40, 120), -1)
    cv2.circle(pixels, (112, 115), 12, (240, 220, 60), -1, cv2.LINE_AA)
    mask = torch.zeros(1, 1, 240, 240)
    mask[..., 85:145, 85:140] = 1
    pixels[200:203] = pixels[:, 20:23] = 40
    inputs, empty = Inputs(photograph(pixels), mask), Known(Strokes.build([], 1.0), (), ())
    work = Refine(SMALL).run(inputs, empty, Wish(redraw=False, more=6), SketchChoices(steps=1), PACK, POOL)
    points = new_of(completed(work)).points
    assert float(points.min()) > 80 and float(points.max()) < 150


def test_the_same_wish_gives_the_same_strokes_and_another_seed_others(circles):
    found = [new_of(refined(grid(), circles, Wish(count=9), seed=seed)) for seed in (1, 1, 2)]
    assert torch.equal(found[0].points, found[1].points)
    assert found[0].points.shape != found[2].points.shape or not torch.equal(found[0].points, found[2].points)


def test_new_strokes_are_as_wide_as_the_others_and_of_their_color(circles):
    blue = torch.tensor([0.0, 0.0, 1.0])
    wide = replace(circles.strokes, widths=3 * circles.strokes.widths, colors=blue.expand(6, 3).clone())
    new = new_of(refined(grid(), replace(circles, strokes=wide), Wish(redraw=False, more=3)))
    torch.testing.assert_close(new.colors, blue.expand(3, 3))
    assert float(new.widths.median()) == pytest.approx(float(wide.widths.median()), rel=0.1)
    other = new_of(refined(grid(), replace(circles, strokes=wide), Wish(redraw=False, more=3, alike=False)))
    torch.testing.assert_close(other.colors, torch.tensor([PACK.pen.color]).expand(3, 3))
    assert float(other.widths.median()) < 0.5 * float(wide.widths.median())


def test_the_way_there_shows_what_stays(circles):
    shown = []
    refined(grid(), circles, Wish(redraw=False, more=3), shown.append)
    previews = [len(each.preview.layers[0].strokes) for each in shown if each.preview]
    assert previews and set(previews) == {9}
    done = [each.done for each in shown]
    assert done == sorted(done)


def test_strokes_are_taken_away_without_a_picture(circles):
    found = completed(Refine(SMALL).run(None, circles, Wish(redraw=False, more=-2), SketchChoices(), PACK, POOL))
    assert found.removed == ("s4", "s5") and found.drawing.count == 0
    assert len(found.kept) == 4


def test_what_cannot_be_drawn_is_told(circles):
    empty = Known(Strokes.build([], 1.0), (), ())
    with pytest.raises(BadRequest, match="No lines are left"):
        refined(blank(100, 100), empty, Wish(redraw=False, more=3))
    single = replace(PACK, gesture=Gesture(single_line=True))
    with pytest.raises(BadRequest, match="one single line"):
        refined(grid(), circles, Wish(), pack=single)
    with pytest.raises(BadRequest, match="no guidance named 'magic'"):
        refined(grid(), circles, Wish(), guidance="magic")


def test_fewer_lines_than_wanted_are_told(circles):
    found = refined(grid(), circles, Wish(redraw=False, more=500))
    assert 5 < found.drawing.count < 500
    assert any("of 500 new strokes" in note for note in found.drawing.account.notes)


def test_noise_does_not_stop_it():
    found = refined(noise(120, 120), Known(Strokes.build([], 1.0), (), ()), Wish(redraw=False, more=4))
    assert 0 < found.drawing.count <= 4
    assert np.isfinite(new_of(found).points.numpy()).all()
