import numpy as np
import pytest
import skimage.data

from backend.perception.contrast import full_contrast
from backend.perception.foreground import find_foreground
from backend.perception.line_field import line_field
from tests.pictures import blank, disc, face, noise, tensor


def pale(pixels, share, grain=0.0):
    """Pixels with a share of their contrast, and grain of a standard deviation."""
    rough = np.random.default_rng(2).normal(0, grain, pixels.shape)
    return np.clip(140 + share * (pixels.astype(float) - 140) + rough, 0, 255)


@pytest.mark.parametrize("pixels", [skimage.data.astronaut(), skimage.data.chelsea(), disc(), face(), blank(60, 60)])
def test_pictures_with_contrast_stay_as_they_are(pixels):
    image = tensor(pixels)
    assert full_contrast(image) is image


def test_a_pale_picture_gets_contrast_and_keeps_its_order_of_shades():
    image = tensor(pale(skimage.data.astronaut(), 0.15))
    found = full_contrast(image)
    assert (found.amin(), found.amax()) >= (0, 0) and found.amax() <= 1
    spread = [float(part.quantile(0.95) - part.quantile(0.05)) for part in (image[0, 1, ::4, ::4], found[0, 1, ::4, ::4])]
    assert 2.5 * spread[0] < spread[1] <= 4.01 * spread[0]
    darker = image[0, 1] < image[0, 1].quantile(0.4) if image[0, 1].numel() < 1e6 else None
    assert darker is not None and found[0, 1][darker].max() <= found[0, 1][~darker].min() + 1e-6


def test_color_is_contrast_too():
    pixels = np.full((80, 120, 3), (200, 90, 90), np.uint8)
    pixels[:, 60:] = (70, 140, 90)
    image = tensor(pixels)
    assert full_contrast(image) is image


def test_mere_grain_is_not_raised_to_lines():
    image = tensor(noise(100, 100, 120, 136).mean(2, keepdims=True).repeat(3, 2))
    assert float(full_contrast(image).std()) < 1.5 * float(image.std())


def test_the_subject_of_a_pale_grainy_picture_is_found():
    found = find_foreground(tensor(pale(disc(), 0.12, 1.0)))
    inside = disc()[..., 0] < 128
    mask = found.mask[0, 0].numpy() > 0.5
    assert found.trusted
    assert (mask & inside).sum() > 0.9 * (mask | inside).sum()


def test_the_lines_of_a_pale_picture_are_those_of_the_full_one():
    full = line_field(tensor(face())).strength > 0.3
    light = line_field(tensor(pale(face(), 0.1))).strength > 0.3
    assert (full & light).sum() > 0.6 * full.sum()
