import pytest
import torch

from backend.core.strokes import Strokes
from backend.parameterize.networks import network, network_weights
from backend.parameterize.presence import PresenceSettings, PresentStrokes
from backend.parameterize.residual import ResidualSettings, ResidualStrokes

SIZE = (40, 60)
CPU = torch.device("cpu")


def start(count=5):
    generator = torch.Generator().manual_seed(1)
    return Strokes.build([40 * torch.rand(4, 2, generator=generator) for _ in range(count)], 1.5)


def placement(seed=0, strokes=None, **settings):
    generator = torch.Generator().manual_seed(seed)
    return ResidualStrokes(strokes or start(), SIZE, generator, ResidualSettings(**{"hidden": 16, **settings}))


def presence(seed=0, strokes=None, **settings):
    strokes = strokes or start()
    generator = torch.Generator().manual_seed(seed)
    made = PresenceSettings(**{"hidden": 16, **settings})
    return PresentStrokes(placement(strokes=strokes), len(strokes), SIZE, generator, made)


def trained(parameterization, loss, steps=200, rate=1e-2):
    optimizer = torch.optim.Adam(parameterization.parameters, lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(parameterization.strokes()).backward()
        optimizer.step()
    return parameterization


def test_a_network_is_linear_layers_with_selu_between_them():
    weights = network_weights((3, 4, 2), torch.Generator().manual_seed(0), CPU)
    assert [tuple(each.shape) for each in weights] == [(4, 3), (4,), (2, 4), (2,)]
    values = torch.tensor([0.3, -1.0, 2.0])
    layers = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.SELU(), torch.nn.Linear(4, 2))
    for each, mine in zip(layers.parameters(), weights, strict=True):
        each.data = mine
    assert torch.allclose(network(weights, values), layers(values))


def test_strokes_begin_near_where_they_start_and_the_same_seed_places_them_alike():
    one, same, other = (placement(seed).strokes() for seed in (0, 0, 1))
    assert torch.equal(one.points, same.points)
    assert not torch.equal(one.points, other.points)
    assert float((one.points - start().points).detach().abs().max()) < 0.1 * 30


def test_the_network_moves_strokes_to_where_they_are_wanted():
    wanted = start().points + torch.tensor([3.0, -2.0])
    moved = trained(placement(), lambda strokes: (strokes.points - wanted).square().mean())
    assert float((moved.strokes().points - wanted).detach().abs().mean()) < 0.3


def test_noise_is_small_and_new_at_each_step():
    strokes = placement(noise=1e-3)
    first, second = strokes.strokes().points, strokes.strokes().points
    assert 0 < float((first - second).detach().abs().max()) < 10 * 1e-3 * 30


def test_presence_makes_strokes_narrower_never_wider_and_moves_none():
    strokes = presence().strokes()
    assert bool(((strokes.widths > 0) & (strokes.widths <= 1.5)).all())
    assert torch.equal(strokes.points, placement(strokes=start()).strokes().points)


def test_presence_learns_which_strokes_to_leave_out():
    wanted = torch.tensor([1.5, 0.0, 1.5, 0.0, 1.5])
    learnt = trained(presence(), lambda strokes: (strokes.widths[:, 0] - wanted).square().mean())
    assert learnt.present().gt(0.7).tolist() == [True, False, True, False, True]


def test_strokes_that_left_the_canvas_are_not_present():
    gone = start().with_points(start().points + torch.tensor([[[500.0, 0.0]]] + [[[0.0, 0.0]]] * 4))
    assert (presence(strokes=gone).strokes().widths[:, 0] == 0).tolist() == [True, False, False, False, False]


@pytest.mark.parametrize("pace", [0.5, 0.1])
def test_presence_learns_at_its_own_pace(pace):
    """Adam's first step moves each parameter by the rate: these by their pace times that."""
    fast, slow = presence(pace=1.0), presence(pace=pace)
    assert torch.allclose(fast.present(), slow.present())
    steps = []
    for each in (fast, slow):
        before = each.present()
        trained(each, lambda strokes: strokes.widths.sum(), steps=1, rate=1e-3)
        steps.append(float((each.present() - before).abs().mean()))
    assert steps[1] == pytest.approx(pace * steps[0], rel=0.3)
