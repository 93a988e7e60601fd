"""A result as a layer: where, how named, what is in it."""

import json
from dataclasses import replace

import pytest
from documents import IMAGE, svg_of
from fake_engine import ring
from inkex import Transform
from stylesketch_ext import layers
from stylesketch_ext.layers import NAMESPACE, add_plane, add_sketch, path_data, path_style
from stylesketch_ext.placement import Placement, place
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

INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
OURS = "{%s}" % NAMESPACE  # noqa: UP031
LAYERED = f'<g inkscape:groupmode="layer" id="layer1" transform="scale(2)"><g>{IMAGE}</g></g><g id="above"/>'


def result(layers=None, notes=()):
    layers = layers or [LayerData("object", ring(40, 30, 4)), LayerData("background", ring(40, 30, 3))]
    return SketchResult(
        DrawingData(40, 30, layers, "0123abcd"), "ab" * 32, "cat.png", "object", SketchSettings(strokes=4, seed=9),
        "Technical pen", "classical", "cpu", "fast", 10, "0.1.0", list(notes), job="job7",
    )  # fmt: skip


def sketched(body=LAYERED, **changes):
    root = svg_of(body)
    (picture,) = subjects(root, [])
    return root, add_sketch(root, result(**changes), picture, place(picture.chain, 40, 30))


def test_one_top_level_layer_directly_above_the_picture_s():
    root, layer = sketched()
    assert [child.get("id") for child in root if child.get("id")] == ["layer1", "ss-0123abcd", "above"]
    assert layer.get(INKSCAPE + "groupmode") == "layer"
    assert layer.get(INKSCAPE + "label") == "cat.png — Technical pen (StyleSketch)"
    assert layer.get("transform") is None


def test_a_group_for_each_region_and_a_path_for_each_stroke_in_order():
    _, layer = sketched()
    groups = [child for child in layer if child.TAG == "g"]
    assert [group.get(INKSCAPE + "label") for group in groups] == ["object", "background"]
    assert [[path.get("id") for path in group] for group in groups] == [
        [f"ss-0123abcd-s{i:03d}" for i in range(4)],
        ["ss-0123abcd-s000-2", "ss-0123abcd-s001-2", "ss-0123abcd-s002-2"],
    ]
    assert {path.TAG for group in groups for path in group} == {"path"}


def test_ids_that_are_taken_get_a_number():
    root, layer = sketched(LAYERED + '<g id="ss-0123abcd"/><g id="ss-0123abcd-s000"/>')
    assert layer.get("id") == "ss-0123abcd-2"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_the_layer_knows_how_it_was_made():
    _, layer = sketched()
    told = {name[len(OURS) :]: value for name, value in layer.attrib.items() if name.startswith(OURS)}
    settings = json.loads(told.pop("settings"))
    assert (settings["strokes"], settings["seed"]) == (4, 9)
    assert told == {
        "recipe": "object", "seed": "9", "style": "technical-pen", "version": "0.1.0", "image": "ab" * 32, "job": "job7",
        "guidance": "classical", "placement": "2 0 0 2 0 0", "size": "40 30",
    }  # fmt: skip
    assert layer.nsmap["stylesketch"] == NAMESPACE


def test_each_path_knows_its_place():
    _, layer = sketched()
    path = layer.getchildren()[0][1]
    told = {name[len(OURS) :]: value for name, value in path.attrib.items() if name.startswith(OURS)}
    assert told == {"index": "1", "importance": "0.75", "region": "object", "kind": "contour"}


def test_the_prefix_is_ours_in_the_written_document():
    root, _ = sketched()
    text = root.tostring().decode()
    assert 'stylesketch:recipe="object"' in text
    assert text.count("xmlns:stylesketch=") == 1


def test_coordinates_and_width_are_in_user_units():
    _, layer = sketched()
    path = layer.getchildren()[0][0]
    numbers = [float(n) for n in path.get("d").replace("M", "").replace("C", "").split()]
    assert numbers[:2] == pytest.approx([2 * (0.35 * 40 + 0.25 * 30), 2 * 0.4 * 30])
    style = dict(item.split(":") for item in path.get("style").split(";"))
    assert style == {
        "fill": "none", "stroke": "#16161a", "stroke-width": "4", "stroke-linecap": "round", "stroke-linejoin": "round"
    }  # fmt: skip


STROKE = PathData(
    "s", [(0.0, 0.0), (1 / 3, 0.0), (2 / 3, 0.0), (1.0, 0.5)], True, [1.0, 3.0], "#ff0000", 0.5, "detail", "o", 1, 0
)


@pytest.mark.parametrize(
    ("scale", "d"),
    [
        (1, "M 0 0 C 0.333 0 0.667 0 1 0.5 Z"),
        (1000, "M 0 0 C 333 0 667 0 1000 500 Z"),
        (0.01, "M 0 0 C 0.00333 0 0.00667 0 0.01 0.005 Z"),
    ],
)
def test_as_many_decimals_as_the_placement_needs(scale, d):
    assert path_data(STROKE, Placement(Transform((scale, 0, 0, scale, 0, 0)))) == d


def test_a_width_that_hardly_changes_becomes_its_mean_and_opacity_is_kept():
    style = path_style(STROKE, Placement(Transform((2, 0, 0, -0.5, 0, 0))))
    assert (style["stroke-width"], style["stroke-opacity"]) == ("2", "0.5")


BRUSHED = replace(
    STROKE, closed=False, profile=[(0.0, 0.0), (1.0, 3.0)],
    outline=[[(0.0, 0.0), (0.3, 0.0), (0.6, 0.0), (1.0, 2.0), (0.6, 0.0), (0.3, 0.0), (0.0, 0.0)]],
)  # fmt: skip


def drawn(root, **changes):
    """A drawing with `changes` in a document; its layer."""
    (picture,) = subjects(root, [])
    drawing = replace(DrawingData(40, 30, [LayerData("object", [STROKE, BRUSHED])], "0123abcd"), **changes)
    return add_sketch(root, replace(result(), drawing=drawing), picture, place(picture.chain, 40, 30))


def test_a_stroke_of_changing_width_is_filled_and_can_be_edited():
    root = svg_of(LAYERED + "<defs><g id='s-2-width'/></defs>")
    plain, brushed = drawn(root).getchildren()[0]
    assert plain.get(INKSCAPE + "path-effect") is None and plain.get(OURS + "widths") == "2 6"
    assert brushed.get("d") == "M 0 0 C 0.6 0 1.2 0 2 4 1.2 0 0.6 0 0 0 Z"
    assert (
        brushed.get("style")
        == "fill:#ff0000;fill-rule:nonzero;stroke:none;stroke-linecap:round;stroke-linejoin:round;opacity:0.5"
    )
    assert brushed.get(INKSCAPE + "original-d") == plain.get("d")[:-2]
    effect = root.getElementById(brushed.get(INKSCAPE + "path-effect")[1:])
    assert effect.get("id") == "s-2-width-2" and effect.tag == INKSCAPE + "path-effect"
    assert (effect.get("effect"), effect.get("offset_points")) == ("powerstroke", "0,0 | 1,3")


def test_the_effect_and_the_filter_are_those_of_the_engine_s_files():
    svg = pytest.importorskip("backend.export.svg", reason="the engine cannot be imported")
    assert (layers.POWER_STROKE, layers.FILTER) == (svg.POWER_STROKE, svg.FILTER)


@pytest.mark.parametrize("stroke", [STROKE, BRUSHED], ids=["plain", "brushed"])
def test_the_document_knows_the_stroke_it_came_from(stroke):
    """Middle line, widths, color and opacity can be read back in source px."""
    layer = drawn(svg_of(f'<g transform="rotate(30) scale(4)">{IMAGE}</g>'), layers=[LayerData("object", [stroke])])
    back = -Transform([float(number) for number in layer.get(OURS + "placement").split()])
    path = layer.getchildren()[0][0]
    data = (path.get(INKSCAPE + "original-d") or path.get("d")).replace("M", "").replace("C", "").replace("Z", "").split()
    points = [back.apply_to_point(tuple(map(float, point))) for point in zip(data[::2], data[1::2], strict=True)]
    assert [tuple(point) for point in points] == [pytest.approx(point, abs=2e-3) for point in stroke.points]
    scale = abs(back.a * back.d - back.b * back.c) ** 0.5
    assert [float(width) * scale for width in path.get(OURS + "widths").split()] == pytest.approx(stroke.widths, rel=1e-4)
    style = path.specified_style()
    line, faint = ("fill", "opacity") if path.get(INKSCAPE + "original-d") else ("stroke", "stroke-opacity")
    assert (str(style[line]), float(style[faint])) == (stroke.color, stroke.opacity)
    told = {name: path.get(OURS + name) for name in ("kind", "region", "index", "importance")}
    assert told == {"kind": "detail", "region": "o", "index": "0", "importance": "1"}


def test_dark_paper_lies_under_the_strokes_locked():
    paper, group = drawn(svg_of(LAYERED), paper="#123a6b")
    assert paper.get("d") == "M 0 0 L 80 0 L 80 60 L 0 60 Z" and paper.get("style") == "fill:#123a6b;stroke:none"
    assert paper.get("{http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd}insensitive") == "true"
    assert group.get(INKSCAPE + "label") == "object"


@pytest.mark.parametrize("paper", ["#ffffff", "#f4ecdc"])
def test_light_paper_is_the_document_s(paper):
    assert [child.TAG for child in drawn(svg_of(LAYERED), paper=paper)] == ["g"]


def test_a_texture_is_a_filter_of_the_groups_in_user_units():
    steps = [
        FilterStep("feTurbulence", {"baseFrequency": "0.5", "seed": "7"}),
        FilterStep("feDisplacementMap", {"scale": "3", "in2": "noise"}),
    ]
    root = svg_of(LAYERED)
    (group,) = drawn(root, texture=TextureData("bleed", steps))
    look = root.getElementById(group.get("style")[len("filter:url(#") : -1])
    assert look.TAG == "filter" and look.get("color-interpolation-filters") == "sRGB"
    assert [(step.TAG, dict(step.attrib)) for step in look] == [
        ("feTurbulence", {"baseFrequency": "0.25", "seed": "7"}),
        ("feDisplacementMap", {"scale": "6", "in2": "noise"}),
    ]


def test_notes_are_the_layer_s_description():
    _, layer = sketched(notes=["CLIP was not used."])
    assert layer.getchildren()[0].text == "CLIP was not used."


def test_what_slicing_hides_is_clipped():
    body = IMAGE.replace('width="40"', 'width="80" preserveAspectRatio="xMidYMid slice"')
    root, layer = sketched(body)
    clip = root.getElementById(layer.get("clip-path")[5:-1])
    assert clip[0].get("d") == "M 0 0 L 80 0 L 80 30 L 0 30 Z"


def test_a_whole_plane_is_one_layer_with_a_layer_for_each_sketch_of_which_one_is_visible():
    root = svg_of(LAYERED)
    (picture,) = subjects(root, [])
    full = result([LayerData("object", ring(40, 30, 24))])
    plane = [
        replace(full.simplified(simplicity), settings=SketchSettings(fidelity=fidelity, simplicity=simplicity))
        for fidelity in (1.0, 0.45, 0.0)
        for simplicity in (0.0, 1 / 3, 1.0)
    ]
    layer = add_plane(root, plane, (0.45, 0.4), picture, place(picture.chain, 40, 30))
    assert [child.get("id") for child in root if child.get("id")] == ["layer1", "ss-0123abcd", "above"]
    assert layer.get(INKSCAPE + "label") == "cat.png — Technical pen (StyleSketch)"
    parts = list(layer)
    assert {part.get(INKSCAPE + "groupmode") for part in parts} == {"layer"}
    assert parts[-1].get(INKSCAPE + "label") == "fidelity 1, simplicity 0"  # the last lies on top
    assert [part.get(INKSCAPE + "label") for part in parts if part.get("style") is None] == ["fidelity 0.45, simplicity 0.33"]
    assert {part.get("style") for part in parts} == {None, "display:none"}
    assert json.loads(parts[0].get(OURS + "settings"))["fidelity"] == 0.0
    strokes = [len([path for path in part.iter() if path.TAG == "path"]) for part in parts]
    assert strokes == [4, 13, 24] * 3
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
