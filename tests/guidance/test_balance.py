import pytest
import torch

from backend.core.strokes import Strokes
from backend.guidance.balance import BalancedObjective
from backend.guidance.presence import PresenceRatio, PresenceShare
from backend.guidance.view import View


def view(points=None, widths=2.0):
    strokes = Strokes.build([torch.arange(8.0).reshape(4, 2), torch.ones(4, 2)], widths)
    return View(torch.zeros(1, 3, 2, 2), strokes if points is None else strokes.with_points(points))


def scaled(factor):
    return lambda seen: factor * seen.strokes.points.sum()


def test_a_term_with_the_steeper_gradient_weighs_less():
    points = torch.ones(2, 4, 2, requires_grad=True)
    objective = BalancedObjective({"flat": scaled(1.0), "steep": scaled(3.0)}, [points])
    total, values = objective(view(points))
    assert values == {"flat": 16.0, "steep": 48.0}
    assert float(total.detach()) == pytest.approx(0.75 * 16 + 0.25 * 48)
    total.backward()
    assert torch.allclose(points.grad, torch.full_like(points, 0.75 + 0.25 * 3))


def test_factors_come_before_the_balance_and_other_terms_stand_beside_it():
    points = torch.ones(2, 4, 2, requires_grad=True)
    terms = {"one": scaled(1.0), "other": scaled(2.0)}
    objective = BalancedObjective(terms, [points], {"more": scaled(10.0)}, {"other": 0.5})
    total, values = objective(view(points))
    assert float(total.detach()) == pytest.approx(0.5 * 16 + 0.5 * 16 + 160)
    assert values == {"one": 16.0, "other": 32.0, "more": 160.0}


def test_a_lone_term_weighs_one_and_flat_ones_are_shared():
    points = torch.ones(2, 4, 2, requires_grad=True)
    total, _values = BalancedObjective({"only": scaled(5.0)}, [points])(view(points))
    assert float(total.detach()) == 80
    flat = BalancedObjective({"a": scaled(0.0), "b": scaled(0.0)}, [points])(view(points))[0]
    assert float(flat.detach()) == 0


def test_presence_is_the_mean_share_of_the_width():
    assert float(PresenceShare(2.0)(view(widths=torch.tensor([2.0, 1.0])))) == pytest.approx(0.75)


def test_the_ratio_ties_presence_to_what_is_lost():
    share = PresenceShare(2.0)
    ratio = PresenceRatio(share, 0.5, [lambda seen: torch.tensor(1.0), lambda seen: torch.tensor(0.5)])
    assert float(ratio(view(widths=2 * 0.75))) == pytest.approx(0.0, abs=1e-12)
    assert float(ratio(view(widths=2.0))) == pytest.approx(0.25**2)
