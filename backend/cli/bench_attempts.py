"""What a step of several attempts costs: an encoder looking at each alone, and at all at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from backend.core.strokes import Strokes
from backend.core.work import Progress, Work
from backend.encoders.clip import ClipVit
from backend.encoders.encoder import Encoder, Features, arithmetic
from backend.encoders.squeezenet import MODULES, SqueezeNet
from backend.guidance.augment import perspective_crops
from backend.guidance.layers import LayerMatch
from backend.guidance.pairs import Pairs
from backend.guidance.view import View
from backend.meeting import Member, Seat, SeatedEncoder, answer
from backend.model_pool import available_devices

ATTEMPTS, STEPS, ROUNDS = 4, 4, 3
SIDE = 224
SQUEEZED = (16, 16, 32, 32, 48, 48, 64, 64)  # channels of each fire module's narrow part; its wide ones have four times as many
VIT = (768, 12, 32, 512)  # width, blocks, px of a patch, numbers of the embedding: ViT-B/32
Weights = dict[str, Tensor]


def print_attempts(vit: tuple[int, int, int, int] = VIT, steps: int = STEPS, rounds: int = ROUNDS) -> None:
    """Milliseconds of processor time (on a card: of wall time) of a step of all attempts, on random weights."""
    torch.set_num_threads(1)
    print(f"{ATTEMPTS} attempts at once, a step of each, forward and backward, {SIDE} px, 1 thread, ms")
    for device in dict.fromkeys(["cpu", available_devices()[0]]):
        where = torch.device(device)
        _print_row(
            "SqueezeNet, pair and 1 view",
            SqueezeNet(squeezenet_weights(), where),
            {"fire5": 1.0, "fire9": 1.0},
            1,
            steps,
            rounds,
        )
        seeing = ClipVit(vit_weights(*vit), where, "clip_vit_b32")
        for views in (1, 4):
            _print_row(f"CLIP ViT-B/32, pair and {views} view(s)", seeing, {"block1": 1.0, "pooled": 0.1}, views, steps, rounds)
    print()


def _print_row(name: str, encoder: Encoder, weights: Mapping[str, float], views: int, steps: int, rounds: int) -> None:
    device = next(iter(encoder(torch.zeros(1, 1, SIDE, SIDE)).values())).device  # it sees where its weights are
    fits = _Fits(encoder, weights, views, device)
    spent: dict[Callable[[int], None], list[float]] = {fits.apart: [], fits.together: []}
    for _ in range(rounds):
        for run, times in spent.items():
            run(1)  # what is done once, before the first step
            times.append(_seconds(run, device, steps + 1) - _seconds(run, device, 1))
    alone, joined = (1e3 * min(times) / steps for times in spent.values())
    kind = str(arithmetic(device)).removeprefix("torch.")
    print(
        f"{device} ({kind}) {name}: one by one {alone:.0f}   at once {joined:.0f}   one by one : at once {alone / joined:.2f}"
    )


class _Fits:
    """Attempts of a few steps each, whose pictures do not change."""

    def __init__(self, encoder: Encoder, weights: Mapping[str, float], views: int, device: torch.device) -> None:
        self._encoder, self._weights, self._views, self._device = encoder, weights, views, device
        self._crops = perspective_crops(views, (SIDE, SIDE), torch.Generator().manual_seed(0))
        self._target = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)).to(device)

    def apart(self, steps: int) -> None:
        """One after the other."""
        for number in range(ATTEMPTS):
            for _progress in self._work(number, steps, _Alone()):
                pass

    def together(self, steps: int) -> None:
        """Side by side."""

        def begun(number: int) -> Member[bool]:
            return Member(lambda seat: self._work(number, steps, seat))

        members = [begun(number) for number in range(ATTEMPTS)]
        while going := [member for member in members if not member.ended]:
            free = [member for member in going if member.request is None]
            for member in free:
                member.step()
            if not free:
                answer(going)

    def _work(self, number: int, steps: int, seat: Seat) -> Work[bool]:
        seeing = SeatedEncoder(self._encoder, seat)
        term = LayerMatch(Pairs(self._target, self._crops, [seeing], self._views), seeing, self._weights)
        picture = torch.rand(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(number)).to(self._device)
        for step in range(steps):
            leaf = picture.clone().requires_grad_()
            seat.descend(term(View(leaf, Strokes.build([], 1.0), step)))
            yield Progress("drawing", step / steps)
        return True


class _Alone:
    """The seat of a work that goes on by itself."""

    def look(self, encoder: Encoder, images: Tensor) -> Features:
        return encoder(images)

    def descend(self, loss: Tensor) -> None:
        loss.backward()


def _seconds(run: Callable[[int], None], device: torch.device, steps: int) -> float:
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    begin = clock()
    run(steps)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return clock() - begin


def squeezenet_weights() -> Weights:
    """Random weights of SqueezeNet 1.1, under torchvision's keys."""
    generator, found, channels = torch.Generator().manual_seed(0), {}, 64

    def conv(name: str, out: int, into: int, size: int) -> None:
        spread = (2 / (into * size * size)) ** 0.5
        found[f"{name}.weight"] = spread * torch.randn(out, into, size, size, generator=generator)
        found[f"{name}.bias"] = torch.zeros(out)

    conv("features.0", 64, 3, 3)
    for squeezed, index in zip(SQUEEZED, MODULES.values(), strict=True):
        conv(f"features.{index}.squeeze", squeezed, channels, 1)
        conv(f"features.{index}.expand1x1", 4 * squeezed, squeezed, 1)
        conv(f"features.{index}.expand3x3", 4 * squeezed, squeezed, 3)
        channels = 8 * squeezed
    conv("classifier.1", 1000, channels, 1)
    return found


def vit_weights(width: int, blocks: int, patch: int, out: int) -> Weights:
    """Random weights of a vision transformer of CLIP, under OpenAI's keys."""
    generator = torch.Generator().manual_seed(0)
    tokens = (SIDE // patch) ** 2 + 1

    def spread(*shape: int) -> Tensor:
        return 0.02 * torch.randn(*shape, generator=generator)

    found = {
        "visual.conv1.weight": spread(width, 3, patch, patch),
        "visual.class_embedding": spread(width),
        "visual.positional_embedding": spread(tokens, width),
        "visual.proj": spread(width, out),
    }
    names = [f"visual.transformer.resblocks.{i}." for i in range(blocks)]
    for norm in ("visual.ln_pre", "visual.ln_post", *(f"{name}ln_{i}" for name in names for i in (1, 2))):
        found |= {f"{norm}.weight": torch.ones(width), f"{norm}.bias": torch.zeros(width)}
    parts = {"attn.in_proj_": (3 * width, width), "attn.out_proj.": (width, width), "mlp.c_fc.": (4 * width, width)}
    for name in names:
        for part, (into, outof) in {**parts, "mlp.c_proj.": (width, 4 * width)}.items():
            found |= {f"{name}{part}weight": spread(into, outof), f"{name}{part}bias": spread(into)}
    return found
