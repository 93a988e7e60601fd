"""Time left: nothing too early, then near the truth, in calm words."""

import pytest
from stylesketch_ext.estimate import TimeLeft, spoken


def test_steady_progress_is_predicted():
    left = TimeLeft()
    assert left.update(0.0, 0.0) is None
    assert left.update(0.05, 1.0) is None
    for second in range(2, 10):
        seconds = left.update(second * 0.05, float(second))
    assert seconds == pytest.approx(20 - 9, abs=0.5)


def test_an_early_jump_promises_nothing():
    left = TimeLeft()
    left.update(0.0, 0.0)
    left.update(0.02, 0.1)
    assert left.update(0.02, 5.0) is None
    assert left.update(0.04, 5.1) > 30


def test_when_nothing_moves_the_time_grows():
    left = TimeLeft()
    for second in range(5):
        left.update(second * 0.1, float(second))
    assert 5 < left.update(0.4, 5.0) < left.update(0.4, 8.0)


def test_slow_work_after_a_quick_start_is_noticed():
    left = TimeLeft()
    for tick in range(200):
        seconds = left.update(min(0.3, tick * 0.03) + tick * 0.001, tick * 0.1)
    assert seconds == pytest.approx((1 - 0.3 - 0.2) / 0.01, rel=0.3)


def test_standstill_says_nothing():
    left = TimeLeft()
    assert [left.update(0.0, float(t)) for t in range(9)] == [None] * 9


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, "a few seconds left"),
        (12, "about 15 s left"),
        (50, "about 50 s left"),
        (70, "about 1 min left"),
        (300, "about 5 min left"),
    ],
)
def test_words(seconds, words):
    assert spoken(seconds) == words
