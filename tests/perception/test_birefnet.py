"""BiRefNet beside plain readings of its paper and of Swin's, on tiny random weights in the published layout."""

import math
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from backend.core.errors import Missing
from backend.encoders.encoder import Kernels
from backend.perception.birefnet import DEVIATION, MEAN, BiRefNet, deformed
from backend.perception.swin import Swin
from backend.weights.manifest import MANIFEST

sys.path.append(str(Path(__file__).parent))
from birefnet_weights import LARGE, LITE, TINY, birefnet_weights, shapes
from subject_networks import u2net_weights

CPU = torch.device("cpu")


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def looked_at(x, y, across):
    """A picture [C, h, w] between its places; nothing beyond the border."""
    total = torch.zeros(x.shape[0])
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(across), math.floor(across) + 1):
            if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
                total += (1 - abs(y - row)) * (1 - abs(across - column)) * x[:, row, column]
    return total


@pytest.mark.parametrize("side", [1, 3])
def test_taps_look_where_they_are_told(side):
    x, offsets = noise(1, 2, 4, 5), 2 * noise(1, 2 * side * side, 4, 5, seed=1)
    strengths, weight, bias = noise(1, side * side, 4, 5, seed=2).abs(), noise(3, 2, side, side, seed=3), noise(3, seed=4)
    found = deformed(x, offsets, strengths, (weight, bias))
    for row in range(4):
        for column in range(5):
            wanted = bias.clone()
            for tap in range(side * side):
                y = row + tap // side - side // 2 + float(offsets[0, 2 * tap, row, column])
                across = column + tap % side - side // 2 + float(offsets[0, 2 * tap + 1, row, column])
                seen = strengths[0, tap, row, column] * looked_at(x[0], y, across)
                wanted += weight[:, :, tap // side, tap % side] @ seen
            assert torch.allclose(found[0, :, row, column], wanted, atol=1e-4)


def test_taps_that_stay_are_a_plain_convolution():
    x, weight, bias = noise(1, 2, 6, 7), noise(3, 2, 3, 3, seed=1), noise(3, seed=2)
    found = deformed(x, torch.zeros(1, 18, 6, 7), torch.ones(1, 9, 6, 7), (weight, bias))
    assert torch.allclose(found, F.conv2d(x, weight, bias, padding=1), atol=1e-5)


def attended(w, name, x, side, shift):
    """A block's attention of [h, w, C], place by place: each looks at those in its window, once the picture is shifted."""
    height, width, channels = x.shape
    tall, wide, heads = -height % side + height, -width % side + width, channels // 32
    x = F.pad(x, (0, 0, 0, wide - width, 0, tall - height))
    q, k, v = F.linear(x, w[f"{name}.qkv.weight"], w[f"{name}.qkv.bias"]).unflatten(-1, (3, heads, 32)).unbind(2)
    table, out = w[f"{name}.relative_position_bias_table"], torch.zeros_like(x)

    def home(row, column):
        """The window of a place, where it stands in it, and in which part of the picture it lies."""
        y, across = (row - shift) % tall, (column - shift) % wide
        part = tuple((p >= n - side) + (p >= n - shift) if shift else 0 for p, n in ((y, tall), (across, wide)))
        return (y // side, across // side, part), (y % side, across % side)

    places = [(row, column) for row in range(tall) for column in range(wide)]
    for here in places:
        group, at = home(*here)
        others = [(there, home(*there)[1]) for there in places if home(*there)[0] == group]
        for head in range(heads):
            bias = [table[(at[0] - o[0] + side - 1) * (2 * side - 1) + at[1] - o[1] + side - 1, head] for _there, o in others]
            scores = torch.stack([q[here][head] @ k[there][head] / 32**0.5 for there, _o in others]) + torch.stack(bias)
            values = torch.stack([v[there][head] for there, _o in others])
            out[here][32 * head : 32 * head + 32] = torch.softmax(scores, 0) @ values
    return F.linear(out, w[f"{name}.proj.weight"], w[f"{name}.proj.bias"])[:height, :width]


def normed(w, name, x):
    return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"])


def plain_swin(w, x, depths, side):
    x = F.conv2d(x, w["bb.patch_embed.proj.weight"], w["bb.patch_embed.proj.bias"], stride=4)[0].permute(1, 2, 0)
    x, found = normed(w, "bb.patch_embed.norm", x), []
    for i, depth in enumerate(depths):
        for j in range(depth):
            name = f"bb.layers.{i}.blocks.{j}"
            x = x + attended(w, f"{name}.attn", normed(w, f"{name}.norm1", x), side, side // 2 if j % 2 else 0)
            y = F.linear(normed(w, f"{name}.norm2", x), w[f"{name}.mlp.fc1.weight"], w[f"{name}.mlp.fc1.bias"])
            x = x + F.linear(F.gelu(y), w[f"{name}.mlp.fc2.weight"], w[f"{name}.mlp.fc2.bias"])
        found.append(normed(w, f"bb.norm{i}", x).permute(2, 0, 1)[None])
        if i < 3:
            x = F.pad(x, (0, 0, 0, x.shape[1] % 2, 0, x.shape[0] % 2))
            x = torch.cat([x[0::2, 0::2], x[1::2, 0::2], x[0::2, 1::2], x[1::2, 1::2]], -1)
            x = normed(w, f"bb.layers.{i}.downsample.norm", x) @ w[f"bb.layers.{i}.downsample.reduction.weight"].T
    return found


def test_swin_looks_within_windows_that_are_shifted():
    w, x = birefnet_weights(), noise(1, 3, 32, 40)
    found = Swin(Kernels(w, CPU, torch.float32, "birefnet"), "bb.")(x)
    for ours, plain in zip(found, plain_swin(w, x, TINY[1], TINY[2]), strict=True):
        assert torch.allclose(ours, plain, atol=1e-3)


def up(x, like):
    return F.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=True)


def plain_logits(w, x):
    """The decoder by the paper: every step as it is told, none put together with another."""

    def conv(name, x):
        weight = w[f"{name}.weight"]
        return F.conv2d(x, weight, w.get(f"{name}.bias"), padding=weight.shape[-1] // 2)

    def norm(name, x):
        return F.batch_norm(x, *(w[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")))

    def block(name, x):
        x, parts = F.relu(norm(f"{name}.bn_in", conv(f"{name}.conv_in", x))), []
        for part in ("aspp1", "aspp_deforms.0", "aspp_deforms.1", "aspp_deforms.2"):
            branch = f"{name}.dec_att.{part}"
            where, strength = (conv(f"{branch}.atrous_conv.{kind}_conv", x) for kind in ("offset", "modulator"))
            weight = w[f"{branch}.atrous_conv.regular_conv.weight"]
            moved = deformed(x, where, 2 * torch.sigmoid(strength), (weight, torch.zeros(len(weight))))
            parts.append(F.relu(norm(f"{branch}.bn", moved)))
        whole = F.adaptive_avg_pool2d(x, 1)
        whole = F.relu(norm(f"{name}.dec_att.global_avg_pool.2", conv(f"{name}.dec_att.global_avg_pool.1", whole)))
        x = torch.cat([*parts, up(whole, x)], 1)
        x = F.relu(norm(f"{name}.dec_att.bn1", conv(f"{name}.dec_att.conv1", x)))
        return norm(f"{name}.bn_out", conv(f"{name}.conv_out", x))

    def picture(number, like):
        height, width = like.shape[-2:]
        pieces = [piece for column in x.split(width, 3) for piece in column.split(height, 2)]
        return conv(f"decoder.ipt_blk{number}.conv_out", conv(f"decoder.ipt_blk{number}.conv1", torch.cat(pieces, 1)))

    half = F.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=True)
    pairs = zip(plain_swin(w, x, TINY[1], TINY[2]), plain_swin(w, half, TINY[1], TINY[2]), strict=True)
    levels = [torch.cat([full, up(small, full)], 1) for full, small in pairs]
    now = block("squeeze_module.0", torch.cat([*(up(level, levels[3]) for level in levels[:3]), levels[3]], 1))
    now = torch.cat([now, picture(5, now)], 1)
    for number, beside in ((4, levels[2]), (3, levels[1]), (2, levels[0])):
        now = block(f"decoder.decoder_block{number}", now)
        edges = F.relu(norm(f"decoder.gdt_convs_{number}.1", conv(f"decoder.gdt_convs_{number}.0", now)))
        now = now * torch.sigmoid(conv(f"decoder.gdt_convs_attn_{number}.0", edges))
        now = up(now, beside) + conv(f"decoder.lateral_block{number}.conv", beside)
        now = torch.cat([now, picture(number, now)], 1)
    now = up(block("decoder.decoder_block1", now), x)
    return conv("decoder.conv_out1.0", torch.cat([now, picture(1, now)], 1))


def test_the_network_is_the_published_one():
    w, image = birefnet_weights(), torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    found = BiRefNet(w, CPU, side=64)(image)
    wanted = torch.sigmoid(plain_logits(w, (image - mean) / deviation))
    assert wanted.std() > 0.01
    assert torch.allclose(found, wanted, atol=1e-3)


def test_any_picture_gets_a_mask_of_its_own_size():
    image = torch.rand(1, 3, 50, 81)
    found = BiRefNet({f"module.{key}": value.half() if value.is_floating_point() else value
                      for key, value in birefnet_weights().items()}, CPU, side=64)(image)  # fmt: skip
    assert found.shape == (1, 1, 50, 81) and bool(((found >= 0) & (found <= 1)).all())


@pytest.mark.parametrize(("name", "size", "bytes_each"), [("birefnet_lite", LITE, 4), ("birefnet", LARGE, 2)])
def test_the_layout_is_as_large_as_the_published_file(name, size, bytes_each):
    """The count of its numbers, of tables of indices and counters: all but the header of the file."""
    found = shapes(*size)
    numbers = sum(math.prod(shape) for shape in found.values())
    indices = 8 * (sum(size[1]) * size[2] ** 4 + sum(key.endswith("running_mean") for key in found))
    header = MANIFEST[name].size - numbers * bytes_each - indices
    assert 0 < header < 200_000
    assert all(found[key] == shape for key, shape in MANIFEST[name].layouts[0].items())


def test_another_network_s_weights_are_told():
    with pytest.raises(Missing, match="another network's"):
        BiRefNet(u2net_weights(), CPU)
