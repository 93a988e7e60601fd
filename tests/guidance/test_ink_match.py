"""The ink term against the plain composition of torch's own parts."""

import pytest
import torch
import torch.nn.functional as F

from backend.core.image import luminance
from backend.core.strokes import Strokes
from backend.guidance.ink import InkMatch
from backend.guidance.view import View

PAPER = torch.tensor([1.0, 0.9, 0.8], dtype=torch.float64)
NONE = Strokes.build([], 1.0)


def plainly(image, target, paper, levels, far):
    drawn, total = (luminance(paper.view(1, 3, 1, 1)) - luminance(image)).abs(), 0.0
    for level in range(levels):
        total = total + far**level * F.mse_loss(drawn, target)
        drawn, target = (F.avg_pool2d(one, 2, ceil_mode=True, count_include_pad=False) for one in (drawn, target))
    return total


def both(image, leaf, size, levels=4, paper=PAPER):
    target = torch.rand(1, 1, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    found = InkMatch(target, paper, levels, 3.0)(View(image, NONE))
    expected = plainly(image, target, paper, levels, 3.0)
    return [(loss, torch.autograd.grad(2.5 * loss, leaf, retain_graph=True)[0]) for loss in (found, expected)]


@pytest.mark.parametrize("size", [(16, 24), (17, 23), (9, 30), (1, 1), (3, 2), (33, 47)])
@pytest.mark.parametrize("levels", [1, 2, 4])
def test_equals_the_composition(size, levels):
    image = torch.rand(1, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    (loss, gradient), (expected, slope) = both(image, image, size, levels)
    assert torch.allclose(loss, expected)
    assert torch.allclose(gradient, slope, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("paper", [PAPER, torch.full((3,), 0.9, dtype=torch.float64)])
def test_a_gray_drawing_whose_channels_share_their_memory(paper):
    gray = torch.rand(1, 1, 15, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    (loss, gradient), (expected, slope) = both(gray.expand(-1, 3, -1, -1), gray, (15, 20), paper=paper)
    assert torch.allclose(loss, expected)
    assert torch.allclose(gradient, slope)


def test_blank_paper_asks_for_nothing_and_the_gradient_may_be_asked_for_twice():
    image = torch.ones(1, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    loss = InkMatch(torch.rand(1, 1, 8, 8, dtype=torch.float64), torch.ones(3, dtype=torch.float64))(View(image, NONE))
    first, second = (torch.autograd.grad(loss, image, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second) and not first.any()
