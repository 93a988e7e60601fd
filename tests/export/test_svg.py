from dataclasses import replace

from lxml import etree
from stylesketch_ext.wire.messages import DrawingData, FilterStep, LayerData, PathData, TextureData

from backend.export.svg import INKSCAPE, SODIPODI, STYLESKETCH, drawing_svg

SVG = "http://www.w3.org/2000/svg"
PATH = PathData(
    id="ss-0123abcd-s000", points=[(1.0, 2.5), (3.0, 4.0), (5.125, 6.0), (7.0, -8.0)], closed=False, widths=[2.0],
    color="#16161a", opacity=1.0, kind="contour", region="object", importance=1.0, index=0,
)  # fmt: skip


def drawing(*paths, name="Sketch"):
    return DrawingData(width=40, height=30, layers=[LayerData(name, list(paths))], run="0123abcd")


def parsed(text):
    return etree.fromstring(text.encode())


def test_a_stroke_is_a_path_with_its_knowledge():
    svg = parsed(drawing_svg(drawing(PATH), "Cat", {"seed": "7"}))
    assert (svg.get("width"), svg.get("height"), svg.get("viewBox")) == ("40", "30", "0 0 40 30")
    assert svg.get(f"{{{STYLESKETCH}}}seed") == "7"
    assert svg.findtext(f"{{{SVG}}}title") == "Cat"
    layer = svg.find(f"{{{SVG}}}g")
    assert layer.get(f"{{{INKSCAPE}}}groupmode") == "layer" and layer.get(f"{{{INKSCAPE}}}label") == "Sketch"
    assert (layer.get("fill"), layer.get("transform")) == ("none", None)
    (path,) = layer
    assert path.get("d") == "M 1,2.5 C 3,4 5.125,6 7,-8"
    assert (path.get("id"), path.get("stroke"), path.get("stroke-width")) == (PATH.id, "#16161a", "2")
    assert path.get("stroke-opacity") is None
    told = {name: path.get(f"{{{STYLESKETCH}}}{name}") for name in ("index", "importance", "kind", "region")}
    assert told == {"index": "0", "importance": "1", "kind": "contour", "region": "object"}


def test_closed_and_faint_strokes():
    path = parsed(drawing_svg(drawing(replace(PATH, closed=True, opacity=0.25))))[0][0]
    assert path.get("d").endswith(" Z")
    assert path.get("stroke-opacity") == "0.25"


def test_a_width_that_hardly_changes_is_its_mean():
    path = parsed(drawing_svg(drawing(replace(PATH, widths=[2.0, 2.02]))))[0][0]
    assert (path.get("stroke-width"), path.get(f"{{{STYLESKETCH}}}widths")) == ("2.01", "2 2.02")


RING = [(1.0, 2.5), (3.0, 5.0), (5.0, 7.0), (7.0, -8.0), (5.0, 5.0), (3.0, 3.0), (1.0, 2.5)]
BRUSHED = replace(PATH, widths=[0.0, 2.0, 6.0], profile=[(0.0, 0.0), (0.5, 2.0), (1.0, 6.0)], outline=[RING], opacity=0.5)


def test_a_stroke_of_changing_width_is_filled_and_inkscape_can_edit_it():
    defs, layer = parsed(drawing_svg(drawing(PATH, BRUSHED)))
    plain, path = layer
    assert plain.get("stroke") and not plain.get(f"{{{INKSCAPE}}}path-effect")
    assert path.get("d") == "M 1,2.5 C 3,5 5,7 7,-8 5,5 3,3 1,2.5 Z"
    assert (path.get("fill"), path.get("opacity"), path.get("stroke")) == ("#16161a", "0.5", None)
    assert path.get(f"{{{INKSCAPE}}}original-d") == plain.get("d")
    (effect,) = defs
    assert effect.tag == f"{{{INKSCAPE}}}path-effect"
    assert path.get(f"{{{INKSCAPE}}}path-effect") == "#" + effect.get("id")
    assert (effect.get("effect"), effect.get("offset_points")) == ("powerstroke", "0,0 | 0.5,1 | 1,3")
    assert path.get(f"{{{STYLESKETCH}}}widths") == "0 2 6"


def test_paper_is_a_locked_layer_at_the_bottom_unless_it_is_white():
    paper, layer = parsed(drawing_svg(replace(drawing(PATH), paper="#123a6b")))
    assert paper.get(f"{{{SODIPODI}}}insensitive") == "true" and paper.get(f"{{{INKSCAPE}}}label") == "paper"
    (sheet,) = paper
    assert (sheet.get("fill"), sheet.get("width"), sheet.get("height")) == ("#123a6b", "40", "30")
    assert layer.get(f"{{{INKSCAPE}}}label") == "Sketch"


def test_a_texture_is_a_filter_over_each_layer():
    steps = [FilterStep("feTurbulence", {"baseFrequency": "0.5"}), FilterStep("feComposite", {"in": "SourceGraphic"})]
    textured = replace(drawing(PATH), texture=TextureData("grain", steps))
    defs, layer = parsed(drawing_svg(replace(textured, layers=[*textured.layers, LayerData("empty", [])])))[:2]
    (look,) = defs
    assert layer.get("style") == f"filter:url(#{look.get('id')})"
    assert [(step.tag, dict(step.attrib)) for step in look] == [(f"{{{SVG}}}{step.name}", step.attributes) for step in steps]


def test_an_empty_drawing_is_a_file_too():
    assert len(parsed(drawing_svg(drawing()))[0]) == 0
    assert len(parsed(drawing_svg(replace(drawing(), layers=[])))) == 0


def test_names_that_xml_cannot_hold():
    svg = parsed(drawing_svg(drawing(PATH, name='a"<&>\x00\ud800é'), "b<\x0b>&", {"style": '"'}))
    assert svg.findtext(f"{{{SVG}}}title") == "b<>&"
    assert svg.find(f"{{{SVG}}}g").get(f"{{{INKSCAPE}}}label") == 'a"<&>é'


def test_equal_drawings_are_equal_bytes():
    assert drawing_svg(drawing(PATH), "Cat", {"seed": "7"}) == drawing_svg(drawing(PATH), "Cat", {"seed": "7"})
