"""Any picture file becomes a style pack, or a sentence."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from backend.core.errors import BadImage, BadRequest, ImageTooLarge
from backend.core.work import completed
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes import style_extraction
from backend.recipes.style_extraction import extract_style, title_of
from backend.style_archive import read_archive, write_archive
from backend.style_features import write_features
from backend.style_members import check_pack
from backend.style_pack import parse_pack


def lines(mode="RGB", size=(400, 300), paper="white", ink="black"):
    image = Image.new("RGB", size, paper)
    pen = ImageDraw.Draw(image)
    for x in range(-size[1], size[0], 12):
        pen.line((x, size[1], x + size[1], 0), fill=ink, width=3)
    return image.convert(mode)


def file(image, kind="PNG", **options):
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


POOL = ModelPool.choose("cpu", places=Places.find("/nowhere/at/all"))


def extracted(*pictures, pool=POOL, **options):
    return completed(extract_style(list(pictures), "lines", pool, **options))


def style_of(found):
    return parse_pack(found.pack.files["style.toml"].decode(), "lines")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A still life of stamp size."""
    monkeypatch.setattr(style_extraction, "MOTIF", (64, 100))


def test_a_pack_is_complete():
    progress = []
    found = completed(extract_style([file(lines())], "red-lines", POOL), progress.append)
    assert set(found.pack.files) == {"style.toml", "NOTICE", "preview.png", "exemplar.jpg"}
    assert found.notes == ()
    style = style_of(found)
    assert style.title == "Red lines" == title_of("red_lines")
    assert style.measured.hatch_angle == pytest.approx(45, abs=3)
    assert style.hatch.share > 0.5 and style.hatch.angles == (pytest.approx(45, abs=3),)
    assert style.hatch.spacing * 400 == pytest.approx(12 / np.sqrt(2), rel=0.1)
    assert check_pack(read_archive(write_archive(found.pack))) == found.pack
    assert [p.done for p in progress] == sorted(p.done for p in progress) and progress[-1].done <= 1
    assert {p.stage for p in progress} == {"measuring the lines", "reading the style", "drawing the preview"}


def test_the_same_pictures_give_the_same_pack():
    assert extracted(file(lines())) == extracted(file(lines()))


@pytest.mark.parametrize(
    "data",
    [
        file(lines("CMYK"), "JPEG", quality=95), file(lines("P")), file(lines("1")), file(lines("LA")),
        file(lines("L").convert("I;16")), file(lines(), "TIFF"), file(lines(), "WEBP", lossless=True),
        file(lines(), "GIF", save_all=True, append_images=[Image.new("RGB", (400, 300), "white")]),
    ],
    ids=["cmyk", "palette", "one bit", "gray and alpha", "16 bit", "tiff", "webp", "animated"],
)  # fmt: skip
def test_every_kind_of_picture_is_measured_alike(data):
    style = style_of(extracted(data))
    width = (1 - np.asarray(lines("L")).mean() / 255) * 12 / np.sqrt(2)
    assert style.pen.width * 400 == pytest.approx(width, rel=0.1)
    assert style.measured.hatch_angle == pytest.approx(45, abs=3)
    assert style.paper == pytest.approx((1, 1, 1), abs=0.05)


def test_transparent_paper_is_white():
    image = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    for x in range(0, 400, 12):
        pen.line((x, 10, x, 290), fill=(0, 0, 0, 255), width=3)
    style = style_of(extracted(file(image)))
    assert style.paper == pytest.approx((1, 1, 1), abs=0.01) and style.pen.width * 400 == pytest.approx(3, rel=0.1)


def test_cameras_tell_nothing_of_the_place():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    found = extracted(file(lines(), "JPEG", exif=exif, quality=95))
    assert b"taken at home" not in found.pack.files["exemplar.jpg"]


def test_a_huge_picture_is_scaled_down(monkeypatch):
    monkeypatch.setattr(style_extraction, "MOST_SIDE", 300)
    monkeypatch.setattr(style_extraction, "EXEMPLAR_SIDE", 200)
    found = extracted(file(lines().resize((1200, 900))))
    assert max(Image.open(io.BytesIO(found.pack.files["exemplar.jpg"])).size) == 200
    assert style_of(found).measured.hatch_spacing * 1200 == pytest.approx(36 / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (file(Image.new("RGB", (1, 1))), BadImage, "1 × 1 px"), (file(lines(size=(4000, 20))), BadImage, "4000 × 20 px"),
        (file(Image.new("RGB", (300, 300), "white")), BadRequest, "No line was found in the picture"),
        (file(Image.new("RGBA", (300, 300))), BadRequest, "wholly transparent"), (b"GIF89a", BadImage, "picture"),
        (file(lines())[:900], BadImage, "damaged"), (b"", BadImage, "empty"), (b"\x80\x04.", BadImage, "not a picture"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_told(data, kind, said):
    with pytest.raises(kind, match=said):
        extracted(data)


def test_a_bomb_is_refused(monkeypatch):
    monkeypatch.setattr("backend.perception.picture_file.MAX_BYTES", 10)
    with pytest.raises(ImageTooLarge):
        extracted(file(lines()))


def test_a_photograph_is_used_and_told():
    y, x = np.mgrid[0:300, 0:400]
    soft = 0.5 + 0.25 * np.sin(x / 23) * np.cos(y / 31) + 0.2 * np.sin((x + 2 * y) / 57)
    found = extracted(file(Image.fromarray((255 * soft).astype(np.uint8)).convert("RGB")))
    [note] = found.notes
    assert "Few clear lines were found in the picture" in note


def test_several_pictures_are_one_pack():
    pictures = [file(lines(ink=ink)) for ink in ("black", "#222222", "#111111", "black", "black")]
    blank = file(Image.new("RGB", (300, 300), "white"))
    found = extracted(*pictures, blank, labels=[*"abcde", "blank.png"])
    assert sorted(found.pack.files) == [
        "NOTICE", "exemplar-2.jpg", "exemplar-3.jpg", "exemplar-4.jpg", "exemplar.jpg", "preview.png", "style.toml",
    ]  # fmt: skip
    assert "No line was found in blank.png; it was left out." in found.notes
    assert any("first 4" in note for note in found.notes)
    with pytest.raises(BadRequest, match=r"No line was found in Picture 1 and Picture 2\."):
        extracted(blank, blank)


def test_deep_features_join_where_their_networks_are(monkeypatch):
    grams = {("squeezenet", "fire5"): np.eye(3, dtype=np.float32)}
    monkeypatch.setattr(style_extraction, "features_of", lambda exemplars, pool: grams)
    found = extracted(file(lines()))
    assert found.pack.files["features.safetensors"] == write_features(grams)
