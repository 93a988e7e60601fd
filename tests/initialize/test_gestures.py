import torch

from backend.initialize.gestures import GestureSettings, gestures


def lengths(curves):
    return torch.tensor([float(curve.diff(dim=0).norm(dim=1).sum()) for curve in curves])


def test_strokes_lie_on_the_canvas_and_grow_shorter():
    early, late = (gestures(40, part, 200.0, torch.Generator().manual_seed(1)) for part in (0.0, 1.0))
    assert all(curve.shape == (7, 2) for curve in early)
    assert all(bool((curve >= 0).all() and (curve <= 200).all()) for curve in early + late)
    assert float(lengths(early).mean()) > 2.5 * float(lengths(late).mean())


def test_chance_comes_from_the_generator_alone():
    one, two, other = (gestures(3, 0.5, 100.0, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one[0], other[0])


def test_segments_join_without_corners():
    for curve in gestures(20, 0.3, 100.0, torch.Generator().manual_seed(5), GestureSettings(spread=0.0, first_length=0.3)):
        before, after = curve[3] - curve[2], curve[4] - curve[3]
        assert torch.allclose(before, after, atol=1e-3)
