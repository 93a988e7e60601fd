"""A drawing that appears stroke by stroke, as SVG and as a film."""

import io
import re

import numpy as np
import pytest
import torch
from lxml import etree
from PIL import Image

from backend.core.drawing import Drawing, Layer, StrokeNote
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.texture import Texture
from backend.daemon.results import drawing_data
from backend.export.animation import gif
from backend.export.draw_on import DrawnOn, draw_on_svg, turns
from backend.export.png import drawing_pixels
from backend.export.svg import drawing_svg
from backend.raster.reference import rasterize_reference

SIZE = (60, 120)
SVG = "{http://www.w3.org/2000/svg}"


def line(y, begin=10, end=110):
    return torch.stack([torch.linspace(begin, end, 7), torch.full((7,), float(y))], 1).double()


def drawing(widths=None):
    """Three strokes on two layers; the most important one lies on the upper layer."""
    background = Strokes.build([line(50), line(40, 10, 60)], 3.0)
    subject = Strokes.build([line(20)], 3.0, (1.0, 0.0, 0.0))
    if widths:
        background = Strokes(*(getattr(background, name) for name in ("points", "segments", "closed")),
                             torch.tensor([widths, widths]).double(), background.colors, background.opacities)  # fmt: skip
    framing = Framing(SIZE, SIZE)
    layers = (
        Layer("background", framing, background, (StrokeNote("contour", "background", 0.5), StrokeNote("detail", "b", 0.1))),
        Layer("object", framing, subject, (StrokeNote("contour", "object", 1.0),)),
    )
    return Drawing(SIZE, layers)


@pytest.fixture
def data():
    return drawing_data(drawing(), "0123abcd")


def pixels(drawn):
    return drawing_pixels(drawn, rasterize_reference, torch.device("cpu"), max(SIZE))


def ink(drawn):
    """How far to the right there is ink in the rows of the three strokes, most important first."""
    dark = pixels(drawn).min(2) < 128
    return [int(np.flatnonzero(dark[y - 1]).max(initial=-1)) for y in (20, 50, 40)]


def test_strokes_appear_in_the_order_of_their_importance_each_from_its_beginning(data):
    film = DrawnOn.of(data, 4.0)
    first, second, third = film.turns
    assert 0 == first.begin < first.end < second.begin < second.end < third.begin < third.end <= 4.0
    assert third.end - third.begin == pytest.approx(0.5 * (first.end - first.begin), rel=0.01)  # half as long
    half = ink(film.at((first.begin + first.end) / 2))
    assert half[0] == pytest.approx(60, abs=3) and half[1:] == [-1, -1]
    later = ink(film.at((second.begin + second.end) / 2))
    assert later[0] > 105 and later[1] == pytest.approx(60, abs=3) and later[2] == -1


def test_the_last_picture_is_the_whole_drawing_and_stays(data):
    film = DrawnOn.of(data, 2.0)
    times = film.times(10)
    assert len(times) == pytest.approx(20 + 15, abs=1)
    assert np.abs(pixels(film.at(times[-1])).astype(int) - pixels(drawing())).max() <= 2


def test_a_film_of_a_pack_keeps_paper_and_texture(data):
    texture = Texture("grain", 0.5)
    drawn = DrawnOn.of(data, 2.0, texture).at(9)
    assert drawn.texture == texture and drawn.paper == (1.0, 1.0, 1.0)


def test_widths_are_those_of_the_part_that_is_there():
    swelling = drawing_data(drawing([1.0, 9.0]), "0123abcd")
    film = DrawnOn.of(swelling, 4.0)
    turn = film.turns[1]
    [background, _subject] = film.at((turn.begin + turn.end) / 2).layers
    assert background.strokes.widths[0].tolist() == pytest.approx([1.0, 5.0], abs=0.2)


def test_a_gif_shows_it(data):
    animation = Image.open(io.BytesIO(gif(DrawnOn.of(data, 1.0), 10, pixels)))
    shares = []
    for number in range(animation.n_frames):
        animation.seek(number)
        shares.append(float((np.asarray(animation.convert("L")) < 128).mean()))
    assert shares[0] > 0 and shares == sorted(shares) and animation.n_frames >= 9


def test_the_svg_holds_the_same_drawing_and_a_style_sheet_for_those_who_like_motion(data):
    text, plain = draw_on_svg(data, 4.0, "t"), drawing_svg(data, "t")
    tree, still = etree.fromstring(text.encode()), etree.fromstring(plain.encode())
    ids = [path.get("id") for path in still.iter(SVG + "path")]
    assert [path.get("id") for path in tree.iter(SVG + "path")] == ids
    sheet = tree.find(f".//{SVG}style").text
    assert sheet.strip().startswith("@media (prefers-reduced-motion: no-preference)") and sheet.count("{") == sheet.count("}")
    rules = re.findall(r"#(\S+) \{ stroke-dasharray: ([0-9.]+);.*?linear ([0-9.]+)s both", sheet)
    assert [name for name, _long, _begin in rules] == ["ss-0123abcd-s000", "ss-0123abcd-s001", "ss-0123abcd-s002"]
    assert [float(long) for _name, long, _begin in rules] == pytest.approx([101, 101, 50.5], abs=0.6)
    assert [float(begin) for *_, begin in rules] == sorted(float(begin) for *_, begin in rules)


def test_a_filled_outline_appears_under_a_pen_as_wide_as_it():
    tree = etree.fromstring(draw_on_svg(drawing_data(drawing([1.0, 9.0]), "0123abcd"), 4.0).encode())
    pens = {mask.get("id"): float(mask[0].get("stroke-width")) for mask in tree.iter(SVG + "mask")}
    assert set(pens) == {"ss-0123abcd-s001-pen", "ss-0123abcd-s002-pen"} and min(pens.values()) >= 9
    sheet = tree.find(f".//{SVG}style").text
    assert "#ss-0123abcd-s001 { mask: url(#ss-0123abcd-s001-pen) }" in sheet
    assert "#ss-0123abcd-s001-way { stroke-dasharray" in sheet and "#ss-0123abcd-s000 { stroke-dasharray" in sheet


def test_no_strokes_need_no_time():
    assert list(turns([], 100.0, 4.0)) == []
