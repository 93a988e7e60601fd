import pytest
import torch

from backend.parameterize.pixels import LEAST, Pixels, calm_border, colored_noise, shifted


def gray(size=24, seed=0):
    return torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(seed)).expand(-1, 3, -1, -1).contiguous()


def test_the_picture_begins_as_the_start():
    start = torch.rand(1, 3, 9, 11, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(Pixels(start, gray()).image(), start, atol=1e-4)


def test_equal_steps_change_a_gray_exemplars_picture_mostly_in_lightness():
    pixels = Pixels(torch.full((1, 3, 4, 4), 0.5), gray())
    with torch.no_grad():
        pixels.shares.add_(1)
    moved = pixels.image().detach()[0, :, 0, 0]
    assert float(moved.max() - moved.min()) < 4 * LEAST < float((moved.mean() - 0.5).abs())


def test_what_is_cut_off_at_white_still_has_a_gradient():
    pixels = Pixels(torch.full((1, 3, 2, 2), 0.5), gray())
    with torch.no_grad():
        pixels.shares.mul_(0).add_(100)
    image = pixels.image()
    assert 0 <= float(image.detach().min()) <= float(image.detach().max()) <= 1
    image.sum().backward()
    assert float(pixels.shares.grad.abs().sum()) > 0


@pytest.mark.parametrize("tiled", [True, False])
def test_a_shifted_view_holds_the_picture(tiled):
    image = torch.arange(36.0).view(1, 1, 6, 6)
    seen = shifted(image, 4, 3, 2, tiled)
    assert seen.shape == (1, 1, 10, 10)
    assert torch.equal(seen[..., 1:7, 2:8], image)
    assert float(seen[0, 0, 0, 2]) == (30.0 if tiled else 6.0)


def test_noise_has_the_exemplars_colors():
    exemplar = gray() * torch.tensor([0.5, 0.4, 0.1]).view(1, 3, 1, 1) + 0.2
    noise = colored_noise(exemplar, (64, 64), torch.Generator().manual_seed(0))
    assert torch.allclose(noise.mean((2, 3)), exemplar.mean((2, 3)), atol=0.02)
    assert torch.allclose(noise.std((2, 3)), exemplar.std((2, 3)), rtol=0.15)


def test_a_tile_is_cut_where_it_is_calmest():
    tile = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(3))
    tile[..., 7, :] = tile[..., 6, :]
    tile[..., 12] = tile[..., 11] + 0.01
    cut = calm_border(tile)
    assert torch.allclose(cut, tile.roll((-7, -12), (2, 3)))
    for axis in (2, 3):
        steps = (cut - cut.roll(1, axis)).abs().mean(tuple(a for a in range(4) if a != axis))
        assert float(steps[0]) == float(steps.min())
