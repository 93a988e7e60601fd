"""CLIP's eyes (Radford et al. 2021): the vision transformers and the ResNet, from OpenAI's key layout or the hub's.

Differs from transformers and open_clip: only what looks at pictures is here, as plain functions on frozen weights, so that
neither package is needed and one code serves both layouts.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backend.core.image import Image, Mask
from backend.encoders.encoder import Features, Kernels, Weights, arithmetic

MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # sRGB
HEAD = 64  # channels of an attention head, in every CLIP
POOLED = "pooled"  # the embedding, as a layer of one place
EPSILON = 1e-5  # of layer norms
HUB_PARTS = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}


class ClipVit:
    """A vision transformer of CLIP; layers: block1 … the tokens of the patches after each block, and pooled."""

    def __init__(self, weights: Weights, device: torch.device, name: str, dtype: torch.dtype | None = None) -> None:
        self.name = name
        self._kernels = kernels = Kernels(as_openai(weights), device, dtype or arithmetic(device), name)
        self._patches = kernels("visual.conv1.weight")
        self._place = kernels("visual.positional_embedding")
        self._side = round((len(self._place) - 1) ** 0.5) * self._patches.shape[-1]
        self._blocks = transformer(kernels, "visual.transformer.resblocks.")
        self.layers = (*(f"block{i + 1}" for i in range(len(self._blocks))), POOLED)

    def __call__(self, images: Image) -> Features:
        """Every layer [B, C, h, w] of images [B, 3 or 1, H, W], seen on a white square."""
        tokens, found = self._tokens(images), {}
        for number, block in enumerate(self._blocks, 1):
            tokens, _attention = block(tokens)
            found[f"block{number}"] = self._as_map(tokens[:, 1:].float())
        found[POOLED] = self._pooled(tokens)[:, :, None, None]
        return found

    def saliency(self, images: Image, inside: Mask | None = None) -> Tensor:
        """Attention [B, 1, h, w] of the class token to every patch, mean over heads and blocks: CLIPasso's.

        inside: [B, 1, H, W]; patches without any of it are seen by no token in any block.
        """
        tokens, total = self._tokens(images), torch.zeros(())
        hidden = None if inside is None else _hidden(inside, round((len(self._place) - 1) ** 0.5)).to(tokens)
        for block in self._blocks:
            tokens, attention = block(tokens, hidden)
            total = total + attention[:, :, 0, 1:].float().mean(1)
        return _of_the_picture(self._as_map((total / len(self._blocks))[:, :, None]), images)

    def _tokens(self, images: Image) -> Tensor:
        x = _prepared(images, self._side, self._kernels)
        x = F.conv2d(x, self._patches, stride=self._patches.shape[-1]).flatten(2).transpose(1, 2)
        first = self._kernels("visual.class_embedding").expand(len(x), 1, -1)
        return layer_norm(torch.cat([first, x], 1) + self._place, self._kernels, "visual.ln_pre")

    def _pooled(self, tokens: Tensor) -> Tensor:
        return (layer_norm(tokens[:, 0], self._kernels, "visual.ln_post") @ self._kernels("visual.proj")).float()

    def _as_map(self, values: Tensor) -> Tensor:
        """[B, h·w, C] → [B, C, h, w]."""
        side = round(values.shape[1] ** 0.5)
        return values.transpose(1, 2).unflatten(2, (side, side))


class Block:
    """A residual block of attention and a perceptron."""

    def __init__(self, kernels: Kernels, name: str) -> None:
        self._norms = [(kernels(f"{name}.ln_{i}.weight"), kernels(f"{name}.ln_{i}.bias")) for i in (1, 2)]
        self._inward = (kernels(f"{name}.attn.in_proj_weight"), kernels(f"{name}.attn.in_proj_bias"))
        self._outward = kernels.convolution(f"{name}.attn.out_proj")
        self._wide, self._narrow = (kernels.convolution(f"{name}.mlp.{part}") for part in ("c_fc", "c_proj"))

    def __call__(self, tokens: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The tokens [B, T, C], and the attention [B, heads, T, T]; hidden is added to it, −∞ where nothing is seen."""
        x = F.layer_norm(tokens, tokens.shape[-1:], *self._norms[0], EPSILON)
        q, k, v = (_heads(part) for part in F.linear(x, *self._inward).chunk(3, -1))
        scores = q @ k.transpose(-1, -2) / HEAD**0.5
        attention = torch.softmax(scores if hidden is None else scores + hidden, -1)
        tokens = tokens + F.linear((attention @ v).transpose(1, 2).flatten(2), *self._outward)
        x = F.linear(F.layer_norm(tokens, tokens.shape[-1:], *self._norms[1], EPSILON), *self._wide)
        return tokens + F.linear(x * torch.sigmoid(1.702 * x), *self._narrow), attention


class ClipResNet:
    """The ResNet of CLIP (RN50, RN101): layers stem, layer1 … layer4, and pooled. Batch norms are folded."""

    def __init__(self, weights: Weights, device: torch.device, name: str, dtype: torch.dtype | None = None) -> None:
        self.name, self.layers = name, ("stem", "layer1", "layer2", "layer3", "layer4", POOLED)
        self._kernels = kernels = Kernels(weights, device, dtype or arithmetic(device), name)
        self._stem = [kernels.folded(f"visual.conv{i}", f"visual.bn{i}") for i in (1, 2, 3)]
        self._stages = [self._stage(number) for number in (1, 2, 3, 4)]
        self._place = kernels("visual.attnpool.positional_embedding")
        self._side = 32 * round((len(self._place) - 1) ** 0.5)
        self._parts = {part: kernels.convolution(f"visual.attnpool.{part}_proj") for part in "qkvc"}

    def __call__(self, images: Image) -> Features:
        """Every layer [B, C, h, w] of images [B, 3 or 1, H, W], seen on a white square."""
        found = self._maps(images)
        attention, values = self._attention(found["layer4"])
        pooled = F.linear((attention @ values).transpose(1, 2).flatten(2)[:, 0], *self._parts["c"])
        return {**{layer: value.float() for layer, value in found.items()}, POOLED: pooled.float()[:, :, None, None]}

    def saliency(self, images: Image, inside: Mask | None = None) -> Tensor:
        """Attention [B, 1, h, w] of the pooled embedding to every place, mean over heads.

        inside: [B, 1, H, W]; places without any of it are not attended to. Differs from CLIPasso, which takes Grad-CAM
        against a text here.
        """
        last = self._maps(images)["layer4"]
        attention, _values = self._attention(last, None if inside is None else _hidden(inside, last.shape[-1]).to(last))
        return _of_the_picture(attention[:, :, 0, 1:].float().mean(1).unflatten(1, last.shape[-2:])[:, None], images)

    def _maps(self, images: Image) -> Features:
        x = _prepared(images, self._side, self._kernels)
        for number, kernel in enumerate(self._stem):
            x = F.relu(F.conv2d(x, *kernel, stride=2 if number == 0 else 1, padding=1))
        x = F.avg_pool2d(x, 2)
        found = {"stem": x}
        for number, blocks in enumerate(self._stages, 1):
            for place, block in enumerate(blocks):
                x = block(x, 2 if number > 1 and place == 0 else 1)
            found[f"layer{number}"] = x
        return found

    def _attention(self, x: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """From the mean to every place: [B, heads, 1, T] and the values [B, heads, T, C]; hidden: as of a block."""
        tokens = x.flatten(2).transpose(1, 2)
        tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], 1) + self._place
        q, k, v = (_heads(F.linear(t, *self._parts[part])) for t, part in ((tokens[:, :1], "q"), (tokens, "k"), (tokens, "v")))
        scores = q @ k.transpose(-1, -2) / HEAD**0.5
        return torch.softmax(scores if hidden is None else scores + hidden, -1), v

    def _stage(self, number: int) -> list[_Bottleneck]:
        prefix = f"visual.layer{number}."
        count = 1 + max((int(k[len(prefix) :].split(".")[0]) for k in self._kernels.weights if k.startswith(prefix)), default=0)
        return [_Bottleneck(self._kernels, f"{prefix}{i}") for i in range(count)]


class _Bottleneck:
    """1×1, 3×3, mean over strides, 1×1, added to what came in."""

    def __init__(self, kernels: Kernels, name: str) -> None:
        self._chain = [kernels.folded(f"{name}.conv{i}", f"{name}.bn{i}") for i in (1, 2, 3)]
        through = f"{name}.downsample.0"
        self._through = kernels.folded(through, f"{name}.downsample.1") if f"{through}.weight" in kernels.weights else None

    def __call__(self, x: Tensor, stride: int) -> Tensor:
        one, two, three = self._chain
        y = F.relu(F.conv2d(F.relu(F.conv2d(x, *one)), *two, padding=1))
        y, x = (F.avg_pool2d(t, stride) if stride > 1 else t for t in (y, x))
        return F.relu(F.conv2d(y, *three) + (x if self._through is None else F.conv2d(x, *self._through)))


def transformer(kernels: Kernels, prefix: str) -> list[Block]:
    """The blocks whose keys begin so."""
    count = 1 + max((int(key[len(prefix) :].split(".")[0]) for key in kernels.weights if key.startswith(prefix)), default=0)
    return [Block(kernels, f"{prefix}{i}") for i in range(count)]


def as_openai(weights: Weights) -> Weights:
    """The eyes' tensors under OpenAI's keys, whichever layout they come in."""
    if "vision_model.class_embedding" not in weights and "vision_model.embeddings.class_embedding" not in weights:
        return weights
    embeddings, layers = "vision_model.embeddings.", "vision_model.encoder.layers."
    found = {
        "visual.class_embedding": weights[embeddings + "class_embedding"],
        "visual.conv1.weight": weights[embeddings + "patch_embedding.weight"],
        "visual.positional_embedding": weights[embeddings + "position_embedding.weight"],
        "visual.proj": weights["visual_projection.weight"].T,
    }
    for end in ("weight", "bias"):
        found[f"visual.ln_pre.{end}"] = weights[f"vision_model.pre_layrnorm.{end}"]  # so written in the published files
        found[f"visual.ln_post.{end}"] = weights[f"vision_model.post_layernorm.{end}"]
    return found | blocks_from_hub(weights, layers, "visual.transformer.resblocks.")


def blocks_from_hub(weights: Weights, theirs: str, ours: str) -> dict[str, Tensor]:
    """The blocks of a transformer, named by the hub after `theirs`, under OpenAI's keys after `ours`."""
    found: dict[str, Tensor] = {}
    for i in sorted({int(key[len(theirs) :].split(".")[0]) for key in weights if key.startswith(theirs)}):
        for end in ("weight", "bias"):
            parts = [weights[f"{theirs}{i}.self_attn.{part}_proj.{end}"] for part in "qkv"]
            found[f"{ours}{i}.attn.in_proj_{end}"] = torch.cat(parts)
            for hub, openai in HUB_PARTS.items():
                found[f"{ours}{i}.{openai}.{end}"] = weights[f"{theirs}{i}.{hub}.{end}"]
    return found


def _prepared(images: Image, side: int, kernels: Kernels) -> Tensor:
    """Images on white squares of the network's own size, normalized."""
    x = _squared(images, 1.0)
    if x.shape[-1] != side:
        x = F.interpolate(x, (side, side), mode="bicubic", align_corners=False, antialias=True)
    mean, deviation = (torch.tensor(values, device=x.device).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    return ((x - mean) / deviation).to(kernels.device, kernels.dtype, memory_format=torch.channels_last)


def _squared(images: Tensor, value: float) -> Tensor:
    """Images [B, C, H, W] in the middle of squares of a value."""
    height, width = images.shape[-2:]
    across, down = max(height - width, 0), max(width - height, 0)
    return F.pad(images, (across // 2, across - across // 2, down // 2, down - down // 2), value=value)


def _of_the_picture(maps: Tensor, images: Image) -> Tensor:
    """Of maps of the square [B, 1, h, w] the part that shows the images."""
    height, width = images.shape[-2:]
    if height == width:
        return maps
    side = max(height, width)
    wide = F.interpolate(maps, (side, side), mode="bilinear", align_corners=False)
    top, left = (side - height) // 2, (side - width) // 2
    return wide[..., top : top + height, left : left + width]


def _hidden(inside: Mask, side: int) -> Tensor:
    """What is added to the attention [B, 1, 1, 1 + side²]: −∞ at places that show nothing of the inside, 0 at the first token.

    Where nothing at all is inside, everything is seen.
    """
    shown = F.adaptive_max_pool2d(_squared(inside, 0.0), side).flatten(1) > 0.5
    shown = shown | ~shown.any(1, keepdim=True)
    seen = torch.cat([torch.ones_like(shown[:, :1]), shown], 1)
    return torch.zeros(seen.shape, device=inside.device).masked_fill(~seen, -torch.inf)[:, None, None]


def _heads(tokens: Tensor) -> Tensor:
    """[B, T, C] → [B, heads, T, 64]."""
    return tokens.unflatten(2, (-1, HEAD)).transpose(1, 2)


def layer_norm(x: Tensor, kernels: Kernels, name: str) -> Tensor:
    """The layer norm of that name."""
    return F.layer_norm(x, x.shape[-1:], kernels(f"{name}.weight"), kernels(f"{name}.bias"), EPSILON)
