"""What a step of guidance costs: ours beside the same loss computed as published code computes it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.strokes import Strokes
from backend.encoders.clip import DEVIATION, HEAD, MEAN, ClipResNet
from backend.encoders.encoder import arithmetic
from backend.guidance.augment import Crops, perspective_crops
from backend.guidance.layers import LayerMatch, channel_cosine, squared
from backend.guidance.pairs import Pairs
from backend.guidance.view import View
from backend.model_pool import available_devices

SIDE, VIEWS, THREADS, ROUNDS = 224, 4, 1, 3
BLOCKS, WIDTH = (3, 4, 23, 3), 64  # of CLIP's RN101
LAYERS, MEANING = {"layer2": 1.0, "layer3": 1.0}, {"pooled": 0.1}
Weights = dict[str, Tensor]


def print_guidance(blocks: tuple[int, ...] = BLOCKS, width: int = WIDTH, rounds: int = ROUNDS) -> None:
    """Milliseconds of CLIPasso's loss and its gradient to the picture, on random weights of RN101's size.

    On the processor, and on the best graphics card where there is one.
    """
    torch.set_num_threads(THREADS)
    print(f"CLIPasso's loss, RN101, clean pair and {VIEWS} views of {SIDE} px, forward and backward, {THREADS} thread, ms")
    print("naive: weights trainable, batch norms apart, photograph encoded at every step, float32")
    print("ours: weights frozen, batch norms folded, photograph encoded once, in the device's arithmetic")
    for device in dict.fromkeys(["cpu", available_devices()[0]]):
        _print_device(torch.device(device), blocks, width, rounds)
    print()


def _print_device(device: torch.device, blocks: tuple[int, ...], width: int, rounds: int) -> None:
    weights = {key: value.to(device) for key, value in resnet_weights(blocks, width).items()}
    target, image = torch.rand(1, 3, SIDE, SIDE, device=device), torch.rand(1, 1, SIDE, SIDE, device=device)
    crops = perspective_crops(VIEWS, (SIDE, SIDE), torch.Generator().manual_seed(0))
    jobs = {"naive": naive_step(weights, target, crops), "ours": our_step(weights, target, crops)}
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds + 1):
        for name, job in jobs.items():
            begin = time.perf_counter()
            job(image)
            spent[name].append(1e3 * (time.perf_counter() - begin))
    medians = {name: statistics.median(times[1:]) for name, times in spent.items()}  # the first round warms up
    kind = str(arithmetic(device)).removeprefix("torch.")
    told = f"naive {medians['naive']:.0f}   ours {medians['ours']:.0f}   naive : ours {medians['naive'] / medians['ours']:.1f}"
    print(f"{device} ({kind}): {told}")


def our_step(weights: Weights, target: Tensor, crops: Crops) -> Callable[[Tensor], float]:
    """The loss of a gray picture [1, 1, H, W] and its gradient, as a recipe computes them; the loss."""
    encoder = ClipResNet(weights, target.device, "clip_rn101")
    pairs = Pairs(target, crops, [encoder], len(crops))
    terms = (LayerMatch(pairs, encoder, LAYERS, squared), LayerMatch(pairs, encoder, MEANING, channel_cosine))

    def step(image: Tensor) -> float:
        leaf = image.clone().requires_grad_()
        view = View(leaf, Strokes.build([], 1.0))
        loss = torch.stack([term(view) for term in terms]).sum()
        torch.autograd.grad(loss, leaf)
        return float(loss.detach())

    return step


def naive_step(weights: Weights, target: Tensor, crops: Crops) -> Callable[[Tensor], float]:
    """The same from scratch at every step."""
    trainable = {key: value.clone().requires_grad_("running" not in key) for key, value in weights.items()}

    def step(image: Tensor) -> float:
        leaf, every = image.clone().requires_grad_(), range(len(crops))
        drawn, wanted = (
            _naive_features(trainable, torch.cat([x, crops(x, every)])) for x in (leaf.expand(-1, 3, -1, -1), target)
        )
        losses = [weight * F.mse_loss(drawn[layer], wanted[layer]) for layer, weight in LAYERS.items()]
        losses.append(MEANING["pooled"] * (1 - F.cosine_similarity(drawn["pooled"], wanted["pooled"], dim=1)).mean())
        loss = torch.stack(losses).sum()
        loss.backward()
        return float(loss.detach())

    return step


def _naive_features(w: Weights, images: Tensor) -> dict[str, Tensor]:
    def block(x: Tensor, conv: str, bn: str, padding: int = 0, stride: int = 1) -> Tensor:
        x = F.conv2d(x, w[f"{conv}.weight"], stride=stride, padding=padding)
        mean, variance, weight, bias = (w[f"{bn}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, mean, variance, weight, bias)

    mean, deviation = (torch.tensor(values, device=images.device).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    x = (images - mean) / deviation
    for i in (1, 2, 3):
        x = F.relu(block(x, f"visual.conv{i}", f"visual.bn{i}", 1, 2 if i == 1 else 1))
    x, found = F.avg_pool2d(x, 2), {}
    for stage in (1, 2, 3, 4):
        number = 0
        while f"visual.layer{stage}.{number}.conv1.weight" in w:
            name, stride = f"visual.layer{stage}.{number}", 2 if stage > 1 and number == 0 else 1
            y = F.relu(block(x, f"{name}.conv1", f"{name}.bn1"))
            y = F.avg_pool2d(F.relu(block(y, f"{name}.conv2", f"{name}.bn2", 1)), stride)
            if number == 0:
                x = block(F.avg_pool2d(x, stride), f"{name}.downsample.0", f"{name}.downsample.1")
            x = F.relu(block(y, f"{name}.conv3", f"{name}.bn3") + x)
            number += 1
        found[f"layer{stage}"] = x
    return {**found, "pooled": _naive_pooled(w, x)}


def _naive_pooled(w: Weights, x: Tensor) -> Tensor:
    tokens = x.flatten(2).transpose(1, 2)
    tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], 1) + w["visual.attnpool.positional_embedding"]

    def part(name: str, values: Tensor) -> Tensor:
        values = F.linear(values, w[f"visual.attnpool.{name}_proj.weight"], w[f"visual.attnpool.{name}_proj.bias"])
        return values.unflatten(-1, (-1, HEAD)).transpose(1, 2) if name != "c" else values

    seen = F.scaled_dot_product_attention(part("q", tokens[:, :1]), part("k", tokens), part("v", tokens))
    return part("c", seen.transpose(1, 2).flatten(2)[:, 0])


def resnet_weights(blocks: tuple[int, ...], width: int, grid: int = 7, out: int = 512) -> Weights:
    """Random weights of a ResNet of CLIP, under OpenAI's keys."""
    generator, found, channels = torch.Generator().manual_seed(0), {}, 3

    def add(conv: str, bn: str, into: int, kernel: int) -> None:
        spread = (2 / (channels * kernel * kernel)) ** 0.5
        found[f"{conv}.weight"] = spread * torch.randn(into, channels, kernel, kernel, generator=generator)
        for part, value in (("weight", 0.5), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            found[f"{bn}.{part}"] = torch.full((into,), value)

    for i, into in enumerate((width // 2, width // 2, width), 1):
        add(f"visual.conv{i}", f"visual.bn{i}", into, 3)
        channels = into
    for stage, count in enumerate(blocks, 1):
        inner = width * 2 ** (stage - 1)
        for i in range(count):
            name, before = f"visual.layer{stage}.{i}", channels
            for k, (into, kernel) in enumerate(((inner, 1), (inner, 3), (4 * inner, 1)), 1):
                add(f"{name}.conv{k}", f"{name}.bn{k}", into, kernel)
                channels = into
            if i == 0:
                channels = before
                add(f"{name}.downsample.0", f"{name}.downsample.1", 4 * inner, 1)
                channels = 4 * inner
    found["visual.attnpool.positional_embedding"] = torch.randn(grid * grid + 1, channels, generator=generator) / channels**0.5
    for part in "qkvc":
        size = out if part == "c" else channels
        found[f"visual.attnpool.{part}_proj.weight"] = torch.randn(size, channels, generator=generator) / channels**0.5
        found[f"visual.attnpool.{part}_proj.bias"] = torch.zeros(size)
    return found
