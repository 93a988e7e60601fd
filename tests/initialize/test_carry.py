from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest

from backend.core.image import Framing
from backend.initialize.carry import Canvas, CarriedStroke, CarrySettings, begun, moved, snapped
from backend.initialize.curve_places import length_of
from backend.initialize.trace import Lines
from tests.pictures import ridge_field

SETTINGS = CarrySettings()
SHAPE = (160, 220)
GRAY = np.full((*SHAPE, 3), 50, np.float32)
FRAMING = Framing(SHAPE, SHAPE)


@dataclass(frozen=True)
class Similar:
    """Everything turns, grows and shifts; what lies right of x = `hidden` is hidden, and a share of the places strays."""

    turn: float = 0.0
    grow: float = 1.0
    shift: tuple = (0.0, 0.0)
    hidden: float = 1e9
    stray: float = 0.0

    def of(self, points):
        a = self.grow * np.exp(1j * self.turn)
        z = a * (points[:, 0] + 1j * points[:, 1]) + complex(*self.shift)
        return np.stack([z.real, z.imag], 1)

    def follow(self, points):
        there = self.of(points)
        chance = np.random.default_rng(0)
        astray = chance.random(len(points)) < self.stray
        there[astray] += chance.uniform(-40, 40, (int(astray.sum()), 2))
        return there, points[:, 0] < self.hidden


def line(start, end):
    start, end = np.array(start, float), np.array(end, float)
    return start + np.linspace(0, 1, 4)[:, None] * (end - start)


def canvas(*rows, lab=GRAY, framing=FRAMING):
    field = ridge_field(framing.canvas, *rows)
    return Canvas(framing, Lines(*field, np.zeros(framing.canvas, np.float32)), lab)


def horizontal(y, first=10, last=200):
    return np.stack([np.arange(first, last, 0.5), np.full(2 * (last - first), float(y))], 1)


def stroke(curve, name=0, on=None, closed=False):
    [new] = begun([name], [np.asarray(curve)], [closed], on or canvas(horizontal(60)), SETTINGS)
    return new


MOTIONS = [
    Similar(shift=(6, -3)),
    Similar(turn=0.1, shift=(4, 2)),
    Similar(grow=1.06),
    Similar(turn=-0.05, grow=0.95, shift=(9, 9)),
]


@pytest.mark.parametrize("motion", MOTIONS)
def test_strokes_move_as_what_they_lie_on(motion):
    before = [stroke(line((20, 60), (180, 64)), 0), stroke(line((50, 20), (60, 120)), 1)]
    for old, new in zip(before, moved(before, motion, 1.0, SETTINGS, 0), strict=True):
        assert np.abs(new.curve - motion.of(old.curve)).max() < 0.3
        assert new.drift == pytest.approx((new.curve - old.curve).mean(0), abs=1e-9)


@pytest.mark.parametrize("motion", MOTIONS)
def test_places_that_stray_do_not_matter(motion):
    before = [stroke(line((20, 60), (180, 64)), 0)]
    [new] = moved(before, replace(motion, stray=0.35), 1.0, SETTINGS, 0)
    assert np.abs(new.curve - motion.of(before[0].curve)).max() < 1.5


def test_the_same_seed_moves_the_same_way():
    before = [stroke(line((20, 60), (180, 64)), 0)]
    one, other = (moved(before, Similar(0.02, stray=0.4), 1.0, SETTINGS, 7)[0].curve for _ in range(2))
    assert np.array_equal(one, other)


def test_a_stroke_that_cannot_be_followed_goes_with_its_neighbors():
    before = [stroke(line((20, 60), (120, 60)), 0), stroke(line((140, 50), (170, 70)), 1)]
    motion = Similar(shift=(5, -4), hidden=130)
    hidden = moved(before, motion, 1.0, SETTINGS, 0)[1]
    assert np.abs(hidden.curve - motion.of(before[1].curve)).max() < 0.5


def test_without_any_neighbor_it_goes_on_as_before():
    before = [replace(stroke(line((20, 60), (120, 60))), drift=(3.0, 1.0))]
    [hidden] = moved(before, Similar(shift=(50, 50), hidden=0), 1.0, SETTINGS, 0)
    assert np.allclose(hidden.curve - before[0].curve, (3, 1))
    assert moved([], Similar(), 1.0, SETTINGS, 0) == []


@pytest.mark.parametrize("off", [-6, -2.5, 3, 7])
def test_strokes_are_put_on_the_line_beside_them(off):
    here = canvas(horizontal(60))
    [on_it] = snapped([replace(stroke(line((40, 60), (160, 60))), curve=line((40, 60 + off), (160, 60 + off)))], here, SETTINGS)
    assert on_it.unseen == 0
    assert np.abs(on_it.curve[:, 1] - 60).max() < 1.1
    assert np.abs(on_it.curve[:, 0] - line((40, 0), (160, 0))[:, 0]).max() < 1e-6


def test_lines_that_cross_do_not_draw_a_stroke_away():
    crossing = np.stack([np.full(200, 90.0), np.arange(20, 120, 0.5)], 1)
    [on_it] = snapped([stroke(line((40, 60), (160, 60)))], canvas(horizontal(60), crossing), SETTINGS)
    assert np.abs(on_it.curve[:, 1] - 60).max() < 1.1


def test_a_closed_stroke_stays_closed():
    angle = np.linspace(0, 2 * np.pi, 13)
    ring = np.stack([100 + 40 * np.cos(angle), 80 + 40 * np.sin(angle)], 1)
    many = np.linspace(0, 2 * np.pi, 600)
    here = canvas(np.stack([103 + 40 * np.cos(many), 80 + 40 * np.sin(many)], 1))
    [on_it] = snapped([stroke(ring, on=here, closed=True)], here, SETTINGS)
    assert np.allclose(on_it.curve[0], on_it.curve[-1], atol=1e-6)
    assert on_it.curve[:, 0].mean() - ring[:, 0].mean() > 1.2


def test_a_stroke_without_its_line_is_not_seen_and_stays_where_it_was_taken():
    before = stroke(line((40, 60), (160, 60)))
    [lost] = snapped([before], canvas(horizontal(120)), SETTINGS)
    assert lost.unseen == 1 and np.array_equal(lost.curve, before.curve)
    assert snapped([lost], canvas(horizontal(120)), SETTINGS)[0].unseen == 2


def test_it_is_told_which_places_of_a_stroke_still_have_their_line():
    before = stroke(line((40, 60), (160, 60)))
    assert before.held.all()
    [shorter] = snapped([before], canvas(horizontal(60, 10, 130)), SETTINGS)
    places = np.linspace(40, 160, len(shorter.held))
    assert shorter.unseen == 0 and shorter.held[places < 125].all() and not shorter.held[places > 135].any()


def test_of_strokes_that_come_onto_one_line_one_is_drawn():
    here, there = canvas(horizontal(60), horizontal(75)), canvas(horizontal(60))
    first, second = begun([0, 1], [line((40, 60), (160, 60)), line((50, 75), (150, 75))], [False, False], here, SETTINGS)
    near = replace(second, curve=line((50, 64), (150, 64)))
    kept, gone = snapped([first, near], there, SETTINGS)
    assert kept.unseen == 0 and kept.held.all() and gone.unseen == 1
    assert [stroke.unseen for stroke in snapped([first, second], here, SETTINGS)] == [0, 0]


def test_of_a_stroke_that_another_draws_in_part_the_rest_is_held():
    first, second = begun([0, 1], [line((20, 60), (120, 60)), line((80, 90), (190, 90))], [False, False],
                          canvas(horizontal(60), horizontal(90)), SETTINGS)  # fmt: skip
    kept, part = snapped([first, replace(second, curve=line((80, 63), (190, 63)))], canvas(horizontal(60)), SETTINGS)
    places = np.linspace(80, 190, len(part.held))
    assert kept.held.all() and part.unseen == 0
    assert not part.held[places < 115].any() and part.held[places > 128].all()


def test_another_thing_in_front_with_a_line_there_does_not_hold_it():
    before, other = stroke(line((40, 60), (160, 60))), GRAY.copy()
    other[..., 0], other[..., 2] = 80, 40
    assert snapped([before], canvas(horizontal(60), lab=other), SETTINGS)[0].unseen == 1


def test_one_side_may_change():
    before, half = stroke(line((40, 60), (160, 60))), GRAY.copy()
    half[:60, :, 0] = 95
    assert snapped([before], canvas(horizontal(60), lab=half), SETTINGS)[0].unseen == 0


def test_a_stroke_is_seen_again():
    hidden = replace(stroke(line((40, 60), (160, 60))), unseen=9)
    assert snapped([hidden], canvas(horizontal(63)), SETTINGS)[0].unseen == 0
    half = canvas(horizontal(60, 40, 100))  # enough to stay, too little to come back
    assert snapped([replace(hidden, unseen=0)], half, SETTINGS)[0].unseen == 0
    assert snapped([hidden], half, SETTINGS)[0].unseen == 10


def test_source_and_canvas_px_are_told_apart():
    framing = Framing((400, 600), SHAPE, (100.0, 50.0), 2.0)
    here = canvas(horizontal(60), framing=framing)
    before = stroke(line((40, 60), (160, 60)), on=here)
    assert np.allclose(before.curve, line((120, 80), (180, 80)))
    [on_it] = snapped([replace(before, curve=before.curve + np.array([0, 2]))], here, SETTINGS)
    assert np.abs(on_it.curve[:, 1] - 80).max() < 0.6


def test_the_length_is_the_arc_length():
    assert length_of(line((0, 0), (30, 40))) == pytest.approx(50)


def test_a_stroke_remembers_as_many_places_as_it_is_long():
    short, long = stroke(line((40, 60), (50, 60))), stroke(line((10, 60), (200, 60)))
    assert (len(short.look), len(long.look)) == (SETTINGS.least_samples, round(190 / SETTINGS.samples))
    assert isinstance(short, CarriedStroke) and cv2.norm(short.look[0, 0] - GRAY[0, 0]) < 1e-3


def test_a_short_stroke_does_not_shrink_on_a_line_that_crosses():
    crossing = np.stack([np.full(40, 60.0), np.arange(40, 80)], 1)
    here = canvas(crossing)
    short = stroke(line((50, 56), (70, 64)), on=canvas(horizontal(60)))
    for _ in range(6):
        [short] = snapped([replace(short, unseen=0)], here, SETTINGS)
    assert length_of(short.curve) > 0.8 * length_of(line((50, 56), (70, 64)))


@pytest.mark.parametrize("off", [(0, 17), (3, -15)])
def test_a_stroke_that_went_astray_is_found_on_the_line_that_looks_like_its_own(off):
    shade = GRAY.copy()
    shade[:60, :, 0] = 90  # only this line parts light from dark
    here = canvas(horizontal(60), lab=shade)
    before = stroke(line((40, 60), (160, 60)), on=here)
    lost = replace(before, curve=before.curve + np.array(off), unseen=4)
    [found] = snapped([lost], here, SETTINGS)
    assert found.unseen == 0 and np.abs(found.curve[:, 1] - 60).max() < 1.1
    dark = canvas(horizontal(60), lab=np.full_like(GRAY, 5))
    assert snapped([lost], dark, SETTINGS)[0].unseen == 5  # a line that looks otherwise is another one


def test_what_never_lay_on_a_line_is_known_by_its_surroundings():
    shade = GRAY.copy()
    shade[:60, :, 0] = 90
    feature = stroke(line((40, 60), (160, 60)), on=canvas(horizontal(120), lab=shade))
    assert feature.support == 0
    [kept] = snapped([feature], canvas(horizontal(120), lab=shade), SETTINGS)
    assert kept.unseen == 0 and np.array_equal(kept.curve, feature.curve)
    assert snapped([feature], canvas(horizontal(120)), SETTINGS)[0].unseen == 1


def test_hidden_places_do_not_say_how_a_stroke_moves():
    before = stroke(line((20, 60), (180, 60)))
    shown = np.arange(len(before.look)) < len(before.look) // 2
    mixed = Halves(Similar(shift=(9, 0)), 95.0)
    [new] = moved([replace(before, shown=shown)], mixed, 1.0, SETTINGS, 0)
    assert np.abs(new.curve - before.curve - (9, 0)).max() < 0.5


@dataclass(frozen=True)
class Halves:
    """What lies left of x moves so; all else stays."""

    left: Similar
    x: float

    def follow(self, points):
        there = np.where(points[:, :1] < self.x, self.left.of(points), points)
        return there, np.ones(len(points), bool)


def test_a_stroke_caught_by_what_stands_still_goes_on_with_those_that_moved_like_it():
    rows = [stroke(line((20, y), (80, y)), name) for name, y in enumerate((30, 50, 70))]
    post = stroke(line((110, 20), (110, 100)), 3)
    caught = stroke(line((100, 40), (104, 70)), 4)
    going = [replace(one, drift=(20.0, 0.0)) for one in (*rows, caught)]
    *_, still, led = moved([*going[:3], post, going[3]], Halves(Similar(shift=(20, 0)), 95.0), 1.0, SETTINGS, 0)
    assert np.abs(led.curve - caught.curve - (20, 0)).max() < 1
    assert np.abs(still.curve - post.curve).max() < 0.1


def test_hidden_strokes_go_with_those_that_moved_like_them_not_with_the_nearest():
    walker = replace(stroke(line((20, 60), (80, 60)), 0), drift=(20.0, 0.0))
    post = stroke(line((110, 20), (110, 100)), 1)
    hidden = replace(stroke(line((105, 40), (115, 70)), 2), drift=(20.0, 0.0), unseen=3)
    *_, led = moved([walker, post, hidden], Halves(Similar(shift=(20, 0)), 95.0), 1.0, SETTINGS, 0)
    assert np.abs(led.curve - hidden.curve - (20, 0)).max() < 1
