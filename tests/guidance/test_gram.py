import pytest
import torch

from backend.encoders.vgg import DistilledVgg19
from backend.guidance.gram import ColorMatch, GramMatch, gram
from backend.guidance.variation import total_variation
from tests.encoders.networks import distilled_vgg19_weights


def encoder():
    return DistilledVgg19(distilled_vgg19_weights(), torch.device("cpu"), dtype=torch.float32)


def picture(size=(48, 64), seed=0):
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(seed))


def test_a_gram_matrix_is_the_mean_product_of_channels():
    features = torch.tensor([[[[1.0, 3.0]], [[2.0, -1.0]]]])
    assert torch.equal(gram(features), torch.tensor([[[5.0, -0.5], [-0.5, 2.5]]]))


def test_the_style_of_a_picture_is_at_no_distance_from_itself():
    image = picture()
    for match in (GramMatch(image, encoder()), ColorMatch(image)):
        assert float(match(image)) == 0
        assert float(match(picture(seed=1) ** 2)) > 1e-3


def test_colors_do_not_depend_on_places_and_sizes_may_differ():
    image = picture()
    mixed = image.flatten(2)[:, :, torch.randperm(48 * 64)].view_as(image)
    assert float(ColorMatch(image)(mixed)) < 1e-9
    assert float(ColorMatch(image)(torch.cat([image, image], 3))) < 1e-9
    assert torch.isfinite(GramMatch(image, encoder())(picture((80, 40))))


def test_gradients_lead_to_the_style():
    match, image = GramMatch(picture(), encoder()), (0.3 * picture(seed=2)).requires_grad_()
    before = match(image)
    before.backward()
    step = 0.05 * image.grad / image.grad.abs().max()
    assert float(match((image - step).detach())) < float(before.detach())


def test_total_variation_counts_the_border_of_a_tile():
    image = torch.zeros(1, 1, 4, 4)
    image[..., 2:] = 1
    assert float(total_variation(image)) == pytest.approx(1 / 3)
    assert float(total_variation(image, tiled=True)) == 2 / 4
    assert float(total_variation(torch.full((1, 3, 5, 5), 0.7), tiled=True)) == 0
