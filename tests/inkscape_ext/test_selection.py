"""Which picture is meant."""

import pytest
from documents import DATA_URI, IMAGE, PICTURE, svg_of
from stylesketch_ext.failures import Failure
from stylesketch_ext.selection import picture_name, selected_picture

OTHER = f'<image id="j" xlink:href="{DATA_URI}"/>'
TEXT = '<text id="t">x</text>'


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
    ],
)
def test_found(body, select, way):
    picture = selected_picture(svg_of(body, select=select), [])
    assert [element.TAG for element in picture.chain] == way
    assert picture.chain[-1].get("id") == "i"
    assert picture.data == PICTURE


@pytest.mark.parametrize(
    ("body", "select", "words"),
    [
        (IMAGE + OTHER, [], "document holds 2 pictures: select"),
        (IMAGE + OTHER, ["i", "j"], "selection holds 2 pictures: select just one"),
        (IMAGE + TEXT, ["t"], "Select the photograph"),
        (TEXT, [], "Select the photograph"),
        ("", [], "Select the photograph"),
        ('<use id="u" xlink:href="#u"/>', ["u"], "Select the photograph"),
        ('<g id="g"><use id="u" xlink:href="#g"/></g>', ["g"], "Select the photograph"),
        ('<use id="u" xlink:href="file.svg#x"/>', ["u"], "Select the photograph"),
    ],
)
def test_not_found_is_one_sentence(body, select, words):
    with pytest.raises(Failure, match=words):
        selected_picture(svg_of(body, select=select), [])


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
    assert picture_name(svg_of(f'<image id="i" {attributes}/>').getElementById("i")) == name
