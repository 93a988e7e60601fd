import numpy as np
import pytest

from backend.initialize.link import LinkSettings, link_traces, near_pairs
from backend.initialize.streamlines import Trace
from tests.pictures import along, around


def trace(row, closed=False):
    return Trace(row, np.linspace(0, 1, len(row)), closed)


def places(traces):
    """All points, in no order."""
    return sorted(map(tuple, np.concatenate([t.row for t in traces]).round(6).tolist()))


@pytest.mark.parametrize("gap", [3, 10, 18])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_two_collinear_lines_with_a_gap_join_whichever_way_they_run(gap, turned):
    rows = along((0, 0), (50, 0)), along((50 + gap, 0), (100, 0))
    joined = link_traces([trace(row[::-1] if back else row) for row, back in zip(rows, turned, strict=True)])
    [line] = joined
    assert not line.closed
    assert sorted(line.row[[0, -1], 0].tolist()) == [0, 100]
    assert np.all(np.diff(line.row[:, 0]) > 0) or np.all(np.diff(line.row[:, 0]) < 0)
    assert places(joined) == sorted((x, y) for row in rows for x, y in row.round(6).tolist())


def test_a_joined_line_keeps_the_strength_of_each_point():
    first, second = trace(along((0, 0), (50, 0))), trace(along((100, 0), (60, 0)))
    [line] = link_traces([first, second])
    known = {tuple(p): s for t in (first, second) for p, s in zip(t.row.tolist(), t.strength.tolist(), strict=True)}
    assert [known[tuple(p)] for p in line.row.tolist()] == line.strength.tolist()


def test_three_pieces_become_one_line_in_order():
    pieces = [along((0, 0), (30, 0)), along((80, 0), (120, 0)), along((40, 0), (70, 0))]
    [line] = link_traces([trace(piece) for piece in pieces])
    assert line.length == pytest.approx(120)


@pytest.mark.parametrize("other", [
    along((0, 8), (50, 8)),
    along((60, 12), (110, 12)),
    along((80, 0), (130, 0)),
    along((60, 0), (60, 50)),
], ids=["parallel", "stepped aside", "too far", "across the gap"])  # fmt: skip
def test_lines_that_do_not_continue_each_other_stay_apart(other):
    assert len(link_traces([trace(along((0, 0), (50, 0))), trace(other)])) == 2


def test_ends_that_touch_join_at_a_corner():
    [line] = link_traces([trace(along((0, 0), (50, 0))), trace(along((52, 2), (52, 50)))])
    assert line.row[[0, -1]].tolist() in ([[0, 0], [52, 50]], [[52, 50], [0, 0]])


def test_a_hairpin_does_not_join():
    assert len(link_traces([trace(along((0, 0), (50, 0))), trace(along((50, 3), (0, 3)))])) == 2


def test_the_nearer_continuation_wins():
    rows = along((0, 0), (50, 0)), along((65, 0), (100, 0)), along((54, 0), (60, 0.5))
    lines = link_traces([trace(row) for row in rows[:2]] + [trace(rows[2])])
    assert len(lines) == 1
    assert np.all(np.diff(lines[0].row[:, 0]) != 0)


def test_the_pieces_of_a_broken_ring_become_one_closed_line():
    pieces = [around((60, 60), 50, start, start + 1.95) for start in (0, 2.09, 4.18)]
    [ring] = link_traces([trace(piece) for piece in pieces])
    assert ring.closed
    assert ring.row[0].tolist() == ring.row[-1].tolist()
    assert ring.length == pytest.approx(2 * np.pi * 50, rel=0.02)
    assert len(ring.strength) == len(ring.row)


def test_an_arc_with_a_wide_opening_stays_open():
    [arc] = link_traces([trace(around((60, 60), 50, 0.4, 5.9))])
    assert not arc.closed


def test_a_short_hook_is_not_closed():
    [hook] = link_traces([trace(around((60, 60), 5, 0, 5.5))])
    assert not hook.closed


def test_closed_lines_stay_as_they_are():
    ring = trace(around((60, 60), 20), closed=True)
    lines = link_traces([ring, trace(along((84, 60), (140, 60)))])
    assert len(lines) == 2
    assert lines[0] is ring


@pytest.mark.parametrize("seed", range(12))
def test_no_point_is_lost_or_doubled(seed):
    random = np.random.default_rng(seed)
    traces = []
    for _ in range(40):
        start, angle = random.uniform(0, 150, 2), random.uniform(0, 6.3)
        end = start + random.uniform(5, 40) * np.array([np.cos(angle), np.sin(angle)])
        traces.append(trace(along(start, end)))
    lines = link_traces(traces, LinkSettings(bend=0.3, touch=12.0, corner=-1.0))
    count = sum(len(line.row) - line.closed for line in lines)
    assert count == sum(len(t.row) for t in traces)
    assert set(places(lines)) == set(places(traces))


@pytest.mark.parametrize("traces", [[], [trace(along((0, 0), (50, 0)))]])
def test_none_or_one_line_stays(traces):
    assert [line.row.tolist() for line in link_traces(traces)] == [t.row.tolist() for t in traces]


@pytest.mark.parametrize("count", [0, 1, 2, 400])
def test_all_pairs_of_ends_within_reach_are_looked_at_and_few_others(count):
    points = np.random.default_rng(count).uniform(0, [300, 200], (count, 2)).round()  # some have the same x
    first, second = near_pairs(points, 22.0)
    found = set(zip(first.tolist(), second.tolist(), strict=True))
    gaps = np.linalg.norm(points[None] - points[:, None], axis=2)
    wanted = {(i, j) for i in range(count) for j in range(i + 1, count) if gaps[i, j] < 22.0}
    assert wanted <= found and len(found) == len(first) <= 2 * len(wanted)
    assert all(i < j for i, j in found)
