import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.core.drawing import StrokeNote
from backend.core.strokes import Strokes
from backend.pen.dress import Hand, Motif, dress, dress_hatching
from backend.pen.gesture import Gesture
from backend.pen.palette import Palette
from backend.pen.pressure import Pen, Shading
from tests.pictures import along, blank, distances, tensor

DARK = np.full((300, 400), 0.5, np.float32)
MOTIF = Motif(tensor(blank(300, 400, 120)), torch.ones(1, 1, 300, 400), DARK)


def level(y):
    return torch.tensor([[50, y], [150, y], [250, y], [350, y]], dtype=torch.float32)


def plain(count=6):
    strokes = Strokes.build([level(20 + 40 * i) for i in range(count)], 2.0, (0.1, 0.2, 0.3))
    notes = [StrokeNote("contour" if i < 3 else "detail", "object", 1 - i / count) for i in range(count)]
    return strokes, notes


def dressed(hand, count=100, seed=0, drawn=1.0):
    return dress(*plain(), MOTIF, hand, count, torch.Generator().manual_seed(seed), drawn)


def rows(strokes):
    return sample(strokes.points, strokes.segments, 60)[0].numpy()


FULL = Hand(
    Pen(width=0.01, color=(0.1, 0.2, 0.3), opacity=0.7, pressure=0.7, taper_end=0.4),
    Gesture(wobble=0.005, overshoot=0.01, longest=0.4, restate=2),
    Palette(),
)


def test_a_plain_hand_leaves_shapes_colors_and_notes():
    strokes, notes = plain()
    found, known = dressed(Hand(Pen(width=0.01, color=(0.1, 0.2, 0.3))))
    assert torch.equal(found.points, strokes.points)
    assert torch.allclose(found.widths, torch.full((6, 1), 4.0))
    assert torch.equal(found.colors, strokes.colors)
    assert list(known) == notes


def test_the_pen_arrives_in_the_strokes():
    found, _ = dressed(FULL)
    assert torch.allclose(found.opacities, torch.tensor(0.7))
    assert torch.allclose(found.colors, torch.tensor([0.1, 0.2, 0.3]))
    assert found.widths.shape[1] > 1
    assert torch.isfinite(found.widths).all()
    assert (found.widths > 0).all()


def test_same_seed_same_strokes():
    one, same, other = dressed(FULL), dressed(FULL), dressed(FULL, seed=1)
    assert all(torch.equal(getattr(one[0], name), getattr(same[0], name)) for name in one[0].__dataclass_fields__)
    assert one[1] == same[1]
    assert one[0].points.shape != other[0].points.shape or not torch.equal(one[0].points, other[0].points)


def test_no_more_strokes_than_allowed_and_importance_never_rises():
    found, known = dressed(FULL, count=9)
    assert len(found) == len(known) == 9
    importances = [note.importance for note in known]
    assert importances == sorted(importances, reverse=True)


def test_dressed_strokes_stay_near_the_plain_ones():
    found, _ = dressed(FULL)
    given = rows(plain()[0]).reshape(-1, 2)
    assert distances(rows(found).reshape(-1, 2), given).max() < 0.06 * 400


def test_strength_leads_from_the_plain_pen_to_the_full_style():
    given = rows(plain()[0]).reshape(-1, 2)

    def strayed(strength):
        found, _ = dressed(FULL.at(strength))
        return distances(rows(found).reshape(-1, 2), given).mean() if strength else 0.0

    assert torch.equal(dressed(FULL.at(0.0))[0].points, plain()[0].points)
    assert 0 < strayed(0.4) < strayed(1.0)


def test_one_line_is_one_stroke_through_all_and_its_beginning_is_its_prefix():
    hand = Hand(gesture=Gesture(single_line=True))
    found, known = dressed(hand)
    assert len(found) == len(known) == 1
    whole = sample(found.points, found.segments, 2000)[0][0].numpy()
    assert distances(rows(plain()[0]).reshape(-1, 2), whole).max() < 4
    half, _ = dressed(hand, drawn=0.5)
    assert distances(sample(half.points, half.segments, 300)[0][0].numpy(), whole).max() < 4
    assert int(half.segments[0]) < int(found.segments[0])


def test_lines_keep_the_pens_color_where_the_palette_is_for_hatching_only():
    palette = Palette(colors=((1.0, 0.0, 0.0),), contours=0.0)
    pen = Pen(color=(0.1, 0.2, 0.3))
    assert torch.allclose(dressed(Hand(pen, palette=palette))[0].colors, torch.tensor([0.1, 0.2, 0.3]))
    colorful = Palette(colors=((1.0, 0.0, 0.0),))
    assert torch.allclose(dressed(Hand(pen, palette=colorful))[0].colors, torch.tensor([1.0, 0.0, 0.0]), atol=0.01)


@pytest.mark.parametrize("count", [0, 3])
def test_hatching_is_dressed_in_its_order(count):
    lines = [along((20, 20 + 10 * k), (300, 20 + 10 * k), step=3) for k in range(count)]
    shading = Shading(DARK, np.full(count, 0.1), 10.0, 0.5, 0.0, 0.2, 0.5)
    pen = Pen(width=0.01, opacity=0.8)
    found = dress_hatching(lines, shading, MOTIF, Hand(pen), torch.Generator().manual_seed(0))
    assert len(found) == count
    if count:
        assert torch.allclose(found.opacities, torch.tensor(0.4))
        assert torch.allclose(found.points[:, 0, 1], torch.tensor([20.0, 30.0, 40.0]), atol=0.5)
        assert found.widths.max() == pytest.approx(0.5 * 0.01 * 400, rel=0.05)
