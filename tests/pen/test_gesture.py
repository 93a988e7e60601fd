import itertools

import numpy as np
import pytest

from backend.pen.gesture import Gesture, gestured, slow_noise
from backend.pen.lines import STEP, Line
from tests.pictures import along, around, distances

SIDE = 900.0
STRAIGHT = Line(along((100, 100), (700, 100), step=STEP), False, 0)
CORNER = Line(along((100, 100), (400, 100), (400, 400), step=STEP), False, 0)
RING = Line(around((300, 300), 100, step=STEP), True, 1)


def chance():
    return np.random.default_rng(3)


def drawn(line, **gesture):
    return gestured([line], Gesture(**gesture), SIDE, chance(), 100)


def test_a_plain_hand_changes_nothing():
    [line] = drawn(CORNER)
    assert np.array_equal(line.row, CORNER.row)


def test_a_wobble_strays_as_far_as_it_says_and_no_farther():
    [line] = drawn(STRAIGHT, wobble=0.01, wobble_length=0.1)
    strayed = np.abs(line.row[:, 1] - 100)
    assert 4 < strayed.max() < 1.3 * 0.01 * SIDE


def test_a_wobble_has_the_length_it_says():
    count = {}
    for length in (0.05, 0.2):
        y = drawn(STRAIGHT, wobble=0.01, wobble_length=length)[0].row[:, 1] - 100
        count[length] = int((np.diff(np.sign(np.diff(y))) != 0).sum())
    assert count[0.05] > 2 * count[0.2]
    assert count[0.2] <= 600 / (0.2 * SIDE) * 2 + 3


def test_a_wobble_keeps_corners_and_closed_shapes():
    [ring] = drawn(RING, wobble=0.01)
    assert ring.closed
    assert np.allclose(ring.row[0], ring.row[-1])
    [corner] = drawn(CORNER, wobble=0.002, wobble_length=0.2)
    assert len(corner.corners) == 1
    assert distances(corner.row[list(corner.corners)], [(400, 100)]).max() < 12


def test_small_shapes_hardly_wobble():
    pupil = Line(around((50, 50), 5, step=1), True, 0)
    [line] = drawn(pupil, wobble=0.02)
    assert np.abs(np.linalg.norm(line.row - 50, axis=1) - 5).max() < 5


def test_free_ends_overshoot_in_their_direction():
    [line] = drawn(STRAIGHT, overshoot=0.05)
    assert 100 - 0.05 * SIDE <= line.row[0, 0] < 95
    assert 705 < line.row[-1, 0] <= 700 + 0.05 * SIDE
    assert np.allclose(line.row[:, 1], 100)
    [ring] = drawn(RING, overshoot=0.05)
    assert np.array_equal(ring.row, RING.row)


def test_long_lines_are_drawn_in_pieces_that_overlap():
    pieces = drawn(STRAIGHT, longest=0.2)
    assert len(pieces) == 4
    assert all(piece.length < 1.6 * 0.2 * SIDE for piece in pieces)
    for left, right in itertools.pairwise(pieces):
        assert right.row[0, 0] < left.row[-1, 0]
    assert len(drawn(STRAIGHT, longest=1.0)) == 1


def test_few_strokes_are_not_spent_on_pieces():
    lines = [STRAIGHT, CORNER, RING]
    assert len(gestured(lines, Gesture(longest=0.1), SIDE, chance(), 100)) > 12
    few = gestured(lines, Gesture(longest=0.1, restate=3), SIDE, chance(), 4)
    assert {line.source for line in few} == {0, 1}  # all three, before any is drawn again
    assert len(few) == 4
    two = gestured(lines, Gesture(longest=0.1), SIDE, chance(), 2)
    assert [round(line.length) for line in two] == [600, 600]  # whole


def test_lines_are_restated_beside_themselves_after_all_were_stated():
    lines = gestured([STRAIGHT, RING], Gesture(restate=3, spread=0.01), SIDE, chance(), 100)
    assert [line.source for line in lines] == [0, 1, 0, 1, 0, 1]
    assert np.array_equal(lines[0].row, STRAIGHT.row)
    for again in lines[2::2]:
        apart = np.abs(again.row[:, 1] - 100).max()
        assert 0.5 < apart < 4 * 0.01 * SIDE
    assert all(line.closed and np.allclose(line.row[0], line.row[-1]) for line in lines[1::2])


def test_a_calm_hand_smooths_small_bends_but_not_large_ones():
    x = np.arange(0, 600, STEP)
    shaky = Line(np.stack([x, 100 + 2 * np.sin(x / 5) + 60 * np.sin(x / 150)], 1), False, 0)
    [line] = drawn(shaky, calm=0.01)
    x = np.arange(0, 600, 0.5)
    large = np.stack([x, 100 + 60 * np.sin(x / 150)], 1)
    assert distances(line.row[15:-15], large).max() < 0.7
    assert distances(shaky.row[15:-15], large).max() > 1.7


def test_slow_noise_is_slow_and_bounded():
    noise = slow_noise(400, 40, False, chance())[:, 0]
    assert np.abs(noise).max() <= 1.3
    assert np.abs(noise).max() > 0.5
    assert np.abs(np.diff(noise)).max() < 0.2


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_strength_leads_from_a_plain_hand_to_the_full_one(strength):
    full = Gesture(calm=0.01, wobble=0.01, overshoot=0.02, longest=0.3, restate=3, spread=0.01, single_line=True)
    hand = full.at(strength)
    assert hand.wobble == pytest.approx(0.01 * strength)
    assert hand.restate == {0.0: 1, 0.5: 2, 1.0: 3}[strength]
    assert hand.single_line == (strength > 0)
    if strength == 0:
        assert len(gestured([STRAIGHT], hand, SIDE, chance(), 100)) == 1
    if strength == 1:
        assert hand == full
