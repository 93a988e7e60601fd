"""Trackers that users bring."""

import sys

import numpy as np
import pytest

from backend.core.errors import BadRequest
from backend.perception.tracker_plugin import bring_tracker, fingerprint
from backend.perception.tracking import glance, motion_between

FRAME = np.zeros((20, 30, 3), np.uint8)
POINTS = np.array([[3.0, 4.0], [5.0, 6.0]])
PLUGIN = """
import numpy as np

def right(before, after, points):
    return points + (7, 0), np.array([True, False])

class Counting:
    def __init__(self):
        self.calls = 0
    def __call__(self, before, after, points):
        self.calls += 1
        return points + self.calls, np.ones(len(points), bool)

def short(before, after, points):
    return points[:1], [True]

def nothing(before, after, points):
    return None

def breaks(before, after, points):
    raise RuntimeError("the network is too large\\nsecond line")

def lost(before, after, points):
    return points * np.nan, [True, True]

number = 3
"""


@pytest.fixture
def plugin(tmp_path):
    (tmp_path / "mine.py").write_text(PLUGIN)
    return lambda name: f"{tmp_path / 'mine.py'}:{name}"


def test_a_function_in_a_file_says_where_points_go(plugin):
    moved, seen = bring_tracker(plugin("right")).follow(FRAME, FRAME, POINTS)
    assert moved[0].tolist() == [10, 4] and seen.tolist() == [True, False]


def test_a_class_is_made_once_and_remembers(plugin):
    tracker = bring_tracker(plugin("Counting"))
    assert [tracker.follow(FRAME, FRAME, POINTS)[0][0, 0] for _ in range(2)] == [4, 5]


def test_a_module_is_found_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "my_tracker_module.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert bring_tracker("my_tracker_module:right").follow(FRAME, FRAME, POINTS)[0][0, 0] == 10
    sys.modules.pop("my_tracker_module")


def test_masks_and_cuts_are_those_of_the_flow(plugin):
    flow = motion_between(glance(FRAME), glance(FRAME))
    motion = bring_tracker(plugin("right")).motion(flow, FRAME, FRAME)
    assert motion.cut is False and motion.carried(np.ones((20, 30), np.float32)).mean() == 1
    assert motion.follow(POINTS)[0][0].tolist() == [10, 4]


def test_points_that_are_nowhere_are_not_seen(plugin):
    moved, seen = bring_tracker(plugin("lost")).follow(FRAME, FRAME, POINTS)
    assert not seen.any() and np.array_equal(moved, POINTS)


@pytest.mark.parametrize(("name", "said"), [
    ("short", "must return points [2, 2]"), ("nothing", "must return points"), ("breaks", "failed (the network is too large)"),
])  # fmt: skip
def test_a_tracker_that_fails_is_one_sentence(plugin, name, said):
    with pytest.raises(BadRequest) as caught:
        bring_tracker(plugin(name)).follow(FRAME, FRAME, POINTS)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "said"), [
    ("justaname", "must have the form"), ("nowhere.py:track", "There is no file nowhere.py"),
    ("no.such.module:track", "cannot be loaded (ModuleNotFoundError"), ("math:flow", "has no tracker flow"),
    ("math:pi", "cannot be called"),
])  # fmt: skip
def test_a_tracker_that_is_not_there_is_told(name, said):
    with pytest.raises(BadRequest) as caught:
        bring_tracker(name)
    assert said in str(caught.value)


def test_another_file_is_another_tracker(plugin, tmp_path):
    before = fingerprint(plugin("right"))
    (tmp_path / "mine.py").write_text(PLUGIN + "\n# other")
    assert fingerprint(plugin("right")) != before and fingerprint("math:pi") == "math:pi "
