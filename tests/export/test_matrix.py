from dataclasses import replace

import pytest
from lxml import etree
from stylesketch_ext.wire.messages import DrawingData, LayerData, PathData

from backend.export.matrix import matrix_svg
from backend.export.svg import INKSCAPE

SVG = "{http://www.w3.org/2000/svg}"
POINTS = [(1.0, 2.5), (3.0, 4.0), (5.125, 6.0), (7.0, 8.0)]


def drawing(run):
    path = PathData(f"ss-{run}-s000", POINTS, False, [2.0], "#16161a", 1.0, "contour", "object", 1.0, 0)
    return DrawingData(width=40, height=30, layers=[LayerData("object", [path, replace(path, id=f"ss-{run}-s001")])], run=run)


@pytest.fixture
def svg():
    rows = [[drawing(f"{row}{column}") for column in range(3)] for row in range(2)]
    return etree.fromstring(matrix_svg(rows, ["precise", "loose & free"], ["all", "some", "few"]).encode())


def test_every_drawing_stands_in_its_cell(svg):
    cells = svg.findall(f"{SVG}g")[1:]
    assert [cell.get(f"{{{INKSCAPE}}}label") for cell in cells][3:] == [
        "loose & free, all",
        "loose & free, some",
        "loose & free, few",
    ]
    places = [tuple(float(v) for v in cell.get("transform")[len("translate(") : -1].split()) for cell in cells]
    assert len(set(places)) == 6
    width, height = float(svg.get("width")), float(svg.get("height"))
    for x, y in places:
        assert 0 <= x <= width - 40 and 0 <= y <= height - 30
    for one in places:
        assert all(abs(one[0] - x) >= 40 or abs(one[1] - y) >= 30 for x, y in places if (x, y) != one)


def test_no_name_is_there_twice(svg):
    names = [element.get("id") for element in svg.iter() if element.get("id")]
    assert len(names) == len(set(names)) == 6 * 3


def test_rows_and_columns_are_labeled(svg):
    assert [text.text for text in svg.iter(f"{SVG}text")] == ["all", "some", "few", "precise", "loose & free"]
