import numpy as np
import pytest
import torch

from backend.core.bezier import sample
from backend.core.clip import clip_outside
from backend.core.strokes import Strokes

LINE = torch.tensor([[2.0, 5.5], [8.0, 5.5], [14.0, 5.5], [20.0, 5.5]])


def box(rows, columns, size=(24, 24)):
    hidden = np.zeros(size, bool)
    hidden[rows, columns] = True
    return hidden


def ring(center=12.0, radius=8.0):
    """A circle of four cubics that begins and ends at its right."""
    k = 0.5522847498 * radius
    right, top, left, bottom = (radius, 0), (0, -radius), (-radius, 0), (0, radius)
    hooks = [(radius, -k), (k, -radius), (-k, -radius), (-radius, -k), (-radius, k), (-k, radius), (k, radius), (radius, k)]
    rows = [right, *hooks[:2], top, *hooks[2:4], left, *hooks[4:6], bottom, *hooks[6:], right]
    return torch.tensor(rows, dtype=torch.float64) + center


def random_curves(count, seed=0, size=40.0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(3 * (1 + i % 4) + 1, 2, generator=generator, dtype=torch.float64) * size for i in range(count)]


def points_of(strokes, count=4000):
    return sample(strokes.points.double(), strokes.segments, count)[0].reshape(-1, 2).numpy()


def inside(points, hidden):
    x, y = np.floor(points).astype(int).T
    within = (x >= 0) & (x < hidden.shape[1]) & (y >= 0) & (y < hidden.shape[0])
    return within & hidden[y.clip(0, hidden.shape[0] - 1), x.clip(0, hidden.shape[1] - 1)]


def test_a_line_is_cut_exactly_at_the_borders_of_what_hides_it():
    cut, sources = clip_outside(Strokes.build([LINE], 2.0), box(slice(3, 9), slice(8, 12)))
    assert sources == [0, 0]
    ends = [(cut.curve(i)[0].tolist(), cut.curve(i)[-1].tolist()) for i in range(2)]
    assert ends == [([2.0, 5.5], [8.0, 5.5]), ([12.0, 5.5], [20.0, 5.5])]


def test_what_nothing_hides_stays_to_the_bit():
    strokes = Strokes.build([LINE, ring().float()], torch.tensor([2.0, 3.0]), closed=[False, True])
    cut, sources = clip_outside(strokes, box(slice(11, 13), slice(11, 13)))
    assert sources == [0, 1]
    for name in Strokes.__dataclass_fields__:
        assert torch.equal(getattr(cut, name), getattr(strokes, name)), name


def test_what_is_hidden_altogether_is_gone():
    cut, sources = clip_outside(Strokes.build([LINE], 2.0), box(slice(0, 24), slice(0, 24)))
    assert (len(cut), sources) == (0, [])


def test_nothing_is_hidden_beyond_the_mask():
    strokes = Strokes.build([LINE - 30, LINE + 30], 2.0)
    assert clip_outside(strokes, box(slice(0, 24), slice(0, 24)))[1] == [0, 1]


def test_no_point_of_any_part_lies_inside_and_none_outside_is_lost():
    generator = np.random.default_rng(5)
    hidden = np.kron(generator.random((13, 13)) < 0.4, np.ones((3, 3), bool))[:38, :38]
    hidden[generator.random(hidden.shape) < 0.05] = True  # lone pixels, which a coarse sampling would miss
    strokes = Strokes.build(random_curves(24), 1.0)
    cut, _sources = clip_outside(strokes, hidden)
    before, after = points_of(strokes, 1000), points_of(cut, 400)
    shrunk = np.abs(after - np.rint(after)).min(1) > 1e-9  # ends lie on the borders themselves
    assert inside(before, hidden).sum() > 2500
    assert inside(after[shrunk], hidden).sum() == 0
    seen = before[~inside(before, hidden)][::211]
    nearest = [np.linalg.norm(after - point, axis=1).min() for point in seen]
    assert max(nearest) < 0.2


def test_short_parts_are_dropped_but_no_whole_strokes():
    hidden = box(slice(3, 9), slice(4, 12))
    cut, _sources = clip_outside(Strokes.build([LINE, LINE / 20], 2.0), hidden, least=5.0)
    assert cut.points[:, 0].tolist() == [[12.0, 5.5], pytest.approx([0.1, 0.275])]


def test_a_closed_curve_is_opened_where_it_is_cut_and_not_at_its_seam():
    cut, _sources = clip_outside(Strokes.build([ring()], 1.0, closed=[True]), box(slice(0, 24), slice(0, 8)))
    assert len(cut) == 1
    assert cut.closed.tolist() == [False]
    assert cut.curve(0)[[0, -1], 0].tolist() == pytest.approx([8.0, 8.0])
    assert points_of(cut)[:, 0].max() == pytest.approx(20.0, abs=1e-3)


def test_widths_stay_where_they_were():
    strokes = Strokes.build([torch.cat([LINE, LINE[1:] + 18])], 1.0)
    strokes = Strokes(
        strokes.points, strokes.segments, strokes.closed, torch.linspace(1, 5, 9)[None], strokes.colors, strokes.opacities
    )
    cut, _sources = clip_outside(strokes, box(slice(0, 24), slice(11, 14)))
    assert cut.widths.shape == (2, 9)
    assert cut.widths[0, 0] == 1
    assert cut.widths[0, -1] == pytest.approx(2.0, abs=0.01)  # x = 11 is a quarter of the whole parameter
    assert cut.widths[1, -1] == 5


def test_color_and_opacity_go_with_every_part():
    strokes = Strokes.build([LINE], 2.0, (0.2, 0.4, 0.6))
    cut, _sources = clip_outside(strokes, box(slice(3, 9), slice(8, 12)))
    assert torch.equal(cut.colors, strokes.colors.expand(2, 3))
    assert torch.equal(cut.opacities, strokes.opacities.expand(2))
