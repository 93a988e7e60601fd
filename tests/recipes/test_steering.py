"""What was measured on a style weighs the terms that strokes are fitted by."""

import cv2
import numpy as np
import pytest
import torch

from backend.core.strokes import Strokes
from backend.guidance.ink import InkMatch
from backend.guidance.view import View
from backend.recipes.steering import MOST, USUAL, Steering
from backend.style_pack import Measured


def test_what_is_usual_or_unknown_steers_nothing():
    assert Steering.of(Measured(), 1.0) == Steering.of(USUAL, 1.0) == Steering()
    assert Steering.of(Measured(wobble=1.0, edge_density=1.0, ink_coverage=1.0), 0.0) == Steering()


@pytest.mark.parametrize(
    ("measured", "weight", "share"),
    [
        (Measured(wobble=2 * USUAL.wobble), "bending", 0.5),
        (Measured(wobble=0.0), "bending", MOST),
        (Measured(wobble=1.0), "bending", 1 / MOST),
        (Measured(edge_density=2.25 * USUAL.edge_density), "fine", 1.5),
        (Measured(edge_density=1.0), "fine", 2.0),
        (Measured(edge_density=0.0), "fine", 0.5),
        (Measured(ink_coverage=2.25 * USUAL.ink_coverage), "tones", 1.5),
    ],
)
def test_each_measurement_weighs_the_term_it_says_something_of(measured, weight, share):
    steering = Steering.of(measured, 1.0)
    assert getattr(steering, weight) == pytest.approx(share)
    assert [name for name in vars(Steering()) if getattr(steering, name) != 1] == [weight]
    assert getattr(Steering.of(measured, 0.5), weight) == pytest.approx(share**0.5)


def test_a_dense_style_sees_lines_from_closer_by():
    """A small shift of a thin line is told by fine levels; one far off by coarse ones."""
    target = np.zeros((64, 64), np.float32)
    cv2.line(target, (10, 32), (54, 32), 1.0, 1)
    drawn = torch.ones(1, 3, 64, 64)
    drawn[:, :, 34, 10:55] = 0
    view = View(drawn, Strokes.build([], 1.0))

    def share_of_fine(fine):
        whole, near = (
            float(InkMatch(torch.from_numpy(target)[None, None], torch.ones(3), levels, far=2.0 / fine)(view))
            for levels in (4, 1)
        )
        return near / whole

    dense, usual, sparse = (Steering.of(Measured(edge_density=edges), 1.0).fine for edges in (0.4, None, 0.01))
    assert share_of_fine(dense) > share_of_fine(usual) > share_of_fine(sparse)
