from dataclasses import replace

import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.core.drawing import Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.initialize.hatch import Hatch
from backend.pen.gesture import Gesture
from backend.pen.pressure import Pen
from backend.recipes import SketchChoices
from backend.recipes.dressing import Dressing
from backend.style_pack import StylePack
from tests.pictures import disc, tensor

IMAGE = tensor(disc(300, 100))
MASK = torch.ones(1, 1, 300, 300)
HATCHED = StylePack("hatched", "Hatched", Pen(0.01), strokes=40, hatch=Hatch(share=0.75, spacing=0.03))


def layer(count=4):
    lines = [torch.tensor([[60, y], [120, y], [180, y], [240, y]], dtype=torch.float32) for y in range(60, 60 + 20 * count, 20)]
    notes = tuple(StrokeNote("contour", "object", 1 - i / 8) for i in range(count))
    return Layer("object", Framing((300, 300), (300, 300)), Strokes.build(lines, 3.0), notes)


def dressed(pack, count=40, **choices):
    return Dressing.of(pack, SketchChoices(**choices), count).dressed(layer(), IMAGE, MASK)


@pytest.mark.parametrize("count", [1, 2, 7, 40, 1000])
def test_the_count_is_all_strokes_and_lines_get_at_least_one(count):
    dressing = Dressing.of(HATCHED, SketchChoices(), count)
    assert dressing.line_count + dressing.hatch_count == count
    assert dressing.line_count >= 1
    assert dressing.plain_count <= dressing.line_count
    assert len(dressing.dressed(layer(min(4, dressing.plain_count)), IMAGE, MASK).strokes) <= count


def test_hatching_follows_the_lines_in_the_order_of_importance():
    found = dressed(HATCHED)
    kinds = [note.kind for note in found.notes]
    assert kinds == ["contour"] * 4 + ["hatch"] * (len(kinds) - 4)
    assert len(kinds) > 12
    importances = [note.importance for note in found.notes]
    assert importances == sorted(importances, reverse=True)
    assert importances[-1] >= 0
    assert {note.region for note in found.notes} == {"object"}


def test_hatching_lies_in_the_dark():
    found = dressed(HATCHED)
    hatches = found.strokes.select(slice(4, None))
    points = sample(hatches.points, hatches.segments, 20)[0]
    assert (points - 150).norm(dim=-1).max() < 105


def test_on_dark_paper_hatching_carries_the_light():
    night = StylePack("night", "Night", Pen(0.01, (1.0, 1.0, 1.0)), paper=(0.0, 0.0, 0.2), hatch=HATCHED.hatch)
    found = dressed(night, 100)
    hatches = found.strokes.select(slice(4, None))
    assert (sample(hatches.points, hatches.segments, 20)[0] - 150).norm(dim=-1).min() > 95


def test_without_strength_there_is_only_the_plain_pen():
    gesture = Gesture(wobble=0.02, restate=3, single_line=True)
    wild = replace(HATCHED, pen=Pen(0.01, pressure=1.0, taper_end=1.0), gesture=gesture)
    plain = dressed(wild, style_strength=0.0)
    assert torch.equal(plain.strokes.points, layer().strokes.points)
    assert plain.strokes.widths.shape == (4, 1)
    assert plain.notes == layer().notes


def test_a_little_strength_hatches_a_little():
    shaded = disc(300, 100)
    shaded[:, :150] = np.where(shaded[:, :150] < 200, 140, shaded[:, :150])
    count = [
        len(Dressing.of(HATCHED, SketchChoices(style_strength=f), 400).dressed(layer(), tensor(shaded), MASK).strokes)
        for f in (0.4, 1.0)
    ]
    assert 4 < count[0] < 0.75 * count[1]


@pytest.mark.parametrize(("count", "hatched"), [(2, False), (6, False), (20, True), (40, True), (200, True)])
def test_few_strokes_are_lines_first(count, hatched):
    dressing = Dressing.of(HATCHED, SketchChoices(), count)
    assert (dressing.hatch_count > 0) == hatched
    assert dressing.line_count >= min(count, 6)  # of the ten that this pack draws by itself
    assert Dressing.of(HATCHED, SketchChoices(), HATCHED.strokes).line_count == 10


def test_few_lines_are_not_drawn_again():
    sketchy = StylePack("sketchy", "Sketchy", strokes=60, gesture=Gesture(restate=3))
    assert Dressing.of(sketchy, SketchChoices(), 10).plain_count == 10
    assert Dressing.of(sketchy, SketchChoices(), 60).plain_count == 20


def test_restated_lines_share_the_count():
    sketchy = StylePack("sketchy", "Sketchy", gesture=Gesture(restate=3))
    assert Dressing.of(sketchy, SketchChoices(), 64).plain_count == 22
    assert len(dressed(sketchy).strokes) == 12


def test_simplicity_draws_the_beginning_of_a_single_line():
    one = StylePack("one", "One", gesture=Gesture(single_line=True))
    whole, half = dressed(one), dressed(one, simplicity=0.5)
    assert len(whole.strokes) == len(half.strokes) == 1
    ends = [sample(found.strokes.points, found.strokes.segments, 400)[0][0] for found in (whole, half)]
    lengths = [float(row.diff(dim=0).norm(dim=1).sum()) for row in ends]
    assert lengths[1] == pytest.approx(0.5 * lengths[0], rel=0.05)
    assert torch.allclose(ends[0][0], ends[1][0], atol=1)


def test_same_seed_same_drawing_and_another_seed_another():
    pack = replace(HATCHED, gesture=Gesture(wobble=0.01))
    one, same, other = dressed(pack), dressed(pack), dressed(pack, seed=1)
    assert torch.equal(one.strokes.points, same.strokes.points)
    assert torch.equal(one.strokes.widths, same.strokes.widths)
    assert one.strokes.points.shape != other.strokes.points.shape or not torch.equal(one.strokes.points, other.strokes.points)


def test_nothing_is_dressed_where_nothing_was_found():
    empty = Layer("object", Framing((300, 300), (300, 300)), Strokes.build([], 1.0), ())
    assert Dressing.of(HATCHED, SketchChoices(), 40).dressed(empty, IMAGE, MASK) is empty


def test_a_loose_drawing_is_drawn_by_a_loose_hand():
    pen = StylePack("pen", "Pen")
    precise, loose = dressed(pen), dressed(pen, fidelity=0.0)
    assert torch.equal(precise.strokes.points, layer().strokes.points)
    row = sample(loose.strokes.points, loose.strokes.segments, 100)[0][0]
    assert row[:, 0].min() < 59  # it overshoots
    assert (row[:, 1] - 60).abs().max() > 0.2  # it strays
    assert loose.strokes.widths[0, 0] < 0.6 * loose.strokes.widths[0].max()  # it thins
    assert torch.equal(dressed(pen, fidelity=0.0, style_strength=0.0).strokes.points, layer().strokes.points)
