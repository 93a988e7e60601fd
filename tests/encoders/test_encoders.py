"""What holds for every encoder of the table, and what each does differently."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from networks import WEIGHTS, as_hub, clip_resnet_weights, clip_vit_weights, squeezenet_weights

from backend.core.errors import Missing
from backend.encoders import ENCODERS, clip
from backend.encoders.clip import ClipResNet, ClipVit
from backend.encoders.squeezenet import DEVIATION, MEAN, SqueezeNet
from backend.encoders.vgg import DistilledVgg19

CPU = torch.device("cpu")
DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(params=list(ENCODERS))
def name(request):
    return request.param


def encoder(name, **settings):
    return ENCODERS[name](WEIGHTS[name](), CPU, **settings)


def exact(name):
    return encoder(name, dtype=torch.float32)


def images(batch=2, side=48, seed=1):
    return torch.rand(batch, 3, side, side, generator=torch.Generator().manual_seed(seed))


def test_every_encoder_of_the_table_has_weights_here():
    assert set(ENCODERS) == set(WEIGHTS)


def test_an_encoder_gives_every_layer_of_every_picture(name):
    found = encoder(name)(images())
    assert tuple(found) == encoder(name).layers
    for layer in found.values():
        assert layer.shape[0] == 2
        assert layer.ndim == 4
        assert layer.dtype == torch.float32
        assert bool(torch.isfinite(layer).all())
        assert float(layer.std()) > 0


def test_pictures_of_a_batch_do_not_touch_each_other(name):
    network, both = exact(name), images()
    for layer, values in network(both).items():
        assert torch.allclose(values[1:], network(both[1:])[layer], atol=1e-5)


def test_a_gray_picture_is_seen_as_three_equal_channels(name):
    network, gray = exact(name), images()[:, :1]
    expected = network(gray.repeat(1, 3, 1, 1))
    for given in (gray, gray.expand(-1, 3, -1, -1)):
        for layer, values in network(given).items():
            assert torch.allclose(values, expected[layer], atol=1e-5)


def test_the_gradient_of_a_gray_picture_is_the_sum_of_its_channels(name):
    network, gray = exact(name), images(1)[:, :1]
    found = []
    for repeat in (lambda g: g.repeat(1, 3, 1, 1), lambda g: g.expand(-1, 3, -1, -1)):
        leaf = gray.clone().requires_grad_()
        loss = torch.stack([layer.square().mean() for layer in network(repeat(leaf)).values()]).sum()
        found.append(torch.autograd.grad(loss, leaf)[0])
    assert float(found[0].abs().max()) > 0
    assert torch.allclose(*found, rtol=1e-3, atol=1e-6)


def test_weights_are_frozen(name):
    loss = sum(layer.sum() for layer in encoder(name)(images()).values())
    assert not loss.requires_grad


def test_bfloat16_is_near_float32(name):
    rough, fine = encoder(name, dtype=torch.bfloat16)(images()), exact(name)(images())
    for layer in fine:
        assert float(F.cosine_similarity(rough[layer].flatten(), fine[layer].flatten(), 0)) > 0.99


@pytest.mark.parametrize("name", ["squeezenet", "vgg19", "vgg19_distilled"], indirect=True)
def test_fewer_layers_are_the_same_layers(name):
    everything, first = exact(name), exact(name).layers[0]
    alone = encoder(name, layers=(first,), dtype=torch.float32)(images())
    assert list(alone) == [first]
    assert torch.allclose(alone[first], everything(images())[first], atol=1e-5)


def test_weights_of_another_network_are_told(name):
    with pytest.raises(Missing, match=f"models pull {name}"):
        ENCODERS[name]({"other.weight": torch.ones(1)}, CPU)


def test_squeezenet_folds_the_normalization_into_its_first_convolution():
    weights, picture = squeezenet_weights(), images(1)
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    x = F.conv2d((picture - mean) / deviation, weights["features.0.weight"], weights["features.0.bias"], stride=2)
    x = F.max_pool2d(F.relu(x), 3, 2, ceil_mode=True)
    x = F.relu(F.conv2d(x, weights["features.3.squeeze.weight"], weights["features.3.squeeze.bias"]))
    parts = (("expand1x1", 0), ("expand3x3", 1))
    x = torch.cat(
        [F.conv2d(x, weights[f"features.3.{p}.weight"], weights[f"features.3.{p}.bias"], padding=edge) for p, edge in parts], 1
    )
    found = SqueezeNet(weights, CPU, ("fire2",), torch.float32)(picture)["fire2"]
    assert torch.allclose(found, F.relu(x), atol=1e-5)


def test_squeezenet_is_salient_where_its_evidence_lies():
    network, picture = SqueezeNet(squeezenet_weights(), CPU, ("fire3",), torch.float32), torch.ones(1, 3, 96, 96)
    found = network.saliency(torch.cat([images(2, 96), picture]))
    assert found.shape == (3, 1, 5, 5)
    assert bool((found >= 0).all())
    assert float(found.max()) > 0


def test_the_hubs_layout_gives_what_openais_gives():
    weights = clip_vit_weights()
    one, two = (ClipVit(w, CPU, "clip", torch.float32)(images()) for w in (weights, as_hub(weights)))
    assert tuple(one) == ("block1", "block2", "block3", "pooled")
    assert all(torch.equal(one[layer], two[layer]) for layer in one)


def test_a_transformer_block_is_torchs_own():
    weights, width, name = clip_vit_weights(), 128, "visual.transformer.resblocks.0"
    module = torch.nn.MultiheadAttention(width, width // 64, batch_first=True)
    module.load_state_dict({key.split(".attn.")[1]: value for key, value in weights.items() if f"{name}.attn." in key})
    tokens = torch.randn(2, 10, width, generator=torch.Generator().manual_seed(3))
    normed = F.layer_norm(tokens, (width,), weights[f"{name}.ln_1.weight"], weights[f"{name}.ln_1.bias"])
    attended, probabilities = module(normed, normed, normed, average_attn_weights=False)
    expected = tokens + attended
    normed = F.layer_norm(expected, (width,), weights[f"{name}.ln_2.weight"], weights[f"{name}.ln_2.bias"])
    wide = F.linear(normed, weights[f"{name}.mlp.c_fc.weight"], weights[f"{name}.mlp.c_fc.bias"])
    narrow = (weights[f"{name}.mlp.c_proj.weight"], weights[f"{name}.mlp.c_proj.bias"])
    expected = expected + F.linear(wide * torch.sigmoid(1.702 * wide), *narrow)
    found, attention = ClipVit(weights, CPU, "clip", torch.float32)._blocks[0](tokens)
    assert torch.allclose(found, expected, atol=1e-5)
    assert torch.allclose(attention, probabilities, atol=1e-6)


def test_batch_norms_are_folded():
    weights, picture = clip_resnet_weights(), torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    mean, deviation = (torch.tensor(v).view(1, 3, 1, 1) for v in (clip.MEAN, clip.DEVIATION))
    x = (picture - mean) / deviation
    for i in (1, 2, 3):
        x = F.conv2d(x, weights[f"visual.conv{i}.weight"], stride=2 if i == 1 else 1, padding=1)
        bn = [weights[f"visual.bn{i}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        x = F.relu(F.batch_norm(x, *bn))
    found = ClipResNet(weights, CPU, "clip", torch.float32)(picture)
    assert torch.allclose(found["stem"], F.avg_pool2d(x, 2), atol=1e-4)
    assert [found[layer].shape[-1] for layer in ("stem", "layer1", "layer2", "layer3", "layer4", "pooled")] == [
        16,
        16,
        8,
        4,
        2,
        1,
    ]


@pytest.mark.parametrize("name", ["clip_vit_b32", "clip_vit_b16", "clip_rn101"], indirect=True)
def test_attention_is_saliency(name):
    found = exact(name).saliency(images(2, 40))
    assert found.shape[:2] == (2, 1)
    assert bool((found > 0).all())
    assert bool((found.sum((1, 2, 3)) < 1).all())  # the rest goes to the class token


@pytest.mark.parametrize("name", ["clip_vit_b32", "clip_rn101"], indirect=True)
def test_attention_goes_to_the_inside_alone(name):
    network, inside = exact(name), torch.zeros(2, 1, 40, 40)
    inside[0, :, :20, :20] = 1
    whole, within = network.saliency(images(2, 40)), network.saliency(images(2, 40), inside)
    side = whole.shape[-1]
    seen = torch.nn.functional.adaptive_max_pool2d(inside, side) > 0
    assert seen[0].any() and not seen[0].all()
    assert (within[0][~seen[0]] == 0).all() and (within[0][seen[0]] > 0).all()
    assert not torch.allclose(within[0][seen[0]], whole[0][seen[0]])  # the others' share went to these
    assert torch.equal(within[1], whole[1])  # nothing is inside: everything is seen


@pytest.mark.parametrize("name", ["clip_vit_b32", "clip_rn101"], indirect=True)
@pytest.mark.parametrize("turned", [False, True], ids=["tall", "wide"])
def test_attention_to_oblong_pictures_lies_where_they_are_looked_at(name, turned):
    network, picture = exact(name), images(1, 64)[..., :32]
    square = F.pad(picture, (16, 16), value=1.0)
    if turned:
        picture, square = picture.transpose(2, 3), square.transpose(2, 3)
    found, whole = network.saliency(picture), network.saliency(square)
    wide = F.interpolate(whole, (64, 64), mode="bilinear", align_corners=False)
    part = wide[:, :, 16:48] if turned else wide[..., 16:48]
    assert found.shape[-2:] == picture.shape[-2:]
    assert torch.allclose(found, part, atol=1e-5)


def test_clip_sees_oblong_pictures_on_a_white_square():
    network, tall = exact("clip_vit_b32"), images(1, 48)[..., :20]
    squared = F.pad(tall, (14, 14), value=1.0)
    for layer, values in network(tall).items():
        assert torch.allclose(values, network(squared)[layer], atol=1e-5)


def test_every_layer_of_the_distilled_vgg_has_a_network_of_its_own():
    weights = WEIGHTS["vgg19_distilled"]()
    other = {key: value + 0.1 * key.startswith("level3.conv11.") for key, value in weights.items()}
    one, two = (DistilledVgg19(w, CPU, dtype=torch.float32)(images()) for w in (weights, other))
    assert [layer for layer in one if not torch.equal(one[layer], two[layer])] == ["relu3_1"]


def real(file):
    path = DATA / "weights" / file
    if not path.exists():
        pytest.skip(f"no real weights: {path} is not there")
    from safetensors.torch import load_file

    return load_file(path)


def pairs():
    """Photographs and published sketches on white squares, each [28, 3, 224, 224]."""
    import numpy as np
    from PIL import Image

    def square(path):
        picture = Image.open(path).convert("RGBA")
        page = Image.new("RGBA", picture.size, "white")
        page.alpha_composite(picture)
        page = page.convert("RGB").resize((224, 224))
        return torch.from_numpy(np.array(page, np.float32) / 255).permute(2, 0, 1)

    found = sorted((DATA / "published" / "controlsketch").glob("*/image_*.png"))
    if not found:
        pytest.skip("no published sketches here")
    sketches = [path.with_name(path.name.replace("image", "sketch")) for path in found]
    return torch.stack([square(p) for p in found]), torch.stack([square(p) for p in sketches])


@pytest.mark.parametrize(
    ("kind", "file", "layer", "least"),
    [
        (SqueezeNet, "squeezenet1_1.safetensors", "fire5", 1.0),
        (DistilledVgg19, "vgg19_distilled16x.safetensors", "relu4_1", 0.9),
    ],
)
def test_real_weights_match_sketches_to_their_photographs(kind, file, layer, least):
    network = kind(real(file), CPU, layers=(layer,))
    seen = []
    for pictures in pairs():
        features = torch.cat([F.adaptive_avg_pool2d(network(part)[layer], 7).flatten(1) for part in pictures.split(7)])
        seen.append(F.normalize(features - features.mean(0), dim=1))
    matched = (seen[1] @ seen[0].T).argmax(1) == torch.arange(len(seen[0]))
    assert float(matched.float().mean()) >= least
