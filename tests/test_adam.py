"""Our Adam against torch's."""

import subprocess
import sys

import torch

from backend.adam import Adam


def test_moves_as_torch_does_to_the_bit():
    generator = torch.Generator().manual_seed(0)
    ours = [torch.randn(shape, generator=generator).requires_grad_() for shape in ((7, 2), (3,))]
    theirs = [one.detach().clone().requires_grad_() for one in ours]
    adam, expected = Adam(ours, 0.3), torch.optim.Adam(theirs, lr=0.3)
    for number in range(30):
        adam.rate = expected.param_groups[0]["lr"] = 0.3 / (1 + number)
        for optimizer, parameters in ((adam, ours), (expected, theirs)):
            optimizer.forget() if optimizer is adam else optimizer.zero_grad()
            sum(((one - 1) ** 4).sum() * (i + 0.5) for i, one in enumerate(parameters)).backward()
            optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_what_has_no_gradient_stays():
    moved, still = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    adam = Adam([moved, still], 0.1)
    moved.sum().backward()
    adam.step()
    assert (moved < 1).all() and (still == 1).all()
    adam.forget()
    assert moved.grad is None


def test_torch_s_compiler_stays_away():
    code = """
import sys, torch
from backend.adam import Adam
one = torch.ones(2, requires_grad=True)
adam = Adam([one], 0.1)
one.sum().backward(); adam.step(); adam.forget()
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=120).returncode == 0
