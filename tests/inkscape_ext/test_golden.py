"""Whole documents as the extension writes them, against files that people have looked at.

STYLESKETCH_REWRITE=1 writes the files anew: look at the difference before you commit it.
"""

import os
from pathlib import Path

import pytest
from documents import IMAGE, svg_of
from fake_engine import ring
from lxml import etree
from stylesketch_ext.layers import NAMESPACE, add_sketch
from stylesketch_ext.subjects import subjects
from stylesketch_ext.wire.messages import (
    DrawingData,
    FilterStep,
    LayerData,
    PathData,
    SketchResult,
    SketchSettings,
    TextureData,
)

GOLDEN = Path(__file__).with_name("golden")
SLICED = IMAGE.replace('width="40"', 'width="90" preserveAspectRatio="xMidYMid slice"')
CASES = {  # name: (body, attributes of the root, what is selected)
    "plain": (IMAGE, 'width="400" height="300"', ["i"]),
    "millimeters-turned-layer": (
        f'<g inkscape:groupmode="layer" id="l" transform="rotate(30)">{IMAGE}</g><rect id="above"/>',
        'width="100mm" height="100mm" viewBox="-5 0 100 100"', ["i"],
    ),
    "sliced-clone": (
        f"<defs>{SLICED}</defs>" + '<use id="u" x="7" xlink:href="#i"/>',
        'width="400" height="300"', ["u"],
    ),
    "brush-on-dark-paper": (f'<g transform="rotate(20) scale(3)">{IMAGE}</g>', 'width="400" height="300"', ["i"]),
    "two-pictures": (IMAGE + IMAGE.replace('id="i"', 'id="j" x="50"'), 'width="400" height="300"', ["j", "i"]),
}  # fmt: skip
PLAIN = DrawingData(40, 30, [LayerData("object", ring(40, 30, 3)), LayerData("background", ring(40, 30, 2))], "0123abcd")
LEAF = [(5.0, 15.0), (15.0, 5.0), (25.0, 5.0), (35.0, 15.0), (25.0, 25.0), (15.0, 25.0), (5.0, 15.0)]
BRUSHED = PathData(
    "ss-0123abcd-s000", [(5.0, 15.0), (15.0, 15.0), (25.0, 15.0), (35.0, 15.0)], False, [0.0, 15.0, 0.0], "#e8f1fb", 0.9,
    "contour", "object", 1.0, 0, [(0.0, 0.0), (0.5, 15.0), (1.0, 0.0)], [LEAF],
)  # fmt: skip
NOISE = FilterStep("feTurbulence", {"type": "fractalNoise", "baseFrequency": "0.5", "result": "noise"})
MOVED = FilterStep("feDisplacementMap", {"in": "SourceGraphic", "in2": "noise", "scale": "2"})
LOOKS = {
    "brush-on-dark-paper": DrawingData(
        40, 30, [LayerData("object", [BRUSHED])], "0123abcd", "#123a6b", TextureData("bleed", [NOISE, MOVED])
    )
}


def written(name):
    """The document with sketches, as text, without the pictures' bytes and the settings."""
    body, attributes, select = CASES[name]
    root = svg_of(body, attributes, select)
    for subject in reversed(subjects(root, ["/"])):
        drawing = LOOKS.get(name, PLAIN)
        result = SketchResult(
            drawing, "ab" * 32, subject.name, "object", SketchSettings(strokes=4),
            "Technical pen", "classical", "cpu", "fast", 10, "0.1.0", ["A note."], job="job7",
        )  # fmt: skip
        add_sketch(root, result, subject, subject.placement(40, 30))
    for image in root.xpath("//svg:image"):
        image.attrib.pop("{http://www.w3.org/1999/xlink}href")
    for layer in root.xpath("//*[@s:settings]", namespaces={"s": NAMESPACE}):
        layer.attrib.pop(f"{{{NAMESPACE}}}settings")  # what the wire knows grows; test_layers looks at it
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


@pytest.mark.parametrize("name", CASES)
def test_documents_are_as_they_were(name):
    path, text = GOLDEN / f"{name}.svg", written(name)
    if os.environ.get("STYLESKETCH_REWRITE"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_a_difference_is_noticed(monkeypatch):
    """The comparison itself: another pen color is another document."""
    monkeypatch.setattr("stylesketch_ext.layers.path_style", lambda path, placement: {"stroke": "#ff0000"})
    assert written("plain") != (GOLDEN / "plain.svg").read_text(encoding="utf-8")
