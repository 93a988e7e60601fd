"""Tiny random networks that cut out and complete, in the true key layouts."""

import torch


def normed(generator, conv, norm, out, into, size, bias):
    found = {
        f"{conv}.weight": torch.randn(out, into, size, size, generator=generator) * (2 / (into * size * size)) ** 0.5,
        f"{norm}.weight": 1 + 0.1 * torch.randn(out, generator=generator),
        f"{norm}.bias": 0.1 * torch.randn(out, generator=generator),
        f"{norm}.running_mean": 0.1 * torch.randn(out, generator=generator),
        f"{norm}.running_var": 0.5 + torch.rand(out, generator=generator),
        f"{norm}.num_batches_tracked": torch.tensor(1),
    }
    return found | ({f"{conv}.bias": 0.1 * torch.randn(out, generator=generator)} if bias else {})


def u2net_weights(seed=0, width=4, mid=3):
    """A small U²-Net with few channels, as its authors name it."""
    generator, found = torch.Generator().manual_seed(seed), {}

    def layer(name, out, into):
        found.update(normed(generator, f"{name}.conv_s1", f"{name}.bn_s1", out, into, 3, bias=True))

    def stage(name, into, depth):
        layer(f"{name}.rebnconvin", width, into)
        for i in range(1, depth + 1):
            layer(f"{name}.rebnconv{i}", mid, width if i == 1 else mid)
        for i in range(depth - 1, 0, -1):
            layer(f"{name}.rebnconv{i}d", width if i == 1 else mid, 2 * mid)

    for i, depth in enumerate((7, 6, 5, 4, 4, 4), 1):
        stage(f"stage{i}", 3 if i == 1 else width, depth)
    for i, depth in ((5, 4), (4, 4), (3, 5), (2, 6), (1, 7)):
        stage(f"stage{i}d", 2 * width, depth)
    for i in range(1, 7):
        found[f"side{i}.weight"] = torch.randn(1, width, 3, 3, generator=generator) / 3
        found[f"side{i}.bias"] = torch.zeros(1)
    found["outconv.weight"] = torch.randn(1, 6, 1, 1, generator=generator)
    found["outconv.bias"] = torch.zeros(1)
    return found


def lama_weights(seed=0, width=8, blocks=2, root="model.generator."):
    """A small LaMa with few channels and blocks, as its TorchScript archive names it."""
    generator, found = torch.Generator().manual_seed(seed), {}

    def layer(conv, norm, out, into, size):
        found.update(normed(generator, f"{root}model.{conv}", f"{root}model.{norm}", out, into, size, bias=False))

    near, far = 2 * width, 6 * width
    layer("1.ffc.convl2l", "1.bn_l", width, 4, 7)
    layer("2.ffc.convl2l", "2.bn_l", 2 * width, width, 3)
    layer("3.ffc.convl2l", "3.bn_l", 4 * width, 2 * width, 3)
    layer("4.ffc.convl2l", "4.bn_l", near, 4 * width, 3)
    layer("4.ffc.convl2g", "4.bn_g", far, 4 * width, 3)
    for i in range(5, 5 + blocks):
        for k in (1, 2):
            name = f"{i}.conv{k}"
            layer(f"{name}.ffc.convl2l", f"{name}.bn_l", near, near, 3)
            layer(f"{name}.ffc.convg2l", f"{name}.bn_l", near, far, 3)
            layer(f"{name}.ffc.convl2g", f"{name}.bn_g", far, near, 3)
            spectral = f"{name}.ffc.convg2g"
            layer(f"{spectral}.conv1.0", f"{spectral}.conv1.1", far // 2, far, 1)
            layer(f"{spectral}.fu.conv_layer", f"{spectral}.fu.bn", far, far, 1)
            layer(f"{spectral}.conv2", f"{name}.bn_g", far, far // 2, 1)
    begin, into = 6 + blocks, near + far
    for i in range(3):
        conv, norm = begin + 3 * i, begin + 3 * i + 1
        layer(f"{conv}", f"{norm}", into // 2, into, 3)
        weight = found[f"{root}model.{conv}.weight"]
        found[f"{root}model.{conv}.weight"] = weight.transpose(0, 1).contiguous()
        found[f"{root}model.{conv}.bias"] = 0.1 * torch.randn(into // 2, generator=generator)
        into //= 2
    found[f"{root}model.{begin + 10}.weight"] = torch.randn(3, into, 7, 7, generator=generator) / (49 * into) ** 0.5
    found[f"{root}model.{begin + 10}.bias"] = torch.zeros(3)
    return found
