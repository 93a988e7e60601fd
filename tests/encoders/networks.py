"""Tiny random networks in the true key layouts."""

import torch

from backend.encoders.vgg import CONVOLUTIONS, TORCHVISION


def convolution(generator, name, out, into, size):
    spread = (2 / (into * size * size)) ** 0.5
    weight = spread * torch.randn(out, into, size, size, generator=generator)
    return {f"{name}.weight": weight, f"{name}.bias": 0.1 * torch.randn(out, generator=generator)}


def squeezenet_weights(seed=0):
    """SqueezeNet 1.1 with a quarter of its channels, as torchvision names them."""
    generator = torch.Generator().manual_seed(seed)
    found = convolution(generator, "features.0", 16, 3, 3)
    into = 16
    for index, squeeze, expand in (
        (3, 4, 16),
        (4, 4, 16),
        (6, 8, 32),
        (7, 8, 32),
        (9, 12, 48),
        (10, 12, 48),
        (11, 16, 64),
        (12, 16, 64),
    ):
        found |= convolution(generator, f"features.{index}.squeeze", squeeze, into, 1)
        found |= convolution(generator, f"features.{index}.expand1x1", expand, squeeze, 1)
        found |= convolution(generator, f"features.{index}.expand3x3", expand, squeeze, 3)
        into = 2 * expand
    return found | convolution(generator, "classifier.1", 20, into, 1)


def vgg19_weights(seed=0):
    """VGG-19 with few channels, as torchvision names them."""
    generator, found, into = torch.Generator().manual_seed(seed), {}, 3
    for name in CONVOLUTIONS:
        found |= convolution(generator, f"features.{TORCHVISION[name]}", 4 * int(name[0]), into, 3)
        into = 4 * int(name[0])
    return found


def distilled_vgg19_weights(seed=0):
    """The five networks of the distilled VGG-19 with few channels, with the parts that are to be ignored."""
    generator, found = torch.Generator().manual_seed(seed), {}
    for level in range(1, 6):
        found |= convolution(generator, f"level{level}.conv0", 3, 3, 1)
        into = 3
        for name in CONVOLUTIONS:
            if name <= f"{level}1":
                found |= convolution(generator, f"level{level}.conv{name}", 4 * int(name[0]), into, 3)
                into = 4 * int(name[0])
        found |= convolution(generator, f"level{level}.conv{level}1_aux", 64, into, 1)
    return found


def linear(generator, name, out, into):
    return {
        f"{name}.weight": torch.randn(out, into, generator=generator) / into**0.5,
        f"{name}.bias": 0.1 * torch.randn(out, generator=generator),
    }


def norm(generator, name, size):
    return {
        f"{name}.weight": 1 + 0.1 * torch.randn(size, generator=generator),
        f"{name}.bias": 0.1 * torch.randn(size, generator=generator),
    }


def clip_vit_weights(seed=0, patch=16, width=128, blocks=3, grid=3):
    """A tiny vision transformer of CLIP, as OpenAI names it."""
    generator = torch.Generator().manual_seed(seed)
    found = {
        "visual.conv1.weight": torch.randn(width, 3, patch, patch, generator=generator) / (3 * patch * patch) ** 0.5,
        "visual.class_embedding": torch.randn(width, generator=generator),
        "visual.positional_embedding": 0.3 * torch.randn(grid * grid + 1, width, generator=generator),
        "visual.proj": torch.randn(width, 32, generator=generator) / width**0.5,
    }
    found |= norm(generator, "visual.ln_pre", width) | norm(generator, "visual.ln_post", width)
    for i in range(blocks):
        found |= transformer_block(generator, f"visual.transformer.resblocks.{i}", width)
    return found


def transformer_block(generator, block, width):
    inward = linear(generator, "x", 3 * width, width)
    return {
        **{f"{block}.attn.in_proj_{end}": inward[f"x.{end}"] for end in ("weight", "bias")},
        **linear(generator, f"{block}.attn.out_proj", width, width),
        **norm(generator, f"{block}.ln_1", width),
        **norm(generator, f"{block}.ln_2", width),
        **linear(generator, f"{block}.mlp.c_fc", 4 * width, width),
        **linear(generator, f"{block}.mlp.c_proj", width, 4 * width),
    }


def as_hub(weights):
    """A vision transformer of CLIP as the hub names it."""
    plain = {
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    }
    changed = (
        ("visual.transformer.resblocks.", "vision_model.encoder.layers."),
        ("visual.ln_pre.", "vision_model.pre_layrnorm."),
        ("visual.ln_post.", "vision_model.post_layernorm."),
        (".ln_", ".layer_norm"),
        (".mlp.c_fc.", ".mlp.fc1."),
        (".mlp.c_proj.", ".mlp.fc2."),
        (".attn.", ".self_attn."),
    )
    found = {}
    for key, value in weights.items():
        name = plain.get(key, key)
        for theirs, hub in changed:
            name = name.replace(theirs, hub)
        if key == "visual.proj":
            found["visual_projection.weight"] = value.T.contiguous()
        elif "in_proj_" in name:
            for part, piece in zip("qkv", value.chunk(3), strict=True):
                found[name.replace("in_proj_", f"{part}_proj.")] = piece.contiguous()
        else:
            found[name] = value
    return found


def batch_norm(generator, name, size):
    return {
        **norm(generator, name, size),
        f"{name}.running_mean": 0.1 * torch.randn(size, generator=generator),
        f"{name}.running_var": 0.5 + torch.rand(size, generator=generator),
    }


def clip_resnet_weights(seed=0, width=16, blocks=(1, 2, 1, 1), grid=2):
    """A tiny ResNet of CLIP, as OpenAI names it."""
    generator, found, into = torch.Generator().manual_seed(seed), {}, 3

    def add(conv, bn, out, into, size):
        found[f"{conv}.weight"] = torch.randn(out, into, size, size, generator=generator) * (2 / (into * size * size)) ** 0.5
        found.update(batch_norm(generator, bn, out))

    for i, out in enumerate((width // 2, width // 2, width), 1):
        add(f"visual.conv{i}", f"visual.bn{i}", out, into, 3)
        into = out
    for number, count in enumerate(blocks, 1):
        inner = width * 2 ** (number - 1)
        for i in range(count):
            name = f"visual.layer{number}.{i}"
            for k, (out, from_, size) in enumerate(((inner, into, 1), (inner, inner, 3), (4 * inner, inner, 1)), 1):
                add(f"{name}.conv{k}", f"{name}.bn{k}", out, from_, size)
            if i == 0:
                add(f"{name}.downsample.0", f"{name}.downsample.1", 4 * inner, into, 1)
            into = 4 * inner
    found["visual.attnpool.positional_embedding"] = torch.randn(grid * grid + 1, into, generator=generator) / into**0.5
    for part, out in (("q", into), ("k", into), ("v", into), ("c", 32)):
        found |= linear(generator, f"visual.attnpool.{part}_proj", out, into)
    return found


def vocabulary():
    """A small vocabulary as a file, as the hub lists it."""
    return ("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in merges()) + "\n").encode()


def clip_text_weights(seed=0, width=128, blocks=2, words=40, length=77, out=32):
    """The reading part of a tiny CLIP, as OpenAI names it; words: how many merges its vocabulary has."""
    generator = torch.Generator().manual_seed(seed + 1000)
    found = {
        "token_embedding.weight": torch.randn(512 + words + 2, width, generator=generator),
        "positional_embedding": 0.3 * torch.randn(length, width, generator=generator),
        "text_projection": torch.randn(width, out, generator=generator) / width**0.5,
    }
    found |= norm(generator, "ln_final", width)
    for i in range(blocks):
        found |= transformer_block(generator, f"transformer.resblocks.{i}", width)
    return found


def merges():
    """A small vocabulary's merges: enough for cats."""
    listed = "a t|a c|a t</w>|c at</w>|t h|th e</w>|a n|o f</w>|p h|o t|ot o</w>|ph oto</w>|d o|do g</w>|e r|i n|in g</w>"
    return [pair.split() for pair in listed.split("|")]


WEIGHTS = {
    "squeezenet": squeezenet_weights,
    "vgg19": vgg19_weights,
    "vgg19_distilled": distilled_vgg19_weights,
    "clip_vit_b32": lambda: clip_vit_weights() | clip_text_weights(words=len(merges())),
    "clip_vit_b16": lambda: clip_vit_weights(patch=8, grid=6),
    "clip_vit_l14": lambda: clip_vit_weights(patch=8, grid=4),
    "clip_rn101": clip_resnet_weights,
}
