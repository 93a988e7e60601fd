"""The demo's own checks: they must be able to fail."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image

from tests.demo import photo_to_layer as demo

LAYER = f"""<svg xmlns="{demo.SVG}" xmlns:inkscape="{demo.INKSCAPE}" xmlns:stylesketch="{demo.STYLESKETCH}">
<g inkscape:groupmode="layer" inkscape:label="Photograph"><path d="M 0 0"/></g>
<g id="ss-1" inkscape:groupmode="layer" inkscape:label="cat — pen (StyleSketch)" MARK><g>STROKES</g></g></svg>"""
STROKE = '<path d="M 0 0 C 1 1 2 2 3 3" stylesketch:index="0"/>'


def saved(folder: Path, strokes: str, mark: str = 'stylesketch:recipe="object"') -> Path:
    file = folder / "saved.svg"
    file.write_text(LAYER.replace("STROKES", strokes).replace("MARK", mark))
    return file


def test_counts_the_strokes_of_our_layer(tmp_path: Path) -> None:
    assert demo.sketch_layer(saved(tmp_path, STROKE * 12)) == demo.SketchLayer("ss-1", "cat — pen (StyleSketch)", 12)


def test_a_document_without_our_layer_fails(tmp_path: Path) -> None:
    with pytest.raises(demo.DemoFailed, match="no StyleSketch layer"):
        demo.sketch_layer(saved(tmp_path, STROKE * 12, mark=""))


@pytest.mark.parametrize("strokes", ["", STROKE * 3, STROKE.replace('d="M 0 0 C 1 1 2 2 3 3"', 'd=""') * 12])
def test_a_layer_without_strokes_fails(tmp_path: Path, strokes: str) -> None:
    with pytest.raises(demo.DemoFailed, match="strokes"):
        demo.sketch_layer(saved(tmp_path, strokes))


def test_strokes_on_the_picture_pass() -> None:
    demo.check_placement({demo.PICTURE_ID: (10, 10, 100, 80), "ss-1": (9, 12, 100, 70)}, demo.SketchLayer("ss-1", "", 12))


@pytest.mark.parametrize("box", [(40, 10, 100, 80), (10, 10, 20, 20), (-70, 12, 80, 70)])
def test_strokes_beside_the_picture_fail(box: demo.Box) -> None:
    with pytest.raises(demo.DemoFailed, match="not on the picture"):
        demo.check_placement({demo.PICTURE_ID: (10, 10, 100, 80), "ss-1": box}, demo.SketchLayer("ss-1", "", 12))


def test_a_complaint_of_the_extension_is_found(tmp_path: Path) -> None:
    log = tmp_path / "inkscape-extension.log"
    old = "2026-01-01 10:00:00,000 style_sketch WARNING An old one.\n"
    assert demo.complaint_in(log, 0) == ""
    log.write_text(old + "2026-01-01 10:00:01,000 style_sketch INFO started\n")
    assert demo.complaint_in(log, len(old)) == ""
    with log.open("a") as file:
        file.write("2026-01-01 10:00:02,000 style_sketch WARNING Select a picture first.\nTraceback\n")
    assert demo.complaint_in(log, len(old)).startswith("The extension says: Select a picture first. (")


@pytest.mark.parametrize("size", [(40, 20), (20, 40)])
def test_the_picture_fits_the_page_and_keeps_its_shape(size: tuple[int, int]) -> None:
    svg = ElementTree.fromstring(demo.document_with(Image.new("RGB", size), 'me & "you"'))
    (image,) = svg.iter(f"{{{demo.SVG}}}image")
    width, height = float(image.get("width", 0)), float(image.get("height", 0))
    assert width / height == pytest.approx(size[0] / size[1])
    assert max(width, height) == pytest.approx(demo.PICTURE_WIDTH)


def test_the_profile_links_the_installed_extension_and_hides_its_window(tmp_path: Path) -> None:
    (tmp_path / "installed/stylesketch").mkdir(parents=True)
    profile = demo.make_profile(tmp_path / "profile", tmp_path / "installed")
    assert (profile / "extensions/stylesketch").resolve() == tmp_path / "installed/stylesketch"
    preferences = ElementTree.parse(profile / "preferences.xml").getroot()
    assert [group.get("org.stylesketch.style_sketch.gui") for group in preferences] == ["0", None]


def test_the_bundled_photograph_needs_no_download() -> None:
    pytest.importorskip("skimage")
    assert demo.load_photo(None).size == (512, 512)
