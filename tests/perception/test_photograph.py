import random
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from backend.core.errors import BadImage, ImageTooLarge
from backend.perception import picture_file
from backend.perception.photograph import Photograph, decode, decode_mask
from backend.perception.picture_file import picture_size
from tests.pictures import file_of, noise

COLORS = noise(12, 20, seed=1)
RAMP = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>"


def levels(image):
    """An image [1, 3, H, W] as 8-bit pixels [H, W, 3]."""
    return (image[0].permute(1, 2, 0) * 255).round().numpy().astype(np.uint8)


def png(width, height):
    """A PNG file that declares a size and holds next to nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


def is_sentence(error):
    text = str(error.value)
    return text[0].isupper() and text.endswith(".") and len(text) > 20


@pytest.mark.parametrize(("form", "options"), [
    ("PNG", {}), ("BMP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {"lossless": True}),
])  # fmt: skip
def test_lossless_files_give_their_pixels(form, options):
    picture = decode(file_of(COLORS, form, **options))
    assert np.array_equal(levels(picture.pixels), COLORS)
    assert picture.pixels.dtype == torch.float32
    assert picture.size == (12, 20)
    assert picture.alpha is None


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_files_keep_light_and_dark(mode):
    halves = np.zeros((16, 32, 3), np.uint8)
    halves[:, 16:] = 255
    pixels = decode(file_of(Image.fromarray(halves).convert(mode), "JPEG", quality=95)).pixels
    assert float(pixels[..., :12].max()) < 0.1
    assert float(pixels[..., 20:].min()) > 0.9


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_one_white_pixel_is_a_picture_in_any_mode(mode):
    picture = decode(file_of(Image.new("RGB", (1, 1), "white").convert(mode), "PNG"))
    assert picture.size == (1, 1)
    assert picture.pixels.flatten().tolist() == [1, 1, 1]


def test_transparency_is_laid_on_white_and_kept_as_alpha():
    pixels = np.zeros((4, 8, 4), np.uint8)
    pixels[:, 4:, 3] = 255
    picture = decode(file_of(pixels, "PNG"))
    assert levels(picture.pixels)[0, :, 0].tolist() == [255] * 4 + [0] * 4
    assert picture.alpha.shape == (1, 1, 4, 8)
    assert picture.alpha[0, 0, 0].tolist() == [0] * 4 + [1] * 4


def test_gray_with_alpha_is_laid_on_white():
    picture = decode(file_of(Image.fromarray(np.array([[[0, 0], [0, 255]]], np.uint8), "LA"), "PNG"))
    assert picture.pixels[0, :, 0].tolist() == [[1, 0]] * 3
    assert picture.alpha.flatten().tolist() == [0, 1]


def test_a_transparent_palette_entry_is_alpha():
    image = Image.new("P", (4, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1, 0, 1])
    picture = decode(file_of(image, "PNG", transparency=0))
    assert picture.alpha.flatten().tolist() == [0, 1, 0, 1]
    assert picture.pixels[0, :, 0].T.tolist() == [[1, 1, 1], [0, 0, 1]] * 2


@pytest.mark.parametrize(("color", "opacity", "shown"), [(255, 255, 0), (250, 255, 0), (255, 90, 0), (225, 255, 225)])
def test_white_on_nothing_is_shown_as_ink_on_white(color, opacity, shown):
    pixels = np.full((3, 4, 4), (color, color, color, 0), np.uint8)
    pixels[:, 2:, 3] = opacity
    picture = decode(file_of(pixels, "PNG"))
    assert levels(picture.pixels)[0, :, 1].tolist() == [255, 255, shown, shown]
    assert picture.alpha[0, 0, 0].tolist() == [0, 0, 1, 1]


def test_white_beside_other_colors_stays_white():
    pixels = np.full((1, 3, 4), 255, np.uint8)
    pixels[0, 0, 3], pixels[0, 2, :3] = 0, (0, 0, 200)
    assert levels(decode(file_of(pixels, "PNG")).pixels)[0].tolist() == [[255] * 3, [255] * 3, [0, 0, 200]]


def test_a_picture_that_is_faint_all_over_tells_its_subject():
    pixels = np.zeros((1, 2, 4), np.uint8)
    pixels[0, 1, 3] = 60
    assert decode(file_of(pixels, "PNG")).alpha.flatten().tolist() == [0, 1]


@pytest.mark.parametrize("opacity", [3, 255])
def test_uniform_transparency_means_nothing(opacity):
    picture = decode(file_of(np.full((3, 3, 4), (9, 9, 9, opacity), np.uint8), "PNG"))
    assert picture.alpha is None
    assert bool(torch.isfinite(picture.pixels).all())


def test_a_wholly_transparent_picture_is_refused_but_not_as_a_mask():
    file = file_of(np.zeros((3, 3, 4), np.uint8), "PNG")
    with pytest.raises(BadImage, match="wholly transparent"):
        decode(file)
    assert not decode_mask(file, (3, 3)).any()


@pytest.mark.parametrize("image", [
    Image.fromarray((RAMP * 65535).astype(np.uint16)),
    Image.frombytes("I;16B", (8, 8), (RAMP * 65535).astype(">u2").tobytes()),
    Image.fromarray((RAMP * 65535).astype(np.int32)),
    Image.fromarray(RAMP),
    Image.fromarray(RAMP * 255),
], ids=["16-bit", "16-bit big-endian", "32-bit", "float to 1", "float to 255"])  # fmt: skip
def test_deep_grays_keep_their_shades(image):
    pixels = decode(file_of(image, "TIFF")).pixels
    assert np.abs(pixels[0].numpy() - RAMP).max() < 1 / 128


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "TIFF", "PNG", "WEBP"])
def test_exif_orientation_is_applied(orientation, form):
    corner = np.zeros((32, 48, 3), np.uint8)
    corner[:16, :16] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = file_of(corner, form, exif=exif)
    transposed = Image.fromarray(corner)
    transposed.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(transposed))
    picture = decode(data)
    assert picture.size == picture_size(data) == upright.shape[:2] == ((32, 48) if orientation < 5 else (48, 32))
    assert np.array_equal(levels(picture.pixels) > 127, upright > 127)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animations_show_their_first_frame(form):
    frames = [Image.new("RGB", (8, 8), color) for color in ("black", "white", "red")]
    assert float(decode(file_of(frames[0], form, save_all=True, append_images=frames[1:])).pixels.max()) < 0.02


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_frames_in_which_nothing_is_to_be_seen_are_passed_over(form):
    frames = [Image.new("RGBA", (8, 8), (0, 0, 0, 0))] + [Image.new("RGBA", (8, 8), (200, 0, 0, 255))] * 2
    data = file_of(frames[0], form, save_all=True, append_images=frames[1:], lossless=True)
    assert levels(decode(data).pixels)[4, 4] == pytest.approx((200, 0, 0), abs=2)


@pytest.mark.parametrize(
    "data", [b"", b"hello, this is a text", SVG, bytes(1000), b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff"]
)
def test_bytes_that_are_no_picture_are_told_in_a_sentence(data):
    with pytest.raises(BadImage) as error:
        decode(data)
    assert is_sentence(error)
    with pytest.raises(BadImage):
        picture_size(data)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_a_file_cut_short_is_told_in_a_sentence(form):
    data = file_of(noise(64, 64), form)
    with pytest.raises(BadImage) as error:
        decode(data[: len(data) // 2])
    assert is_sentence(error)


@pytest.mark.parametrize("size", [(20_000, 20_000), (12_500, 12_500), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1)])
def test_a_bomb_is_refused_by_its_declared_size(size):
    with pytest.raises(ImageTooLarge) as error:
        decode(png(*size))
    assert is_sentence(error) and "150 million" in str(error.value)


def test_a_file_of_too_many_bytes_is_refused(monkeypatch):
    monkeypatch.setattr(picture_file, "MAX_BYTES", 50)
    with pytest.raises(ImageTooLarge):
        decode(file_of(COLORS, "PNG"))


@pytest.mark.parametrize(("form", "options"), [
    ("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("GIF", {}), ("TIFF", {}), ("BMP", {}), ("WEBP", {}),
])  # fmt: skip
def test_200_random_corruptions_give_a_photograph_or_a_bad_image(form, options):
    exif = Image.Exif()
    exif[0x0112] = 6
    original = file_of(COLORS, form, **options, **({} if form in ("GIF", "BMP") else {"exif": exif}))
    chance = random.Random(form)
    for _ in range(200):
        data = bytearray(original)
        for _change in range(chance.choice([1, 2, 8])):
            data[chance.randrange(min(len(data), chance.choice([64, len(data)])))] = chance.choice(
                [0, 255, chance.randrange(256)]
            )
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        try:
            picture = decode(bytes(data))
        except BadImage as error:
            assert str(error).endswith(".")
        else:
            assert isinstance(picture, Photograph)
            assert 0 <= float(picture.pixels.min()) <= float(picture.pixels.max()) <= 1


def test_a_white_mask_keeps_and_a_black_one_does_not():
    halves = np.zeros((10, 20), np.uint8)
    halves[:, 10:] = 255
    mask = decode_mask(file_of(halves, "PNG"), (20, 40))
    assert mask.shape == (1, 1, 20, 40)
    assert mask[0, 0, 7].tolist() == [0] * 20 + [1] * 20


def test_a_transparent_mask_keeps_what_is_opaque():
    pixels = np.zeros((10, 20, 4), np.uint8)
    pixels[:, :10, 3] = 255
    assert decode_mask(file_of(pixels, "PNG"), (10, 20))[0, 0, 3].tolist() == [1] * 10 + [0] * 10


def test_a_damaged_mask_is_told_in_a_sentence():
    with pytest.raises(BadImage):
        decode_mask(b"no mask", (10, 20))


@pytest.mark.parametrize(
    "values",
    [RAMP * 1.02, np.where(RAMP > 0.98, np.nan, RAMP), np.where(RAMP > 0.98, np.inf, RAMP)],
    ids=["overshoot", "nan", "inf"],
)
def test_a_float_tiff_keeps_its_shades(values):
    pixels = decode(file_of(Image.fromarray(values.astype(np.float32)), "TIFF")).pixels[0, 0].numpy()
    assert abs(pixels[4] - RAMP[4]).max() < 0.03


def test_signaling_nan_gives_no_warning():
    data = file_of(Image.fromarray(RAMP), "TIFF").replace(np.float32(1).tobytes(), b"\x01\x00\x80\x7f")
    decode(data)


@pytest.mark.parametrize("form", ["AVIF", "TGA"])
def test_other_formats_damaged_are_bad_images(form):

    a = np.random.default_rng(0).integers(0, 255, (24, 32, 3)).astype(np.uint8)
    f, r = file_of(a, form), random.Random(form)
    for _ in range(600):
        b = bytearray(f)
        for _ in range(r.choice([1, 2, 4])):
            b[r.randrange(min(len(b), 400))] = r.choice([0, 255, r.randrange(256)])
        try:
            decode(bytes(b))
        except BadImage:
            continue
