"""Texture…, Restyle… and Prompt… in the real Inkscape: pictures lie where they should, patterns have their scale."""

from pathlib import Path

import numpy as np
import pytest
import rings
from headless import render, run_extension, window_titles
from lxml import etree
from PIL import Image
from placement_cases import CASES

from backend.places import Places

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(240)]

SVG = "{http://www.w3.org/2000/svg}"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
OURS = "{https://stylesketch.org/ns/1}"
PLACES = ("flipped and turned", "groups and a transformed layer", "nested svg, viewBox with an offset",
          "clone, slice, root viewBox with an offset", "EXIF rotation, stretched", "root stretched", "skewed")  # fmt: skip


def run(entry, screen, installed, document, output, select=(), timeout=60):
    """Run a menu entry; the root of what was written."""
    done = run_extension(screen, installed.profile, document, output, select, timeout, "style_" + entry)
    assert (done.windows, done.written) == ((), True), done.output
    assert not [title for title in window_titles(screen) if "Inkscape" in title]
    return etree.parse(str(output)).getroot()


def shades(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("L")).astype(float)


@pytest.mark.parametrize("name", PLACES)
def test_a_restyled_picture_lies_on_its_source(name, screen, fake_profile, tmp_path):
    """The engine's picture shows the same ring in half as many pixels."""
    installed, _ = fake_profile
    rings.write_pictures(tmp_path)
    installed.remember("style_restyle", gui=False, style="charcoal")
    document = rings.write_document(tmp_path / "document.svg", *CASES[name])
    root = run("restyle", screen, installed, document, tmp_path / "out.svg", ["i"])
    (layer,) = [child for child in root if child.get(OURS + "recipe")]
    assert layer.getparent() is root and layer.get("transform") is None
    render(screen, installed.profile, document, tmp_path / "picture.png")
    render(screen, installed.profile, tmp_path / "out.svg", tmp_path / "restyled.png", only=layer.get("id"))
    there, back = rings.distances(tmp_path / "picture.png", tmp_path / "restyled.png")
    assert max(there, back) <= 2.0  # px; the ring's line is 2 px wide in both pictures


@pytest.mark.parametrize("name", (PLACES[0], PLACES[2], PLACES[6]))
def test_the_sketch_of_a_restyled_picture_lies_on_its_source(name, screen, fake_profile, tmp_path):
    """The engine's strokes are in px of a picture with half as many."""
    installed, _ = fake_profile
    rings.write_pictures(tmp_path)
    installed.remember("style_restyle", gui=False, style="charcoal", result="sketch", picture=True)
    document = rings.write_document(tmp_path / "document.svg", *CASES[name])
    root = run("restyle", screen, installed, document, tmp_path / "out.svg", ["i"])
    picture, layer = [child for child in root if child.get(OURS + "recipe")]
    assert (picture.get(OURS + "recipe"), layer.get(OURS + "recipe")) == ("style_transfer", "restyled")
    render(screen, installed.profile, document, tmp_path / "picture.png")
    for part in (picture, layer):
        render(screen, installed.profile, tmp_path / "out.svg", tmp_path / "drawn.png", only=part.get("id"))
        there, back = rings.distances(tmp_path / "picture.png", tmp_path / "drawn.png")
        assert max(there, back) <= 2.0, part.get("id")  # px; the ring's line is 2 px wide in all of them


def test_a_restyled_picture_that_is_moved_is_noticed(screen, fake_profile, tmp_path):
    """The measure itself."""
    installed, _ = fake_profile
    rings.write_pictures(tmp_path)
    installed.remember("style_restyle", gui=False)
    document = rings.write_document(tmp_path / "document.svg", *CASES["embedded"])
    root = run("restyle", screen, installed, document, tmp_path / "out.svg", ["i"])
    image = root[-1].find(SVG + "image")
    image.set("x", str(float(image.get("x")) + 4))
    etree.ElementTree(root).write(str(tmp_path / "out.svg"))
    render(screen, installed.profile, document, tmp_path / "picture.png")
    render(screen, installed.profile, tmp_path / "out.svg", tmp_path / "restyled.png", only=root[-1].get("id"))
    assert max(rings.distances(tmp_path / "picture.png", tmp_path / "restyled.png")) > 2.0


SHAPES = (
    '<rect id="r" x="20" y="20" width="160" height="100" fill="#f00"/>'
    '<g id="g" transform="translate(300 100) rotate(90) scale(2)"><circle id="c" r="40" style="fill:#00f;stroke:none"/></g>'
)


def test_a_pattern_has_its_scale_in_every_shape_and_goes_on_from_one_to_the_next(screen, fake_profile, tmp_path):
    """Stripes of 8 px, whatever transforms the shapes have."""
    installed, _ = fake_profile
    rings.write_pictures(tmp_path)
    installed.remember("style_texture", gui=False, use="pattern", width=64, height=64)
    document = rings.write_document(tmp_path / "document.svg", SHAPES)
    run("texture", screen, installed, document, tmp_path / "out.svg", ["r", "g"])
    render(screen, installed.profile, tmp_path / "out.svg", tmp_path / "out.png")
    found = shades(tmp_path / "out.png")
    x = np.arange(found.shape[1])
    stripes = np.where((x * 8 // 64 + 1) % 2, 60, 230)
    middle = (x % 8 >= 2) & (x % 8 <= 5)  # not where one stripe blends into the next
    for rows, columns in ((slice(30, 110), slice(30, 170)), (slice(60, 140), slice(260, 340))):
        part, expected = found[rows, columns][:, middle[columns]], stripes[columns][middle[columns]]
        assert np.abs(part - expected).max() < 12


def test_paper_lies_under_the_strokes_of_a_sketch(screen, fake_profile, tmp_path):
    installed, _ = fake_profile
    rings.write_pictures(tmp_path)
    installed.remember("style_sketch", gui=False)
    document = rings.write_document(tmp_path / "document.svg", *CASES["rotated"])
    run("sketch", screen, installed, document, tmp_path / "sketched.svg", ["i"])
    installed.remember("style_texture", gui=False, use="paper", width=64, height=64)
    root = run("texture", screen, installed, tmp_path / "sketched.svg", tmp_path / "out.svg", ["ss-0123abcd"])
    (layer,) = [child for child in root if child.get(OURS + "recipe")]
    assert [child.get(LABEL) for child in layer if child.tag != SVG + "desc"] == ["paper", "object"]
    render(screen, installed.profile, tmp_path / "out.svg", tmp_path / "out.png", only=layer.get("id"))
    render(screen, installed.profile, tmp_path / "sketched.svg", tmp_path / "strokes.png", only=layer.get("id"))
    paper, strokes = shades(tmp_path / "out.png"), rings.ink(tmp_path / "strokes.png")
    assert paper[strokes].mean() < 60  # strokes lie on top
    inside = (paper < 240).sum() - strokes.sum()
    assert inside == pytest.approx(320 * 240, rel=0.03)  # as large as the picture that was sketched


def test_the_real_engine_restyles_and_makes_a_texture(screen, installed_profile, tmp_path):
    """Everything together, without weights."""
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", *CASES["skewed"])
    installed_profile.remember("style_restyle", gui=False, style="engraving")
    root = run("restyle", screen, installed_profile, document, tmp_path / "restyled.svg", ["i"], timeout=120)
    (layer,) = [child for child in root if child.get(OURS + "recipe")]
    assert layer.get(LABEL).endswith(" — Engraving (StyleSketch)")
    render(screen, installed_profile.profile, tmp_path / "restyled.svg", tmp_path / "restyled.png", only=layer.get("id"))
    assert shades(tmp_path / "restyled.png").std() > 10  # of the whole page
    installed_profile.remember("style_texture", gui=False, use="pattern", style="woodcut", width=128, height=128)
    document = rings.write_document(tmp_path / "shapes.svg", SHAPES)
    run("texture", screen, installed_profile, document, tmp_path / "filled.svg", ["r"], timeout=120)
    render(screen, installed_profile.profile, tmp_path / "filled.svg", tmp_path / "filled.png")
    assert shades(tmp_path / "filled.png")[30:110, 30:170].std() > 20


def test_the_real_engine_draws_what_it_restyled(screen, installed_profile, tmp_path):
    """From a photograph through its restyled picture to strokes over it."""
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", *CASES["rotated"])
    chosen = {"style": "engraving", "result": "sketch", "pen": "technical-pen", "picture": True}
    installed_profile.remember("style_restyle", gui=False, **chosen)
    root = run("restyle", screen, installed_profile, document, tmp_path / "out.svg", ["i"], timeout=120)
    picture, layer = [child for child in root if child.get(OURS + "recipe")]
    assert layer.get(LABEL).endswith(" — Technical pen (StyleSketch)") and len(list(layer.iter(SVG + "path"))) >= 2
    render(screen, installed_profile.profile, document, tmp_path / "photograph.png")
    render(screen, installed_profile.profile, tmp_path / "out.svg", tmp_path / "drawn.png", only=layer.get("id"))
    strokes_to_lines, _ = rings.distances(tmp_path / "photograph.png", tmp_path / "drawn.png")
    assert strokes_to_lines <= 6  # px: both sides of the ring, which an engraving makes wider
    render(screen, installed_profile.profile, tmp_path / "out.svg", tmp_path / "restyled.png", only=picture.get("id"))
    assert shades(tmp_path / "restyled.png").std() > 10


def test_a_text_becomes_strokes_by_a_tiny_network(screen, installed_profile, tmp_path):
    """From Inkscape through the real engine and a random diffusion network in the true layout to a layer."""
    pytest.importorskip("diffusers", reason="the packages of the diffusion networks are not here")
    tiny = pytest.importorskip("tests.diffusion.tiny")
    place = Places.find(Path(installed_profile.engine["home"])).weights / "checkpoints" / "sd15"
    place.mkdir(parents=True, exist_ok=True)
    tiny.save_checkpoint(place)
    installed_profile.remember("style_prompt", gui=False, text="a horse", strokes=8, picture=True, style="charcoal")
    rings.write_pictures(tmp_path)
    document = rings.write_document(tmp_path / "document.svg", "", 'width="100mm" height="80mm" viewBox="0 0 100 80"')
    root = run("prompt", screen, installed_profile, document, tmp_path / "out.svg", timeout=200)
    below, layer = [child for child in root if child.get(OURS + "recipe")]
    assert below.get(LABEL) == "a horse (picture)" and layer.get(LABEL) == "a horse — Charcoal (StyleSketch)"
    assert 1 <= len(list(layer.iter(SVG + "path"))) <= 9
    image = below.find(SVG + "image")
    x, y, width, height = (float(image.get(name)) for name in ("x", "y", "width", "height"))
    assert (x + width / 2, y + height / 2) == (pytest.approx(50), pytest.approx(40)) and height == pytest.approx(48)
