"""A second opinion on the order of strokes."""

import numpy as np

from backend.initialize.order import OrderSettings, order_by_coverage
from tests.pictures import along

CANVAS = (200, 200)
ROWS = [along((20, 20 + 20 * k), (20 + 18 * k + 20, 20 + 20 * k)) for k in range(8)]
WORTHS = [np.ones(len(row)) for row in ROWS]


class Ballot:
    """Votes for the rows nearest to the top, and remembers what was drawn."""

    def __init__(self):
        self.drawn = []

    def gains(self, rows):
        return np.array([-row[0, 1] for row in rows])

    def draw(self, row):
        self.drawn.append(row)


def order(votes, count=8, **settings):
    return [i for i, _ in order_by_coverage(ROWS, WORTHS, CANVAS, count, OrderSettings(**settings), votes=votes)]


def test_votes_change_the_order_after_the_first_strokes():
    plain, ballot = order(None), Ballot()
    voted = order(ballot, vote=100.0)
    assert voted[:4] == plain[:4]
    assert voted[4:] == sorted(voted[4:])
    assert voted != plain
    assert [int((row[0, 1] - 20) // 20) for row in ballot.drawn] == voted


def test_a_vote_without_weight_changes_nothing():
    assert order(Ballot(), vote=0.0) == order(None)


def test_only_the_shortlist_is_put_to_the_vote():
    assert order(Ballot(), vote=100.0, shortlist=1) == order(None)


def test_prefixes_stay_prefixes():
    full = order(Ballot(), vote=2.0)
    for count in (3, 5, 7):
        assert order(Ballot(), count, vote=2.0) == full[:count]
