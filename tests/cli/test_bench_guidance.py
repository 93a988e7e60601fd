"""The comparison of steps, on a tiny network; no timing is judged here."""

import pytest
import torch

from backend.cli import bench_guidance
from backend.cli.bench_guidance import naive_step, our_step, print_guidance, resnet_weights
from backend.encoders import clip
from backend.guidance.augment import perspective_crops


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_both_steps_compute_one_loss(monkeypatch):
    monkeypatch.setattr(clip, "arithmetic", lambda device: torch.float32)
    weights = resnet_weights((1, 2, 1, 1), 16, grid=7, out=32)
    generator = torch.Generator().manual_seed(0)
    target, image = torch.rand(1, 3, 224, 224, generator=generator), torch.rand(1, 1, 224, 224, generator=generator)
    crops = perspective_crops(1, (224, 224), generator)
    ours, naive = (step(weights, target, crops)(image) for step in (our_step, naive_step))
    assert ours == pytest.approx(naive, rel=1e-3)
    assert naive > 1e-5


def test_the_table_tells_both_and_their_ratio(monkeypatch, capsys):
    monkeypatch.setattr(bench_guidance, "VIEWS", 1)
    print_guidance((1, 1, 1, 1), 16, rounds=1)
    assert "naive : ours" in capsys.readouterr().out
