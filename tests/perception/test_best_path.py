import itertools

import numpy as np
import pytest

from backend.perception.best_path import best_path, calmed


@pytest.mark.parametrize("bend", [0.0, 0.3, 5.0])
def test_no_other_path_is_better(bend):
    scores = np.random.default_rng(3).uniform(size=(5, 4))

    def score(path):
        return scores[range(5), list(path)].sum() - bend * (np.diff(path) ** 2).sum()

    best = max(itertools.product(range(4), repeat=5), key=score)
    assert score(best_path(scores, bend)) == pytest.approx(score(best))


def test_what_bends_much_is_left_for_what_is_straight():
    scores = np.zeros((6, 9))
    scores[:, 2], scores[3, 8] = 1.0, 3.0
    assert best_path(scores, 0.01).tolist() == [2, 2, 2, 8, 2, 2]
    assert best_path(scores, 1.0).tolist() == [2] * 6


def test_calming_keeps_what_is_even_and_takes_away_what_trembles():
    assert calmed(np.full(20, 3.0), 2.0) == pytest.approx(3.0)
    trembling = 3 + np.tile([-1.0, 1.0], 20)
    assert np.abs(calmed(trembling, 3.0)[5:-5] - 3).max() < 0.1
