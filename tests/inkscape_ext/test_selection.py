"""Which pictures are meant."""

import pytest
from documents import DATA_URI, IMAGE, PICTURE, svg_of
from stylesketch_ext import subjects as module
from stylesketch_ext.failures import Failure
from stylesketch_ext.seen import Seen
from stylesketch_ext.selection import is_changed, name_of
from stylesketch_ext.subjects import subjects

OTHER = f'<image id="j" xlink:href="{DATA_URI}"/>'
TEXT = '<text id="t">x</text>'
LINE = '<path id="p" d="M 0 0 L 9 9"/>'


@pytest.fixture
def drawn(monkeypatch):
    """What Inkscape is asked to draw: the ids, together."""
    asked = []

    def seen(svg, shown, folder):
        asked.append([chain[-1].get("id") for chain in shown])
        return Seen(b"png", module.Transform())

    monkeypatch.setattr(module, "seen", seen)
    return asked


@pytest.mark.parametrize(
    ("body", "select", "way"),
    [
        (IMAGE + OTHER, ["i"], ["image"]),
        (f'<g id="g"><rect/><g>{IMAGE}</g></g>' + OTHER, ["g"], ["g", "g", "image"]),
        (f'<g><a id="a">{IMAGE}</a></g>', ["a"], ["g", "a", "image"]),
        (f'<defs>{IMAGE}</defs><g><use id="u" xlink:href="#i"/></g>', ["u"], ["g", "use", "image"]),
        (f'<defs>{IMAGE}</defs><use id="v" xlink:href="#i"/><use id="u" href="#v"/>', ["u"], ["use", "use", "image"]),
        (f"<g>{IMAGE}</g>" + TEXT, [], ["g", "image"]),
        (f'<g>{IMAGE}</g><use xlink:href="#i"/>', [], ["g", "image"]),
        (IMAGE + TEXT, ["i", "t"], ["image"]),
        (f"<!-- a comment --><defs>{OTHER}</defs><pattern>{OTHER}</pattern>{IMAGE}", [], ["image"]),
        (f'<g style="display:none">{OTHER}</g>{IMAGE}', [], ["image"]),
        (f'<g display="none">{IMAGE}</g>', [], ["g", "image"]),
        (f'<g sodipodi:insensitive="true">{IMAGE}</g>', [], ["g", "image"]),
        (f'<g display="none">{IMAGE}</g>', ["i"], ["g", "image"]),
    ],
)
def test_found(body, select, way):
    (picture,) = subjects(svg_of(body, select=select), [])
    assert [element.TAG for element in picture.chain] == way
    assert picture.chain[-1].get("id") == "i"
    assert picture.data == PICTURE


@pytest.mark.parametrize(
    ("body", "select", "found"),
    [
        (IMAGE + OTHER, ["i", "j"], ["i", "j"]),
        (IMAGE + OTHER, ["j", "i"], ["i", "j"]),
        (f'<g id="g">{IMAGE}{OTHER}</g>', ["g"], ["i", "j"]),
        (f'<g id="g">{IMAGE}</g>{OTHER}', ["g", "i", "j"], ["i", "j"]),
    ],
)
def test_several(body, select, found):
    assert [picture.chain[-1].get("id") for picture in subjects(svg_of(body, select=select), [])] == found


@pytest.mark.parametrize(
    ("body", "select", "words"),
    [
        (IMAGE + OTHER, [], "document holds 2 pictures: select"),
        (TEXT, [], "Select what is to be sketched"),
        ("", [], "Select what is to be sketched"),
        ("<defs>" + '<linearGradient id="l"/></defs>', ["l"], "Select what is to be sketched"),
    ],
)
def test_not_found_is_one_sentence(body, select, words):
    with pytest.raises(Failure, match=words) as failure:
        subjects(svg_of(body, select=select), [])
    assert failure.value.help == "select"


@pytest.mark.parametrize(
    ("body", "select", "source", "shown"),
    [
        (TEXT + LINE, ["p", "t"], "auto", [["t", "p"]]),
        (f'<g id="g">{TEXT}{LINE}</g>', ["g", "p"], "auto", [["g"]]),
        (f'<g clip-path="url(#c)">{IMAGE}</g>', ["i"], "auto", [["i"]]),
        (f'<g style="filter:url(#f)">{IMAGE}</g>{OTHER}', ["i", "j"], "auto", [["i"]]),
        (IMAGE + OTHER, ["i", "j"], "auto", []),
        (f'<g clip-path="url(#c)">{IMAGE}</g>', ["i"], "file", []),
        (IMAGE + TEXT, ["i", "t"], "seen", [["i", "t"]]),
        (IMAGE + TEXT, [], "seen", [["i"]]),
        ('<image id="i" xlink:href="data:image/svg+xml,%3Csvg/%3E"/>', ["i"], "auto", [["i"]]),
        ('<use id="u" xlink:href="#u"/>', ["u"], "auto", [["u"]]),
        ('<g id="g"><use id="u" xlink:href="#g"/></g>', ["g"], "auto", [["g"]]),
    ],
)
def test_what_inkscape_draws(drawn, body, select, source, shown):
    subjects(svg_of(body, select=select), ["/"], source)
    assert drawn == shown


def test_a_drawing_is_no_file():
    with pytest.raises(Failure, match="Select what"):
        subjects(svg_of(TEXT, select=["t"]), [], "file")
    with pytest.raises(Failure, match="what is visible"):
        subjects(svg_of('<image id="i" xlink:href="data:image/svg+xml,%3Csvg/%3E"/>', select=["i"]), [], "file")


@pytest.mark.parametrize(
    ("attributes", "changed"),
    [
        ('style="clip-path:url(#c)"', True),
        ('mask="url(#m)"', True),
        ('style="fill:red; filter: url(#f) !important"', True),
        ('style="opacity:1;mix-blend-mode:normal;filter:none" opacity="0.3"', False),
        ('opacity=".3"', False),
        ('style="mix-blend-mode:multiply"', False),
        ("", False),
    ],
)
def test_changed(attributes, changed):
    root = svg_of(f"<g {attributes}>{IMAGE}</g>")
    assert is_changed(tuple(root.xpath("//svg:g | //svg:image"))) is changed


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ('inkscape:label="My cat" xlink:href="a/b.png"', "My cat"),
        ('xlink:href="../a%20dir/k%C3%A4t.png"', "kät.png"),
        ('xlink:href="data:," sodipodi:absref="/a/b.jpg"', "b.jpg"),
        ('xlink:href="C:\\a\\b.jpg"', "b.jpg"),
        ('xlink:href="data:,"', "i"),
    ],
)
def test_name(attributes, name):
    assert name_of(svg_of(f'<image id="i" {attributes}/>').getElementById("i")) == name
