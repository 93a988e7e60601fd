"""Source pixels to user units, against matrices worked out by hand. The picture has 40 × 30 px."""

import pytest
from documents import svg_of
from stylesketch_ext.failures import Failure
from stylesketch_ext.placement import Box, fit, length, place
from stylesketch_ext.selection import chain_to, pictures_below

MM = 96 / 25.4
ROOT = 'width="400" height="300"'


def placement(body, attributes=ROOT):
    root = svg_of(body, attributes)
    shown = next(chain for child in root for chain in pictures_below((child,), root))
    return place(shown, 40, 30)


def image(attributes):
    return f'<image id="i" xlink:href="x.png" {attributes}/>'


AT_ONE, AT_FIVE, HALF, TRIPLE = 'x="1"', 'x="5"', 'width="50%" height="50%"', 'transform="scale(3)"'

CASES = {  # name: (body, attributes of the root, (a, b, c, d, e, f))
    "intrinsic": (image(""), ROOT, (1, 0, 0, 1, 0, 0)),
    "position": (image('x="5" y="7" width="40" height="30"'), ROOT, (1, 0, 0, 1, 5, 7)),
    "none stretches": (image('x="1" width="80" height="30" preserveAspectRatio="none"'), ROOT, (2, 0, 0, 1, 1, 0)),
    "meet is the default and centers": (image('width="80" height="30"'), ROOT, (1, 0, 0, 1, 20, 0)),
    "meet, xMin": (image('width="80" height="30" preserveAspectRatio="xMinYMid meet"'), ROOT, (1, 0, 0, 1, 0, 0)),
    "meet, YMax": (image('width="40" height="90" preserveAspectRatio="xMidYMax"'), ROOT, (1, 0, 0, 1, 0, 60)),
    "defer": (image('width="80" height="30" preserveAspectRatio="defer none"'), ROOT, (2, 0, 0, 1, 0, 0)),
    "slice": (image('width="80" height="30" preserveAspectRatio="xMidYMid slice"'), ROOT, (2, 0, 0, 2, 0, -15)),
    "slice, YMin": (image('width="80" height="30" preserveAspectRatio="xMidYMin slice"'), ROOT, (2, 0, 0, 2, 0, 0)),
    "missing width is pixels, not proportional": (image('height="60"'), ROOT, (1, 0, 0, 1, 0, 15)),
    "auto counts as missing": (image('width="auto" height="60"'), ROOT, (1, 0, 0, 1, 0, 15)),
    "millimeters": (image('x="10mm" width="40mm" height="30mm"'), ROOT, (MM, 0, 0, MM, 10 * MM, 0)),
    "percent of the viewBox": (image('x="10%" width="40%" height="30%"'), 'viewBox="0 0 200 200"', (2, 0, 0, 2, 20, 0)),
    "percent of the size": (image('width="100%" height="100%"'), ROOT, (10, 0, 0, 10, 0, 0)),
    "css is ignored": (image('width="40" height="30" style="x:9px;width:5px;transform:scale(2)"'), ROOT, (1, 0, 0, 1, 0, 0)),
    "own transform": (image('x="2" width="40" height="30" transform="translate(10,0) scale(2)"'), ROOT, (2, 0, 0, 2, 14, 0)),
    "rotation": (image('width="40" height="30" transform="rotate(90)"'), ROOT, (0, 1, -1, 0, 0, 0)),
    "flip": (image('width="40" height="30" transform="scale(-1,1)"'), ROOT, (-1, 0, 0, 1, 0, 0)),
    "groups": (
        f'<g transform="translate(100,0)"><g transform="scale(2)">{image(AT_ONE)}</g></g>',
        ROOT,
        (2, 0, 0, 2, 102, 0),
    ),
    "viewBox of the root does not matter": (
        image('width="40" height="30"'),
        'width="90mm" viewBox="5 6 70 80"',
        (1, 0, 0, 1, 0, 0),
    ),
    "nested svg": (
        f'<svg x="10" y="20" width="80" height="60" viewBox="0 0 40 30">{image("")}</svg>',
        ROOT,
        (2, 0, 0, 2, 10, 20),
    ),
    "nested svg, viewBox with offset": (
        f'<svg width="40" height="30" viewBox="5 6 40 30">{image("")}</svg>',
        ROOT,
        (1, 0, 0, 1, -5, -6),
    ),
    "nested svg, percent inside": (
        f'<svg width="400" height="300" viewBox="0 0 40 30">{image(HALF)}</svg>',
        ROOT,
        (5, 0, 0, 5, 0, 0),
    ),
    "nested svg without viewBox": (f'<svg x="3" y="4">{image("")}</svg>', ROOT, (1, 0, 0, 1, 3, 4)),
    "nested svg, meet": (
        f'<svg width="160" height="30" viewBox="0 0 40 30">{image("")}</svg>',
        ROOT,
        (1, 0, 0, 1, 60, 0),
    ),
    "clone": (
        f'<defs>{image(AT_FIVE)}</defs><use xlink:href="#i" x="10" y="20" transform="scale(2)"/>',
        ROOT,
        (2, 0, 0, 2, 30, 40),
    ),
    "clone leaves out the original's groups": (
        f'<defs><g transform="scale(9)">{image(TRIPLE)}</g></defs><use href="#i" x="1"/>',
        ROOT,
        (3, 0, 0, 3, 1, 0),
    ),
    "clone of a group": (
        f'<defs><g id="g" transform="scale(2)">{image(AT_ONE)}</g></defs>'
        '<g transform="translate(7)"><use xlink:href="#g"/></g>',
        ROOT,
        (2, 0, 0, 2, 9, 0),
    ),
    "clone of a symbol": (
        f'<symbol id="s" viewBox="0 0 40 30">{image("")}</symbol><use xlink:href="#s" x="5" width="80" height="60"/>',
        ROOT,
        (2, 0, 0, 2, 5, 0),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name):
    body, attributes, expected = CASES[name]
    (a, c, e), (b, d, f) = placement(body, attributes).matrix.matrix
    assert (a, b, c, d, e, f) == pytest.approx(expected, abs=1e-9)


def test_points_and_widths_follow_the_matrix():
    placed = placement(image('width="80" height="30" preserveAspectRatio="none" transform="rotate(90)"'))
    assert placed.point(10, 5) == pytest.approx((-5, 20))
    assert placed.scale == pytest.approx(2**0.5)


def test_slicing_tells_what_part_shows():
    assert placement(CASES["slice"][0]).crop == pytest.approx(Box(0, 7.5, 40, 15))
    assert placement(CASES["none stretches"][0]).crop is None


@pytest.mark.parametrize("attributes", ['width="0"', 'height="-3"', 'transform="scale(0,1)"'])
def test_a_picture_without_area_is_one_sentence(attributes):
    with pytest.raises(Failure, match="width and a height"):
        placement(image(attributes))


def test_selected_child_has_its_whole_chain():
    root = svg_of(f'<g id="g"><g>{image("")}</g></g>')
    chain = chain_to(root.getElementById("i"))
    assert [element.TAG for element in chain] == ["g", "g", "image"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3", 3), ("1in", 96), ("72pt", 96), ("50%", 100), ("1e1", 10), (".5px", 0.5), (None, -1), ("auto", -1), ("", -1)],
)
def test_length(text, expected):
    assert length(text, 200, -1) == pytest.approx(expected)


def test_fit_with_an_offset_view():
    assert fit(Box(10, 10, 20, 20), Box(0, 0, 40, 40), None).matrix == ((2, 0, -20), (0, 2, -20))
