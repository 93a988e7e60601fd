"""Sketch Sequence… in the real Inkscape: the strokes of each frame lie on their own picture, the first layer alone is shown."""

import pytest
import rings
from headless import render, run_extension
from lxml import etree
from placement_cases import CASES

pytestmark = [pytest.mark.inkscape, pytest.mark.timeout(240)]

OURS = "{https://stylesketch.org/ns/1}"


@pytest.mark.parametrize("name", ["embedded", "flipped and turned", "skewed", "groups and a transformed layer"])
def test_frames_lie_on_their_pictures(name, screen, fake_profile, tmp_path):
    installed, _ = fake_profile
    rings.write_pictures(tmp_path)
    installed.remember("style_sequence", gui=False, strokes=12)
    body, page = CASES[name]
    whole = page.replace("0 0 420", "0 -40 420")  # what the page's border cuts off is not as dark in both renderings
    document = rings.write_document(tmp_path / "document.svg", body, whole)
    tree = etree.parse(str(document))
    [picture] = [element for element in tree.getroot().iter() if element.get("id") == "i"]
    again = etree.fromstring(etree.tostring(picture))
    again.set("id", "j")
    picture.addnext(again)
    tree.write(str(document))
    done = run_extension(screen, installed.profile, document, tmp_path / "out.svg", ["i", "j"], 60, "style_sequence")
    assert (done.windows, done.written) == ((), True), done.output
    layers = [child for child in etree.parse(str(tmp_path / "out.svg")).getroot() if child.get(OURS + "recipe") == "sequence"]
    assert [layer.get("style") for layer in layers] == [None, "display:none"]
    assert [layer.get("id").rsplit("-", 1)[1] for layer in layers] == ["f000", "f001"]
    render(screen, installed.profile, document, tmp_path / "picture.png")
    render(screen, installed.profile, tmp_path / "out.svg", tmp_path / "drawn.png", only=layers[0].get("id"))
    assert max(rings.distances(tmp_path / "picture.png", tmp_path / "drawn.png")) <= 2.0  # px
