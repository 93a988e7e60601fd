import pytest
import torch

from backend.core.strokes import Strokes
from backend.guidance.along_lines import AlongLines
from backend.guidance.bending import KeepBending
from backend.guidance.ends import KeepEnds
from backend.guidance.ink import InkMatch
from backend.guidance.patches import PatchMatch, PatchSettings
from backend.guidance.repulsion import PushApart
from backend.guidance.stroke_places import StrokePlaces
from backend.guidance.tones import KeepTones
from backend.guidance.view import Objective, View

SIZE = (3, 5)


def strokes(points=None):
    curves = torch.rand(2, 7, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 10
    built = Strokes.build([curves[0], curves[1, :4]], 2.0)
    return built if points is None else built.with_points(points)


def elsewhere():
    return strokes(
        strokes().points + 1.5 * torch.rand(2, 7, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    )


def field():
    return torch.rand(1, 2, 9, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(6)) - 0.5


def places():
    return StrokePlaces(strokes(), 1.0)


def image(seed=1):
    return torch.rand(1, 3, *SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def ink_target(seed=2):
    return torch.rand(1, 1, *SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


WHITE = torch.ones(3, dtype=torch.float64)
GUIDANCES = {
    "ink": lambda: InkMatch(ink_target(), WHITE),
    "ink on colored paper": lambda: InkMatch(ink_target(), torch.tensor([0.9, 0.8, 0.2], dtype=torch.float64)),
    "ink, one level": lambda: InkMatch(ink_target(), WHITE, levels=1),
    "ink, more levels than halvings": lambda: InkMatch(ink_target(), WHITE, levels=9),
    "bending": lambda: KeepBending(strokes(strokes().points + 1.5 * torch.rand(2, 7, 2, dtype=torch.float64))),
    "patches": lambda: PatchMatch(
        ink_target(), ink_target(3), WHITE, torch.Generator().manual_seed(0), PatchSettings(side=2, scales=1)
    ),
    "along lines": lambda: AlongLines(places(), field(), torch.ones(2, dtype=torch.float64)),
    "apart": lambda: PushApart(places(), strokes(), clear=9.0, one=0.1, room=2.0, reach=3.0),
    "ends": lambda: KeepEnds(places(), elsewhere(), touching=0.5),
    "tones": lambda: KeepTones(ink_target(), WHITE, 2),
}


@pytest.mark.parametrize("name", GUIDANCES)
def test_a_guidance_is_a_finite_scalar_not_below_zero(name):
    value = GUIDANCES[name]()(View(image(), strokes()))
    assert value.shape == ()
    assert bool(torch.isfinite(value))
    assert float(value) > 0


@pytest.mark.parametrize("name", GUIDANCES)
def test_a_guidance_gives_the_same_value_every_time(name):
    guidance = GUIDANCES[name]()
    assert float(guidance(View(image(), strokes()))) == float(guidance(View(image(), strokes())))


@pytest.mark.parametrize("name", GUIDANCES)
def test_the_gradient_of_a_guidance_is_right(name):
    guidance = GUIDANCES[name]()
    pixels, points = (0.8 * image()).requires_grad_(), strokes().points.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: guidance(View(a, strokes(b))) + 0 * a.sum() + 0 * b.sum(), (pixels, points))


def test_ink_is_zero_at_its_own_target():
    drawn = image().mean(1, keepdim=True)
    assert float(InkMatch(1 - drawn, WHITE)(View(drawn.expand(1, 3, *SIZE), strokes()))) == pytest.approx(0, abs=1e-12)


def test_white_lines_on_black_paper_are_ink_as_well():
    drawn = ink_target()
    guidance = InkMatch(drawn, torch.zeros(3, dtype=torch.float64))
    assert float(guidance(View(drawn.expand(1, 3, *SIZE), strokes()))) == pytest.approx(0, abs=1e-12)


def test_ink_feels_a_line_from_afar():
    target = torch.zeros(1, 1, 32, 32)
    target[..., 16] = 1
    losses = []
    for column in (17, 20, 24):
        paper = torch.ones(1, 3, 32, 32)
        paper[..., column] = 0
        losses.append(float(InkMatch(target, torch.ones(3))(View(paper, strokes()))))
    assert losses == sorted(losses)


def test_bending_is_zero_for_the_start_moved_or_turned_flat():
    start = strokes()
    assert float(KeepBending(start)(View(image(), start))) == 0
    assert float(KeepBending(start)(View(image(), start.with_points(start.points + 5)))) == pytest.approx(0, abs=1e-12)


def test_bending_does_not_look_at_padding():
    start = strokes()
    points = start.points.clone()
    points[1, 4:] += torch.rand(3, 2, dtype=torch.float64)
    assert float(KeepBending(start)(View(image(), start.with_points(points)))) == 0


def test_an_objective_weighs_its_terms_and_tells_them_unweighted():
    terms = {"two": lambda view: torch.tensor(2.0), "three": lambda view: torch.tensor(3.0)}
    total, values = Objective(terms, {"three": 0.1})(View(image(), strokes()))
    assert float(total) == pytest.approx(2.3)
    assert values == {"two": 2.0, "three": 3.0}
