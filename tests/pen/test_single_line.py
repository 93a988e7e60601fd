import numpy as np

from backend.pen.lines import STEP, Line
from backend.pen.single_line import beginning, one_line
from tests.pictures import along, around, distances


def lines(*rows, closed=()):
    return [Line(row, i in closed, i) for i, row in enumerate(rows)]


def test_one_line_passes_along_every_line():
    parts = lines(
        along((10, 10), (200, 10), step=STEP),
        along((400, 300), (220, 100), step=STEP),
        around((300, 350), 30, step=STEP),
        along((10, 40), (10, 300), step=STEP),
        closed={2},
    )
    whole = one_line(parts)
    assert not whole.closed
    for part in parts:
        assert distances(part.row, whole.row).max() < STEP
    assert np.linalg.norm(np.diff(whole.row, axis=0), axis=1).max() < 2 * STEP


def test_it_begins_with_the_most_important_line():
    parts = lines(along((10, 10), (200, 10), step=STEP), along((0, 10), (0, 90), step=STEP))
    assert np.allclose(one_line(parts).row[0], (10, 10), atol=1)


def test_the_way_between_lines_is_short():
    """A row of dashes given in a wild order is drawn in its natural one."""
    dashes = [along((40 * k, 0), (40 * k + 30, 0), step=STEP) for k in (0, 5, 2, 8, 1, 9, 4, 7, 3, 6)]
    assert one_line(lines(*dashes)).length < 1.1 * 390


def test_lines_are_drawn_backwards_where_that_is_shorter():
    row = along((0, 0), (100, 0), step=STEP)
    assert one_line(lines(row, along((300, 4), (105, 4), step=STEP))).length < 1.1 * 300


def test_one_line_of_one_line_is_that_line():
    [line] = lines(along((0, 0), (100, 30), step=STEP))
    assert np.allclose(one_line([line]).row[[0, -1]], line.row[[0, -1]])


def test_a_beginning_is_the_first_part():
    line = one_line(lines(along((0, 0), (300, 0), step=STEP)))
    half = beginning(line, 0.5)
    assert np.array_equal(half.row, line.row[: len(half.row)])
    assert abs(half.length - 150) < 2 * STEP
    assert len(beginning(line, 0.0).row) >= 4


def test_a_late_crumb_far_from_all_others_is_left_out_and_an_early_one_is_not():
    dashes = [along((40 * k, 0), (40 * k + 36, 0), step=STEP) for k in range(10)]
    crumb = along((200, 300), (212, 300), step=STEP)
    late, early = one_line(lines(*dashes, crumb)), one_line(lines(crumb, *dashes))
    assert distances(crumb, late.row).min() > 100
    assert distances(crumb, early.row).max() < STEP
    assert distances(np.concatenate(dashes), late.row).max() < STEP
