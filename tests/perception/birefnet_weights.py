"""Random BiRefNets in the published key layout: of any size."""

import torch

LITE, LARGE = (96, (2, 2, 6, 2), 7), (192, (2, 2, 18, 2), 12)  # width of the first stage, depths, side of the windows
TINY = (32, (2, 2, 2, 2), 3)
MIDDLE, EACH = 64, 256  # channels inside the decoder's blocks


def shapes(width, depths, side, middle=MIDDLE, each=EACH):
    """Key → shape of every tensor but indices and counters."""
    found = {}

    def conv(name, out, into, size, bias=True):
        found[f"{name}.weight"] = (out, into, size, size)
        if bias:
            found[f"{name}.bias"] = (out,)

    def norm(name, count, batch=False):
        for part in ("weight", "bias", *(("running_mean", "running_var") if batch else ())):
            found[f"{name}.{part}"] = (count,)

    def linear(name, out, into, bias=True):
        found[f"{name}.weight"] = (out, into)
        if bias:
            found[f"{name}.bias"] = (out,)

    def block(name, into, out):
        conv(f"{name}.conv_in", middle, into, 3)
        norm(f"{name}.bn_in", middle, True)
        for part, size in (("aspp1", 1), ("aspp_deforms.0", 1), ("aspp_deforms.1", 3), ("aspp_deforms.2", 7)):
            branch = f"{name}.dec_att.{part}"
            conv(f"{branch}.atrous_conv.offset_conv", 2 * size * size, middle, size)
            conv(f"{branch}.atrous_conv.modulator_conv", size * size, middle, size)
            conv(f"{branch}.atrous_conv.regular_conv", each, middle, size, bias=False)
            norm(f"{branch}.bn", each, True)
        conv(f"{name}.dec_att.global_avg_pool.1", each, middle, 1, bias=False)
        norm(f"{name}.dec_att.global_avg_pool.2", each, True)
        conv(f"{name}.dec_att.conv1", middle, 5 * each, 1, bias=False)
        norm(f"{name}.dec_att.bn1", middle, True)
        conv(f"{name}.conv_out", out, middle, 3)
        norm(f"{name}.bn_out", out, True)

    conv("bb.patch_embed.proj", width, 3, 4)
    norm("bb.patch_embed.norm", width)
    for i, depth in enumerate(depths):
        own = width * 2**i
        for j in range(depth):
            name = f"bb.layers.{i}.blocks.{j}"
            norm(f"{name}.norm1", own)
            norm(f"{name}.norm2", own)
            found[f"{name}.attn.relative_position_bias_table"] = ((2 * side - 1) ** 2, own // 32)
            linear(f"{name}.attn.qkv", 3 * own, own)
            linear(f"{name}.attn.proj", own, own)
            linear(f"{name}.mlp.fc1", 4 * own, own)
            linear(f"{name}.mlp.fc2", own, 4 * own)
        norm(f"bb.norm{i}", own)
        if i < 3:
            norm(f"bb.layers.{i}.downsample.norm", 4 * own)
            linear(f"bb.layers.{i}.downsample.reduction", 2 * own, 4 * own, bias=False)
    one, two, three, four = (2 * width * 2**i for i in range(4))
    block("squeeze_module.0", one + two + three + four, four)
    eighths = {5: four // 8, 4: four // 8, 3: three // 8, 2: two // 8, 1: one // 8}
    for i, pieces in ((5, 32), (4, 16), (3, 8), (2, 4), (1, 1)):
        conv(f"decoder.ipt_blk{i}.conv1", 64, 3 * pieces**2, 3)
        conv(f"decoder.ipt_blk{i}.conv_out", eighths[i], 64, 3)
    for i, into, out in ((4, four, three), (3, three, two), (2, two, one), (1, one, one // 2)):
        block(f"decoder.decoder_block{i}", into + eighths[i + 1], out)
        if i > 1:
            conv(f"decoder.lateral_block{i}.conv", out, out, 1)
            conv(f"decoder.gdt_convs_{i}.0", 16, out, 3)
            norm(f"decoder.gdt_convs_{i}.1", 16, True)
            for part in ("pred", "attn"):
                conv(f"decoder.gdt_convs_{part}_{i}.0", 1, 16, 1)
            conv(f"decoder.conv_ms_spvn_{i}", 1, out, 1)
    conv("decoder.conv_out1.0", 1, one // 2 + eighths[1], 1)
    return found


def birefnet_weights(seed=0, size=TINY, middle=4, each=6):
    """Random tensors, with the indices and counters that the published files hold as well."""
    generator, found = torch.Generator().manual_seed(seed), {}
    for key, shape in shapes(*size, middle=middle, each=each).items():
        inward = max(1, int(torch.tensor(shape[1:]).prod())) if len(shape) > 1 else 1
        values = torch.randn(shape, generator=generator)
        if key.endswith("running_var"):
            values = 0.5 + values.abs()
        elif len(shape) == 1:
            values = 0.1 * values + (1.0 if key.endswith("weight") else 0.0)
        else:
            values = values / inward**0.5
        found[key] = values
    side = size[2]
    found["bb.layers.0.blocks.0.attn.relative_position_index"] = torch.zeros(side**2, side**2, dtype=torch.int64)
    found["squeeze_module.0.bn_in.num_batches_tracked"] = torch.tensor(1)
    return found
