import numpy as np
import pytest

from backend.initialize.trajectories import TrajectorySettings, opacity, presence, smooth_way

ALL = np.ones(30, bool)
STILL = np.zeros((30, 2))
STIFF = TrajectorySettings(stiffness=3.0)


def acceleration(way):
    return np.abs(np.diff(way, n=2, axis=0)).mean()


def test_even_motion_stays_as_it_is():
    way = np.arange(30.0)[:, None, None] * np.array([[1.5, -2.0]])
    assert np.allclose(smooth_way(way, ALL, STILL), way, atol=1e-6)


def test_tremor_goes_and_the_way_stays():
    chance = np.random.default_rng(0)
    clean = np.stack([10 * np.sin(np.arange(30) / 6), np.arange(30.0)], 1)[:, None]
    rough = clean + chance.normal(0, 0.5, clean.shape)
    smooth = smooth_way(rough, ALL, STILL, STIFF)
    assert acceleration(smooth) < acceleration(rough) / 4
    assert np.abs(smooth - clean).mean() < 0.4


def test_the_minimum_is_the_one_of_its_formula():
    chance = np.random.default_rng(1)
    rough, seen = chance.normal(size=(12, 2, 2)), chance.random(12) > 0.3
    settings = TrajectorySettings(stiffness=1.7, unseen_weight=0.2)
    second = np.diff(np.eye(12), n=2, axis=0)
    weights = np.where(seen, 1, 0.2)
    exact = np.linalg.solve(np.diag(weights) + 1.7 * second.T @ second, weights[:, None] * rough.reshape(12, 4))
    assert np.allclose(smooth_way(rough, seen, np.zeros((12, 2)), settings), exact.reshape(rough.shape), atol=1e-6)


def test_a_picture_that_jerks_takes_its_strokes_along():
    drift = np.random.default_rng(2).normal(0, 9, (30, 2))
    drift[0] = 50  # what was before the first frame does not matter
    jerks = np.cumsum(drift, axis=0)[:, None] + np.array([[1.0, 2.0], [3.0, 4.0]])
    assert np.allclose(smooth_way(jerks, ALL, drift, STIFF), jerks, atol=1e-6)
    assert np.abs(smooth_way(jerks, ALL, STILL, STIFF) - jerks).max() > 3


def test_frames_in_which_it_was_not_seen_count_little():
    way = np.arange(30.0)[:, None, None] * np.ones((1, 2))
    way[12:15] += 20
    seen = ALL.copy()
    seen[12:15] = False
    assert (
        np.abs(smooth_way(way, seen, STILL, STIFF)[13] - 13).max()
        < 3
        < np.abs(smooth_way(way, ALL, STILL, STIFF)[13] - 13).max()
    )


@pytest.mark.parametrize("count", [1, 2])
def test_short_ways_stay(count):
    way = np.random.default_rng(0).normal(size=(count, 4, 2))
    assert np.array_equal(smooth_way(way, np.ones(count, bool), np.zeros((count, 2))), way)


def bits(text):
    return np.array([character == "x" for character in text])


@pytest.mark.parametrize(("seen", "drawn"), [
    ("xxxx..xxxx", "xxxxxxxxxx"),
    ("xxxx...xxx", "xxxx...xxx"),
    ("xxxx....x....", "xxxx........."),
    ("....xx", "....xx"),
    ("xx....", "xx...."),
])  # fmt: skip
def test_strokes_do_not_blink(seen, drawn):
    assert presence(bits(seen)).tolist() == bits(drawn).tolist()


def test_a_stroke_comes_and_goes_gently():
    there = bits("..xxxx..." + ".")
    assert np.allclose(opacity(there, False), [0, 0, 1 / 3, 2 / 3, 1, 1, 2 / 3, 1 / 3, 0, 0])
    assert np.allclose(opacity(bits("xxx"), True), 1)
    assert opacity(bits("xxx"), False)[0] == pytest.approx(1 / 3)
