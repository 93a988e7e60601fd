"""Strokes of changing width, paper and textures in the real Inkscape: as loaded, and with widths it has computed itself."""

import io
import math
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import rings
import torch
from headless import render
from inkex_finder import make_importable
from lxml import etree
from PIL import Image

from backend.core.drawing import Drawing, Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.texture import Texture
from backend.daemon.results import drawing_data
from backend.export.png import drawing_png
from backend.export.svg import drawing_svg
from backend.raster import rasterizers

LACKING = make_importable()
pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(180)]

SIZE = (150, 200)  # height, width, px
FINE = 3  # pixels per px of the compared pictures
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
SVG = "{http://www.w3.org/2000/svg}"
KNOTS = 13


def spiral(turns=2.5, pieces=20):
    """A line of many segments."""
    angles = torch.linspace(0, 2 * math.pi * turns, pieces + 1, dtype=torch.float64)
    radius = 12 + 6 * angles / math.pi
    at = torch.stack([60 + radius * angles.cos(), 75 + radius * angles.sin()], 1)
    speed = torch.stack(
        [-radius * angles.sin() + 6 / math.pi * angles.cos(), radius * angles.cos() + 6 / math.pi * angles.sin()], 1
    )
    reach = speed * (angles[1] / 3)
    inner = torch.stack([at[:-1] + reach[:-1], at[1:] - reach[1:], at[1:]], 1).reshape(-1, 2)
    return torch.cat([at[:1], inner])


def drawing(color=(0.0, 0.0, 0.0), **changes):
    """A tapered spiral, a corner, a leaf of uneven width, a ring, and a plain faint line."""
    curves = [
        spiral(),
        torch.tensor([[110.0, 20], [125, 20], [140, 20], [155, 20], [155, 40], [155, 60], [155, 80]]),
        torch.tensor([[110.0, 50], [120, 90], [130, 30], [140, 70]]),
        torch.tensor([[170.0, 95], [190, 95], [190, 135], [170, 135], [150, 135], [150, 95], [170, 95]]),
        torch.tensor([[110.0, 120], [120, 140], [130, 100], [140, 140]]),
    ]
    strokes = Strokes.build([curve.double() for curve in curves], 3.0, color, [False, False, False, True, False])
    u = torch.linspace(0, 1, KNOTS, dtype=torch.float64)
    widths = torch.stack(
        [7 * (math.pi * u).sin(), 2 + 6 * u, 3 + 2 * (9 * u).sin(), 4 + 2 * (2 * math.pi * u).cos(), torch.full_like(u, 3)]
    )
    strokes = replace(strokes, widths=widths, opacities=torch.tensor([1.0, 1.0, 0.6, 1.0, 0.4], dtype=torch.float64))
    notes = tuple(StrokeNote("contour", "object", 1 - i / 5) for i in range(5))
    return Drawing(SIZE, (Layer("object", Framing.whole(SIZE, SIZE[1]), strokes, notes),), **changes)


LOOKS = {
    "plain": drawing(),
    "blueprint": drawing((0.9, 0.95, 1.0), paper=(0.07, 0.23, 0.42)),
    "grain": drawing(texture=Texture("grain", 0.8, 0.008)),
    "dry-brush": drawing(texture=Texture("dry-brush", 0.6, 0.01)),
    "bleed": drawing(texture=Texture("bleed", 0.8, 0.01)),
}


def pixels(png):
    with Image.open(png) as image:
        return np.asarray(image.convert("RGB")).astype(float) / 255


def off(seen, wanted):
    """The sum of all differences, as a share of the ink."""
    return np.abs(seen - wanted).sum() / np.abs(wanted - wanted[0, 0]).sum()


def ours(look):
    engine = next(iter(rasterizers().values()))
    return pixels(io.BytesIO(drawing_png(look, engine, torch.device("cpu"), FINE * SIZE[1])))


def seen(screen, profile, document, name):
    render(screen, profile, document, document.with_name(name + ".png"), dpi=96 * FINE)
    return pixels(document.with_name(name + ".png"))


def touched(screen, profile, document):
    """The document after Inkscape has moved all its paths to and fro, which makes it compute effects anew."""
    output = document.with_name("touched.svg")
    actions = f"select-by-element:path;transform-translate:16,0;transform-translate:-16,0;export-filename:{output};export-do"
    subprocess.run(
        ["inkscape", str(document), "--actions=" + actions], env={**screen, "INKSCAPE_PROFILE_DIR": str(profile)},
        check=True, timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return output


def outlines(document):
    """The d of all strokes of changing width."""
    root = etree.parse(str(document)).getroot()
    return [path.get("d") for path in root.iter(SVG + "path") if path.get(INKSCAPE + "original-d")]


@pytest.mark.parametrize("name", LOOKS)
def test_inkscape_shows_a_file_as_our_own_picture(name, screen, fake_profile, tmp_path):
    document = tmp_path / "drawing.svg"
    document.write_text(drawing_svg(drawing_data(LOOKS[name], "0123abcd")), encoding="utf-8")
    loaded = seen(screen, fake_profile[0].profile, document, "loaded")
    assert off(loaded, ours(LOOKS[name])) < 0.04
    if name == "plain":
        again = touched(screen, fake_profile[0].profile, document)
        assert len(outlines(again)) == 4
        assert all(new != old for new, old in zip(outlines(again), outlines(document), strict=True))
        assert off(seen(screen, fake_profile[0].profile, again, "again"), loaded) < 0.03


PRONE = torch.tensor(  # where PowerStroke gave up at two of three places, before every joint had a width
    [(433.4, 517.6), (434.1, 518.1), (437.0, 520.9), (437.7, 521.3), (438.5, 521.8), (442.3, 522.7), (443.0, 523.3),
     (452.0, 531.0), (457.3, 543.0), (464.9, 552.0), (470.9, 558.9), (478.2, 564.9), (484.8, 571.2)], dtype=torch.float64,
)  # fmt: skip
UNEVEN = [0.856, 1.113, 1.501, 1.92, 2.255, 2.431, 2.462, 2.481, 2.67, 3.137, 3.543, 3.38, 3.102, 3.085, 3.757, 4.362, 4.482,
          4.241, 3.955, 3.357, 2.641, 2.109, 1.603, 0.894]  # fmt: skip


def test_inkscape_does_not_give_up_on_a_stroke(screen, fake_profile, tmp_path):
    """A stroke on which PowerStroke gives up is left as its middle line, filled."""
    places = 50 * torch.rand(40, 1, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64) - 350
    strokes = Strokes.build(list(PRONE + places), 1.0)
    strokes = replace(strokes, widths=torch.tensor([UNEVEN] * 40, dtype=torch.float64))
    notes = tuple(StrokeNote("contour", "object", 1.0) for _ in range(40))
    data = drawing_data(Drawing(SIZE, (Layer("object", Framing.whole(SIZE, SIZE[1]), strokes, notes),)), "0123abcd")
    document = tmp_path / "drawing.svg"
    document.write_text(drawing_svg(data), encoding="utf-8")
    found = outlines(touched(screen, fake_profile[0].profile, document))
    assert len(found) == 40 and all(text.rstrip().endswith(("Z", "z")) for text in found)


def test_a_plain_look_is_not_a_textured_one():
    """The measure itself."""
    assert off(ours(LOOKS["plain"]), ours(LOOKS["grain"])) > 0.2


@pytest.mark.skipif(bool(LACKING), reason=LACKING or "inkex is there")
@pytest.mark.parametrize("page", ['width="400" height="300"', 'width="50mm" height="37.5mm" viewBox="0 0 50 37.5"'])
def test_in_a_document_widths_and_textures_grow_with_the_picture(page, screen, fake_profile, tmp_path):
    """The picture fills pages of 400 px and of 50 mm."""
    from inkex import load_svg
    from stylesketch_ext.layers import add_sketch
    from stylesketch_ext.subjects import subjects
    from stylesketch_ext.wire.messages import SketchResult, SketchSettings

    rings.write_pictures(tmp_path)
    look = drawing((0.9, 0.95, 1.0), paper=(0.07, 0.23, 0.42), texture=Texture("grain", 0.8, 0.008))
    width, height = ("400", "300") if "400" in page else ("50", "37.5")
    body = f'<image id="i" width="{width}" height="{height}" xlink:href="{{png}}"/>'
    document = rings.write_document(tmp_path / "document.svg", body, page)
    root = load_svg(str(document)).getroot()
    root.selection.set("i")
    (subject,) = subjects(root, ["/"])
    data = drawing_data(look, "0123abcd")
    result = SketchResult(data, "ab" * 32, "ring", "object", SketchSettings(), "Test", "classical", "cpu", "fast", 1, "0.1.0")
    layer = add_sketch(root, result, subject, subject.placement(SIZE[1], SIZE[0]))
    document.write_bytes(root.tostring())
    engine = next(iter(rasterizers().values()))
    for text in (document, touched(screen, fake_profile[0].profile, document)):
        dpi = 96 * 600 / (400 if "400" in page else 50 * 96 / 25.4)
        render(screen, fake_profile[0].profile, text, tmp_path / "seen.png", only=layer.get("id"), dpi=dpi)
        found = pixels(tmp_path / "seen.png")
        wanted = pixels(io.BytesIO(drawing_png(look, engine, torch.device("cpu"), found.shape[1])))
        rows = min(len(found), len(wanted))
        assert off(found[:rows], wanted[:rows]) < 0.05
