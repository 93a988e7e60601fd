import numpy as np
import pytest

from backend.initialize.bridge import BridgeSettings, bridged
from backend.initialize.streamlines import Trace
from tests.pictures import along, around

SHAPE = (300, 400)


def trace(row, closed=False):
    return Trace(row, np.ones(len(row)), closed)


def arc(first, last, center=(200, 150), radius=100.0):
    """A part of a circle, from one angle to another in degrees."""
    angles = np.radians(np.arange(first, last, 0.6))
    return np.stack([center[0] + radius * np.cos(angles), center[1] + radius * np.sin(angles)], 1)


@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_a_broken_circle_is_carried_on_along_the_circle(turned):
    pieces = [arc(0, 150), arc(190, 330)]
    [line] = bridged([trace(row[::-1] if back else row) for row, back in zip(pieces, turned, strict=True)], SHAPE)
    away = np.abs(np.linalg.norm(line.row - (200, 150), axis=1) - 100)
    assert away.max() < 4  # a straight bridge would be 6 px off
    assert np.linalg.norm(np.diff(line.row, axis=0), axis=1).max() < 2.5


def test_a_bridge_is_faint_and_what_was_seen_stays_as_it_was():
    first, second = trace(along((10, 100), (110, 100))), trace(along((160, 100), (260, 100)))
    [line] = bridged([first, second], SHAPE)
    built = line.strength == BridgeSettings().faint
    assert 45 <= built.sum() <= 50
    assert sorted(line.row[~built].tolist()) == sorted([*first.row.tolist(), *second.row.tolist()])


@pytest.mark.parametrize("other", [
    along((160, 130), (260, 130)),
    along((230, 100), (330, 100)),
    along((160, 100), (260, 170)),
    along((160, 100), (170, 100)),
], ids=["stepped aside", "too far", "another way", "too short"])  # fmt: skip
def test_lines_that_do_not_lead_to_each_other_stay_apart(other):
    assert len(bridged([trace(along((10, 100), (110, 100))), trace(other)], SHAPE)) == 2


def test_no_bridge_crosses_another_line():
    ends = [trace(along((10, 100), (110, 100))), trace(along((160, 100), (260, 100)))]
    post = trace(along((135, 40), (135, 160)))
    ring = trace(around((135, 100), 12), closed=True)
    assert len(bridged(ends, SHAPE)) == 1
    assert len(bridged([*ends, post], SHAPE)) == 3
    assert len(bridged([*ends, ring], SHAPE)) == 3


def test_no_bridge_leaves_the_canvas():
    rows = arc(60, 80, (200, 250), 60), arc(100, 120, (200, 250), 60)
    settings = BridgeSettings(share=9.0, least=10.0, miss=1.0)
    assert len(bridged([trace(row) for row in rows], (400, 400), settings)) == 1
    assert len(bridged([trace(row) for row in rows], (309, 400), settings)) == 2


def test_none_or_one_line_stays():
    [only] = bridged([trace(along((0, 0), (90, 0)))], SHAPE)
    assert only.row[:, 0].tolist() == list(range(91)) and bridged([], SHAPE) == []
