import pytest
import torch

from backend.core.image import Framing, luminance


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (3, 7), (480, 640), (640, 480), (2000, 30)])
def test_the_whole_picture_fits_its_longer_side(size):
    framing = Framing.whole(size, 64)
    assert max(framing.canvas) == 64
    assert min(framing.canvas) == max(1, round(min(size) * 64 / max(size)))
    assert framing.scale == 64 / max(size)
    assert framing.crop(torch.zeros(1, 3, *size)).shape == (1, 3, *framing.canvas)


@pytest.mark.parametrize("framing", [Framing.whole((33, 77), 64), Framing((50, 60), (10, 20), (7.25, -3.5), 0.4)])
def test_points_come_back_from_the_canvas(framing):
    points = torch.rand(5, 4, 2, dtype=torch.float64) * 90 - 20
    torch.testing.assert_close(framing.to_source(framing.to_canvas(points)), points)


def test_the_canvas_starts_at_its_origin():
    framing = Framing((50, 60), (10, 20), (7.0, 3.0), 2.0)
    assert framing.to_source(torch.zeros(2)).tolist() == [7, 3]
    assert framing.to_canvas(torch.tensor([8.0, 5.0])).tolist() == [2, 4]


def test_a_crop_at_full_size_is_the_picture_itself():
    image = torch.rand(1, 3, 5, 9)
    assert torch.equal(Framing((5, 9), (5, 9)).crop(image), image)


def test_a_crop_shows_what_lies_in_its_frame():
    image = torch.rand(1, 3, 20, 30)
    assert torch.equal(Framing((20, 30), (4, 6), (10.0, 5.0)).crop(image), image[..., 5:9, 10:16])


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_what_lies_outside_the_picture_is_filled(fill):
    image = torch.full((1, 1, 4, 6), 0.5)
    crop = Framing((4, 6), (8, 10), (-2.0, -2.0)).crop(image, fill)
    assert torch.equal(crop[..., 2:6, 2:8], image)
    assert (crop == fill).sum() == 80 - 24


@pytest.mark.parametrize("origin", [(100.0, 0.0), (0.0, 100.0), (100.0, 100.0)])
def test_a_frame_beyond_the_picture_is_all_fill(origin):
    crop = Framing((20, 30), (10, 10), origin).crop(torch.zeros(1, 3, 20, 30))
    torch.testing.assert_close(crop, torch.ones(1, 3, 10, 10))


def test_a_scaled_crop_keeps_places_and_range():
    image = torch.zeros(1, 1, 40, 40)
    image[..., 10:20, 20:30] = 1
    crop = Framing((40, 40), (60, 60), (10.0, 5.0), 3.0).crop(image)
    inside = crop[0, 0] > 0.5
    assert inside.nonzero().amin(0).tolist() == [15, 30]
    assert inside.nonzero().amax(0).tolist() == [44, 59]
    assert 0 <= float(crop.min()) <= float(crop.max()) <= 1


def test_luminance_weighs_green_most():
    shades = torch.eye(3).reshape(3, 3, 1, 1)
    assert luminance(shades).flatten().tolist() == pytest.approx([0.299, 0.587, 0.114])
    assert float(luminance(torch.ones(1, 3, 1, 1))) == pytest.approx(1)


def test_a_frame_left_of_the_picture_is_all_fill():
    torch.testing.assert_close(
        Framing((20, 300), (10, 10), (-100.0, 0.0)).crop(torch.zeros(1, 3, 20, 300)), torch.ones(1, 3, 10, 10)
    )


@pytest.mark.parametrize("size", [(1, 500), (10, 2000)])
def test_a_thin_whole_picture_holds_no_fill(size):
    assert float(Framing.whole(size, 64).crop(torch.zeros(1, 3, *size)).max()) == 0
