import pytest
import torch

from backend.perception.picture_frame import without_frame


def a_photograph(height=120, width=160, seed=0):
    rough = torch.rand(1, 3, height // 8, width // 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(rough, (height, width), mode="bilinear")


def framed(image, top=3, bottom=3, left=3, right=3, color=(0.1, 0.1, 0.1)):
    shown = image.clone()
    for channel, value in enumerate(color):
        part = shown[:, channel]
        part[:, :top], part[:, image.shape[2] - bottom :] = value, value
        part[:, :, :left], part[:, :, image.shape[3] - right :] = value, value
    return shown


@pytest.mark.parametrize("color", [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.8, 0.2, 0.2)])
def test_a_thin_frame_takes_on_the_colors_inside(color):
    image = a_photograph()
    inner = without_frame(framed(image, color=color))
    assert inner.shape == image.shape and torch.equal(inner[..., 6:-6, 6:-6], image[..., 6:-6, 6:-6])
    assert (inner - image).abs().max() < 0.25


def test_a_side_may_have_a_frame_of_its_own():
    image = a_photograph()
    only_top = framed(image, 4, 0, 0, 0)
    assert (without_frame(only_top) - image).abs().max() < 0.3
    assert torch.equal(without_frame(only_top)[..., 8:, :], image[..., 8:, :])


def test_a_photograph_without_one_stays_itself():
    image = a_photograph()
    assert without_frame(image) is image


def test_a_plain_backdrop_is_no_frame():
    image = torch.ones(1, 3, 120, 160)
    image[..., 40:80, 50:110] = 0.2
    assert without_frame(image) is image


def test_a_sky_is_no_frame():
    image = a_photograph()
    image[..., :40, :] = 0.9
    assert without_frame(image) is image


def test_a_wide_mat_is_part_of_the_picture():
    image = framed(a_photograph(), 15, 15, 15, 15)
    assert without_frame(image) is image


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (8, 400), (3, 5)])
def test_pictures_too_small_for_one_have_none(size):
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    assert without_frame(image) is image
