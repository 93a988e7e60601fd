"""Lines drawn over a picture tell its subject."""

import pytest
from documents import IMAGE, svg_of
from inkex import Transform
from stylesketch_ext.failures import Failure
from stylesketch_ext.marks import marks_on, selected_lines
from stylesketch_ext.placement import Placement

OPEN = '<path id="p" d="M 10 10 L 20 30 30 10"/>'


def lines_of(body, *select):
    return selected_lines(svg_of(body, select=select))


@pytest.mark.parametrize(("shape", "kind"), [
    (OPEN, "keep"),
    ('<path id="p" d="M 10 10 H 30 V 30 z"/>', "around"),
    ('<path id="p" style="stroke-dasharray:4,2" d="M 10 10 H 30"/>', "leave"),
    ('<path id="p" style="stroke-dasharray:none" d="M 10 10 H 30"/>', "keep"),
    ('<path id="p" stroke-dasharray="3 1" d="M 10 10 H 30 V 30 Z"/>', "leave"),
    ('<rect id="p" x="1" y="2" width="30" height="20"/>', "around"),
    ('<circle id="p" cx="20" cy="20" r="9"/>', "around"),
    ('<ellipse id="p" cx="20" cy="20" rx="9" ry="4"/>', "around"),
    ('<line id="p" x1="1" y1="2" x2="3" y2="4"/>', "keep"),
    ('<polyline id="p" points="1,2 3,4 5,9"/>', "keep"),
    ('<polygon id="p" points="1,2 3,4 5,9"/>', "around"),
])  # fmt: skip
def test_what_a_line_means(shape, kind):
    [line] = lines_of(IMAGE + shape, "i", "p")
    assert line.kind == kind and len(line.points) > 1


def test_points_are_in_user_units_of_the_document():
    body = f'<g transform="translate(100 0)"><g id="g" transform="scale(2)">{OPEN}</g></g>'
    [line] = lines_of(body, "g")
    assert [pytest.approx(point) for point in line.points] == [(120, 20), (140, 60), (160, 20)]


def test_curves_are_followed():
    [line] = lines_of('<path id="p" d="M 0 0 C 0 100 100 100 100 0"/>', "p")
    assert len(line.points) > 8
    assert max(y for _x, y in line.points) == pytest.approx(75, abs=1)


def test_every_part_of_a_path_is_a_line():
    assert len(lines_of('<path id="p" d="M 0 0 L 9 9 M 20 20 L 30 30"/>', "p")) == 2


@pytest.mark.parametrize("body", [
    "", '<text id="p">x</text>', f'<path xmlns:stylesketch="https://stylesketch.org/ns/1" stylesketch:index="3" {OPEN[6:]}',
    '<path id="p" d=""/>', '<path id="p" d="M 3 3"/>',
], ids=["nothing", "text", "our-stroke", "empty", "point"])  # fmt: skip
def test_a_selection_without_lines_says_what_to_select(body):
    with pytest.raises(Failure, match="a line on the subject, or a closed one around it"):
        lines_of(IMAGE + body, "i", *(["p"] if body else []))


def test_marks_are_in_px_of_the_picture():
    placement = Placement(Transform("translate(50 20) rotate(90) scale(0.5)"))
    [line] = lines_of('<path id="p" d="M 45 30 L 40 25"/>', "p")
    [mark] = marks_on([line], placement, 40, 30, "cat")
    assert mark.kind == "keep"
    assert [pytest.approx(placement.point(*point)) for point in mark.points] == [(45, 30), (40, 25)]


def test_only_lines_on_the_picture_mark_it():
    near, far = lines_of(f'{OPEN}<path id="q" d="M 200 200 L 220 220"/>', "p", "q")
    assert len(marks_on([near, far], Placement(Transform()), 40, 30, "cat")) == 1
    with pytest.raises(Failure, match="None of the selected lines lies on the picture “cat”"):
        marks_on([far], Placement(Transform()), 40, 30, "cat")


def test_a_line_around_the_whole_picture_marks_it():
    [line] = lines_of('<rect id="p" x="-9" y="-9" width="90" height="90"/>', "p")
    assert len(marks_on([line], Placement(Transform()), 40, 30, "cat")) == 1
