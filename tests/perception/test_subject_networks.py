"""Networks that cut out and complete, beside plain readings of their papers, on tiny random weights in true formats."""

import sys
import warnings
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from backend.core.errors import Missing
from backend.perception.lama import Lama
from backend.perception.salient_subject import cut_by
from backend.perception.u2net import DEVIATION, MEAN, SIDE, U2Net
from backend.weights.formats import read_tensors

sys.path.append(str(Path(__file__).parent))
from subject_networks import lama_weights, u2net_weights

CPU = torch.device("cpu")


def picture(height, width, seed=1):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def batch_normed(w, name, x):
    return F.batch_norm(x, *(w[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")))


def rsu(w, name, x, depth):
    """A residual U-block by the paper's recursion: down, dilated at the bottom, up."""

    def layer(part, x, dilation=1):
        conv = f"{name}.rebnconv{part}"
        x = F.conv2d(x, w[f"{conv}.conv_s1.weight"], w[f"{conv}.conv_s1.bias"], padding=dilation, dilation=dilation)
        return F.relu(batch_normed(w, f"{conv}.bn_s1", x))

    def inner(level, x):
        if level == depth:
            return layer(depth, x, 2)
        here = layer(level, x)
        below = here if level == depth - 1 else F.max_pool2d(here, 2, ceil_mode=True)
        below = inner(level + 1, below)
        if below.shape != here.shape:
            below = F.interpolate(below, here.shape[-2:], mode="bilinear", align_corners=False)
        return layer(f"{level}d", torch.cat([below, here], 1))

    entered = layer("in", x)
    return inner(1, entered) + entered


def flat_rsu(w, name, x):
    def layer(part, x, dilation=1):
        conv = f"{name}.rebnconv{part}"
        x = F.conv2d(x, w[f"{conv}.conv_s1.weight"], w[f"{conv}.conv_s1.bias"], padding=dilation, dilation=dilation)
        return F.relu(batch_normed(w, f"{conv}.bn_s1", x))

    entered = layer("in", x)
    one = layer(1, entered)
    two, three = layer(2, one, 2), None
    three = layer(3, two, 4)
    three = layer("3d", torch.cat([layer(4, three, 8), three], 1), 4)
    return layer("1d", torch.cat([layer("2d", torch.cat([three, two], 1), 2), one], 1)) + entered


def plain_u2net(w, x):
    def up(x, like):
        return F.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False)

    def pool(x):
        return F.max_pool2d(x, 2, ceil_mode=True)

    one = rsu(w, "stage1", x, 7)
    two = rsu(w, "stage2", pool(one), 6)
    three = rsu(w, "stage3", pool(two), 5)
    four = rsu(w, "stage4", pool(three), 4)
    five = flat_rsu(w, "stage5", pool(four))
    six = flat_rsu(w, "stage6", pool(five))
    five = flat_rsu(w, "stage5d", torch.cat([up(six, five), five], 1))
    four = rsu(w, "stage4d", torch.cat([up(five, four), four], 1), 4)
    three = rsu(w, "stage3d", torch.cat([up(four, three), three], 1), 5)
    two = rsu(w, "stage2d", torch.cat([up(three, two), two], 1), 6)
    one = rsu(w, "stage1d", torch.cat([up(two, one), one], 1), 7)
    sides = [
        up(F.conv2d(x, w[f"side{i}.weight"], w[f"side{i}.bias"], padding=1), one)
        for i, x in enumerate((one, two, three, four, five, six), 1)
    ]
    return torch.sigmoid(F.conv2d(torch.cat(sides, 1), w["outconv.weight"], w["outconv.bias"]))


def test_u2net_is_the_papers(tmp_path):
    torch.save(u2net_weights(), tmp_path / "u2net.pth")
    weights, image = read_tensors(tmp_path / "u2net.pth"), picture(SIDE, SIDE)
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    with torch.no_grad():
        expected = plain_u2net(weights, (image / image.max() - mean) / deviation)
    expected = (expected - expected.min()) / (expected.max() - expected.min())
    found = U2Net(weights, CPU, dtype=torch.float32)(image)
    assert float(found.std()) > 0.01
    assert torch.allclose(found, expected, atol=1e-3)


def test_a_mask_has_the_pictures_size():
    found = U2Net(u2net_weights(), CPU)(picture(70, 111))
    assert found.shape == (1, 1, 70, 111) and 0 <= float(found.min()) <= float(found.max()) <= 1


def test_weights_of_another_network_are_told():
    with pytest.raises(Missing, match="models pull u2net"):
        U2Net(lama_weights(), CPU)
    with pytest.raises(Missing, match="models pull lama"):
        Lama(u2net_weights(), CPU)


def plain_lama(w, image, hole, blocks):
    w = {key.removeprefix("model.generator.model."): value for key, value in w.items()}

    def conv(name, x, stride=1):
        weight = w[f"{name}.weight"]
        edge = weight.shape[-1] // 2
        return F.conv2d(F.pad(x, (edge,) * 4, mode="reflect") if edge else x, weight, stride=stride)

    def spectral(name, x):
        x = F.relu(batch_normed(w, f"{name}.conv1.1", conv(f"{name}.conv1.0", x)))
        batch, channels, height, width = x.shape
        spectrum = torch.view_as_real(torch.fft.rfftn(x, dim=(-2, -1), norm="ortho")).permute(0, 1, 4, 2, 3)
        mixed = conv(f"{name}.fu.conv_layer", spectrum.reshape(batch, 2 * channels, height, -1))
        mixed = F.relu(batch_normed(w, f"{name}.fu.bn", mixed)).reshape(batch, channels, 2, height, -1)
        turned = torch.view_as_complex(mixed.permute(0, 1, 3, 4, 2).contiguous())
        return conv(f"{name}.conv2", x + torch.fft.irfftn(turned, s=(height, width), dim=(-2, -1), norm="ortho"))

    def fast(name, here, wide):
        near = conv(f"{name}.ffc.convl2l", here) + conv(f"{name}.ffc.convg2l", wide)
        far = conv(f"{name}.ffc.convl2g", here) + spectral(f"{name}.ffc.convg2g", wide)
        return F.relu(batch_normed(w, f"{name}.bn_l", near)), F.relu(batch_normed(w, f"{name}.bn_g", far))

    x = torch.cat([image * (1 - hole), hole], 1)
    for i, stride in ((1, 1), (2, 2), (3, 2)):
        x = F.relu(batch_normed(w, f"{i}.bn_l", conv(f"{i}.ffc.convl2l", x, stride)))
    here, wide = (F.relu(batch_normed(w, f"4.bn_{p}", conv(f"4.ffc.convl2{p}", x, 2))) for p in "lg")
    for i in range(5, 5 + blocks):
        changed = fast(f"{i}.conv2", *fast(f"{i}.conv1", here, wide))
        here, wide = here + changed[0], wide + changed[1]
    x = torch.cat([here, wide], 1)
    for k in range(3):
        name = str(6 + blocks + 3 * k)
        x = F.conv_transpose2d(x, w[f"{name}.weight"], w[f"{name}.bias"], stride=2, padding=1, output_padding=1)
        x = F.relu(batch_normed(w, str(7 + blocks + 3 * k), x))
    last = str(16 + blocks)
    return torch.sigmoid(F.conv2d(F.pad(x, (3,) * 4, mode="reflect"), w[f"{last}.weight"], w[f"{last}.bias"]))


def holed(height, width):
    hole = torch.zeros(1, 1, height, width)
    hole[..., height // 3 : height // 2, width // 4 : width // 2] = 1
    return hole


@pytest.mark.parametrize("blocks", [1, 3])
def test_lama_is_the_papers(blocks):
    weights, image, hole = lama_weights(blocks=blocks), picture(64, 96), holed(64, 96)
    with torch.no_grad():
        expected = hole * plain_lama(weights, image, hole, blocks) + (1 - hole) * image
    found = Lama(weights, CPU)(image, hole)
    assert torch.allclose(found, expected, atol=1e-4)
    assert float((found - image).abs().max()) > 0.05


@pytest.mark.parametrize("root", ["model.generator.", "generator."])
def test_lama_changes_nothing_outside_the_hole_of_pictures_of_any_size(root):
    image, hole = picture(701, 93), holed(701, 93)
    found = Lama(lama_weights(root=root), CPU)(image, hole)
    assert found.shape == image.shape
    assert torch.equal(found * (1 - hole), image * (1 - hole))


class Archived(torch.nn.Module):
    """The tensors of a network as a module that TorchScript can keep: modules within modules by their dotted names."""

    def __init__(self, tensors):
        super().__init__()
        for name in sorted({key.split(".")[0] for key in tensors}):
            inner = {key.split(".", 1)[1]: value for key, value in tensors.items() if key.startswith(f"{name}.")}
            if inner:
                self.add_module(name, Archived(inner))
            else:
                self.register_buffer(name, tensors[name])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_lama_loads_from_a_torchscript_archive_without_running_it(tmp_path):
    from backend.weights.digest import sha256_of

    weights, path = lama_weights(), tmp_path / "big-lama.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates TorchScript
        torch.jit.save(torch.jit.script(Archived(weights)), path)
    read = read_tensors(path, {sha256_of(path)})
    image, hole = picture(48, 64), holed(48, 64)
    assert torch.equal(Lama(read, CPU)(image, hole), Lama(weights, CPU)(image, hole))


def disc():
    image = torch.full((1, 3, 120, 160), 0.9)
    y, x = torch.meshgrid(torch.arange(120.0), torch.arange(160.0), indexing="ij")
    inside = ((y - 60) ** 2 + (x - 80) ** 2 < 35**2).float()[None, None]
    return image * (1 - inside) + torch.tensor([0.2, 0.3, 0.7]).view(1, 3, 1, 1) * inside, inside


def test_a_sure_network_cuts_the_subject_and_an_unsure_one_is_not_trusted():
    image, inside = disc()
    found = cut_by(lambda seen: F.avg_pool2d(inside, 9, 1, 4), image)
    assert found.trusted and float((found.mask - inside).abs().mean()) < 0.02
    for unsure in (torch.full_like(inside, 0.55), torch.zeros_like(inside), torch.ones_like(inside)):
        answer = cut_by(lambda seen, unsure=unsure: unsure, image)
        assert not answer.trusted and answer.reason.endswith(".")
