"""Texture…, Restyle… and Prompt… without a window: from a document and an engine to a document, or to one sentence."""

import base64
import importlib
import io
import json
import re

import pytest
from documents import IMAGE, svg_text
from fake_engine import FakeEngine, image_size, png
from inkex import Transform
from lxml import etree

SVG = "{http://www.w3.org/2000/svg}"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
OURS = "{https://stylesketch.org/ns/1}"
XLINK = "{http://www.w3.org/1999/xlink}href"
RECT = '<rect id="r" x="10" y="20" width="100" height="50" style="fill:#ff0000;stroke:#000000"/>'
SKETCH = (
    '<g inkscape:groupmode="layer" id="ss" xmlns:stylesketch="https://stylesketch.org/ns/1" stylesketch:recipe="object" '
    'stylesketch:placement="2 0 0 2 30 40" stylesketch:size="50 40">{}<g><path id="stroke" d="M 0 0 L 9 9"/></g></g>'
)


@pytest.fixture
def run(tmp_path, install_json, monkeypatch):
    """Runs a menu entry on a document; gives (the written document or None, the sentences told, what the engine was asked)."""

    def run_on(name, body, *arguments, mode="good", page='width="400" height="300"', failing=None):
        from stylesketch_ext import job_effect

        module = importlib.import_module(f"stylesketch_ext.{name}_effect")
        path = tmp_path / "input.svg"
        path.write_text(svg_text(body, page), encoding="utf-8")
        monkeypatch.setenv("DOCUMENT_PATH", str(path))
        told, written = [], io.BytesIO()
        monkeypatch.setattr(job_effect.inkex, "errormsg", told.append)
        with FakeEngine(mode) as engine:
            engine.write_endpoint(install_json()["endpoint"])
            engine.failing = failing
            effect = getattr(module, name.capitalize() + "Effect")()
            effect.run(["--gui=false", *arguments, str(path)], output=written)
        assert len(told) <= 1 and all("\n" not in text for text in told)
        return (etree.fromstring(written.getvalue()) if written.getvalue() else None), told, list(engine.jobs.values())

    return run_on


def corners(image, root):
    """Where the corners of an image lie at the top level."""
    matrix = Transform()
    for element in (*reversed(list(image.iterancestors())), image):
        matrix = matrix @ Transform(element.get("transform") or "")
    x, y, w, h = (float(image.get(name)) for name in ("x", "y", "width", "height"))
    points = [matrix.apply_to_point(point) for point in ((x, y), (x + w, y), (x + w, y + h), (x, y + h))]
    return [(point[0], point[1]) for point in points]


def near(found, expected):
    return all(abs(a - b) < 1e-4 for one, other in zip(found, expected, strict=True) for a, b in zip(one, other, strict=True))


def embedded(image):
    head, _, data = image.get(XLINK).partition(",")
    assert head == "data:image/png;base64"
    return image_size(base64.b64decode(data))


# ---- Restyle…


def test_a_restyled_picture_lies_exactly_on_its_source(run):
    layer = '<g inkscape:groupmode="layer" id="l" transform="rotate(30) scale(2 1.5)"><g transform="skewX(10)">{}</g></g>'
    body = layer.format(IMAGE) + '<g id="z"/>'
    root, told, [request] = run("restyle", body, "--id=i", "--style=charcoal", "--strength=0.5", "--seed=4")
    assert not told
    assert (request.style, request.strength, request.seed, request.method, request.tries) == (
        "charcoal",
        0.5,
        4,
        "classical",
        1,
    )
    layer = root[1]
    assert (root[0].get("id"), root[2].get("id")) == ("l", "z")
    assert layer.get(LABEL) == "i — Charcoal (StyleSketch)" and layer.get("transform") is None
    (image,) = layer.findall(SVG + "image")
    assert embedded(image) == (20, 15)  # the engine's picture has other pixels than the source, 40 × 30
    source = root.find(f".//{SVG}image[@id='i']")
    source.set("x", "0"), source.set("y", "0")
    assert near(corners(image, root), corners(source, root))
    assert layer.get(OURS + "recipe") == "style_transfer" and layer.get(OURS + "job") == "job1"
    assert json.loads(layer.get(OURS + "settings"))["strength"] == 0.5


def test_an_upright_picture_needs_no_transform(run):
    root, _, _ = run("restyle", IMAGE.replace('id="i"', 'id="i" x="7" y="9" transform="translate(3 1)"'), "--id=i")
    image = root[1].find(SVG + "image")
    assert image.get("transform") is None
    assert [float(image.get(name)) for name in ("x", "y", "width", "height")] == [10, 10, 40, 30]


def test_a_sliced_picture_is_clipped_as_its_source(run):
    sliced = IMAGE.replace('height="30"', 'height="60" preserveAspectRatio="xMidYMid slice"')
    root, _, _ = run("restyle", sliced, "--id=i")
    clip = root.find(f".//{SVG}clipPath/{SVG}path")
    numbers = [float(number) for number in re.findall(r"-?[0-9.]+", clip.get("d"))]
    assert sorted(set(numbers)) == [0, 40, 60]
    assert root.xpath("//*[@clip-path]")[0].get(LABEL)


def test_several_pictures_are_restyled_one_by_one(run):
    pair = IMAGE + IMAGE.replace('id="i"', 'id="j" x="50"')
    root, told, requests = run("restyle", pair, "--id=i", "--id=j", "--tries=4")
    assert not told and len(requests) == 2 and {request.tries for request in requests} == {1}
    labels = [child.get(LABEL) for child in root]
    assert labels == [None, "i — Engraving (StyleSketch)", None, "j — Engraving (StyleSketch)"] or labels == [
        None, None, "i — Engraving (StyleSketch)", "j — Engraving (StyleSketch)",
    ]  # fmt: skip
    assert len({element.get("id") for element in root.iter() if element.get("id")}) == len(root.findall(".//*[@id]"))


@pytest.mark.parametrize("result", ["picture", "sketch"])
@pytest.mark.parametrize(("failing", "failed", "finished"), [("job1", "i", "j"), ("job2", "j", "i")])
def test_one_that_fails_keeps_no_other_from_being_restyled(run, result, failing, failed, finished):
    pair = IMAGE + IMAGE.replace('id="i"', 'id="j" x="50"')
    more = ("--id=i", "--id=j", f"--result={result}", "--picture=false")
    root, [told], requests = run("restyle", pair, *more, mode="fails", failing={failing})
    style = "Engraving" if result == "picture" else "Technical pen"
    assert [child.get(LABEL) for child in root if child.get(LABEL)] == [f"{finished} — {style} (StyleSketch)"]
    assert told.startswith(f"Done: 1 of 2 pictures. {failed}: There was not enough memory: choose fewer strokes.")
    assert "There is not enough memory or space" in told and "Details" not in told  # the log would not help
    assert len(requests) == 2


def test_where_all_fail_for_one_reason_it_is_said_once(run):
    pair = IMAGE + IMAGE.replace('id="i"', 'id="j" x="50"')
    root, [told], requests = run("restyle", pair, "--id=i", "--id=j", mode="fails")
    assert root is None and told.startswith("There was not enough memory") and len(requests) == 2


def test_without_the_engine_no_further_pictures_are_tried(run):
    pair = IMAGE + IMAGE.replace('id="i"', 'id="j" x="50"')
    root, [told], requests = run("restyle", pair, "--id=i", "--id=j", mode="garbled")
    assert root is None and "run ./install.sh again" in told and len(requests) == 1


def on_page(path, root):
    """The points of a path at the top level."""
    matrix = Transform()
    for element in (*reversed(list(path.iterancestors())), path):
        matrix = matrix @ Transform(element.get("transform") or "")
    numbers = [float(number) for number in re.findall(r"-?[0-9.]+(?:e-?[0-9]+)?", path.get("d"))]
    return [tuple(matrix.apply_to_point(pair)) for pair in zip(numbers[::2], numbers[1::2], strict=True)]


def test_a_sketch_of_a_restyled_picture_lies_where_one_of_the_picture_would(run):
    layer = f'<g inkscape:groupmode="layer" id="l" transform="rotate(30) scale(2 1.5)">{IMAGE}</g><g id="z"/>'
    more = ("--id=i", "--style=charcoal", "--result=sketch", "--strokes=9", "--seed=4", "--tries=3")
    root, told, [request] = run("restyle", layer, *more)
    assert not told and request.tries == 1
    assert (request.style, request.sketch.style, request.sketch.strokes, request.sketch.seed) == ("charcoal", "charcoal", 9, 4)
    assert [child.get("id") for child in root][0::2] == ["l", "z"] and not root.findall(f"*/{SVG}image")[1:]
    drawn = root[1]
    assert drawn.get(OURS + "recipe") == "restyled" and drawn.get(OURS + "job") == "job1"
    source = root.find(f".//{SVG}image[@id='i']")
    half = Transform(drawn.get(OURS + "placement") and f"matrix({drawn.get(OURS + 'placement').replace(' ', ',')})")
    frame = [tuple(half.apply_to_point(point)) for point in ((0, 0), (20, 0), (20, 15), (0, 15))]  # of its 20 × 15 px
    source.set("x", "0"), source.set("y", "0")
    assert near(frame, corners(source, root))
    points = [point for path in drawn.iter(SVG + "path") for point in on_page(path, root)]
    inverse = -half
    inside = [inverse.apply_to_point(point) for point in points]
    assert points and all(-1 <= x <= 21 and -1 <= y <= 16 for x, y in inside)


def test_the_restyled_picture_goes_below_its_sketch_if_wanted_and_another_pen_may_draw(run):
    more = ("--id=i", "--style=charcoal", "--result=sketch", "--pen=my-pen", "--picture=true")
    root, told, [request] = run("restyle", IMAGE, *more)
    assert not told and (request.style, request.sketch.style) == ("charcoal", "my-pen")
    assert [child.get(LABEL) for child in root] == [None, "i (picture)", "i — Technical pen (StyleSketch)"]
    below = root[1].find(SVG + "image")
    assert embedded(below) == (20, 15) and [float(below.get(name)) for name in ("width", "height")] == [40, 30]


def test_a_prompt_that_does_not_count_is_not_sent(run):
    _, told, [request] = run("restyle", IMAGE, "--id=i", "--prompt=a horse")
    assert not told and request.prompt == ""
    _, told, [request] = run("restyle", IMAGE, "--id=i", "--prompt=a horse", "--method=auto")
    assert not told and request.prompt == "a horse"


@pytest.mark.parametrize(
    ("mode", "words"),
    [("fails", "There was not enough memory"), ("error500", "The engine broke"), ("garbled", "run ./install.sh again")],
)
@pytest.mark.parametrize("name", ["restyle", "texture", "prompt"])
def test_a_failure_is_one_sentence_and_changes_nothing(run, name, mode, words):
    root, told, _ = run(name, IMAGE, "--id=i", *(["--text=a horse"] if name == "prompt" else []), mode=mode)
    assert root is None and words in told[0]


@pytest.mark.parametrize(
    ("name", "body", "arguments", "words"),
    [
        ("restyle", "", [], "Select what is to be sketched"),
        ("restyle", IMAGE, ["--strength=2"], "strength must be between 0 and 1, not 2"),
        ("restyle", IMAGE, ["--method=magic"], "method must be one of classical, diffusion, auto, not magic"),
        ("texture", "", ["--width=8"], "width must be between 32 and 4096, not 8"),
        ("texture", "", ["--width=4096", "--height=4096"], "at most 8.4 million pixels"),
        ("texture", "", ["--patch=300", "--method=classical"], "patches must have between 8 and 256 px here, not 300"),
        ("texture", IMAGE, ["--id=i", "--source=selection", "--method=drawn"], "drawn by a style pack alone"),
        ("texture", "", ["--use=pattern"], "Select the shapes that the texture is to fill"),
        ("texture", f'<g transform="scale(0 1)">{RECT}</g>', ["--id=r", "--use=pattern"], "Select the shapes"),
        ("texture", RECT, ["--id=r", "--use=paper"], "Select a sketch of StyleSketch"),
        ("texture", RECT, ["--id=r", "--source=selection"], "Select the picture whose texture is to go on"),
        ("texture", IMAGE, ["--id=i", "--source=part"], "together with a shape"),
        (
            "texture",
            IMAGE + RECT.replace('x="10"', 'x="300"'),
            ["--id=i", "--id=r", "--source=part"],
            "None of the selected shapes",
        ),
        ("prompt", "", [], "Write in a few words"),
        ("prompt", "", ["--text=" + "x" * 1001], "more than 1000 characters"),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(run, name, body, arguments, words):
    root, told, _ = run(name, body, *arguments)
    assert root is None and words in told[0] and "Details" not in told[0]


def test_what_is_still_to_be_written_is_the_only_sentence(run):
    assert run("prompt", "")[1] == ["Write in a few words what is to be drawn, then start again."]


# ---- Texture…


def test_a_texture_after_a_style_lies_in_the_middle_of_the_page(run):
    root, told, [request] = run("texture", RECT, "--width=64", "--height=32", "--style=charcoal", "--dpi=192")
    assert not told
    asked = (request.style, request.exemplar, request.width, request.height, request.tiled, request.tries, request.guidance)
    assert asked == ("charcoal", "", 64, 32, True, 1, "auto")
    layer = root[-1]
    assert layer.get(LABEL) == "Texture — Charcoal (StyleSketch)" and layer.get(OURS + "recipe") == "style_texture"
    image = layer.find(SVG + "image")
    assert [float(image.get(name)) for name in ("x", "y", "width", "height")] == [184, 142, 32, 16]
    assert embedded(image) == (64, 32)


def test_a_texture_after_a_picture_lies_beside_it(run):
    page = 'width="100mm" height="100mm" viewBox="0 0 100 100"'
    root, _, [request] = run("texture", IMAGE, "--id=i", "--source=selection", "--width=96", "--height=96", page=page)
    assert request.style == "" and len(request.exemplar) == 64 and request.region is None and request.title == "i"
    image = root[1].find(SVG + "image")
    x, y, width, height = (float(image.get(name)) for name in ("x", "y", "width", "height"))
    px = 25.4 / 96
    assert (x, y) == (pytest.approx(40 + 10 * px), 0) and width == height == pytest.approx(25.4)
    assert root[1].get(LABEL) == "i (StyleSketch)"


def test_a_shape_on_the_picture_tells_the_part(run):
    data = "data:image/png;base64," + base64.b64encode(png(80, 60, lambda x, y: 255)).decode()
    body = f'<g transform="scale(3)"><image id="i" width="40" height="30" xlink:href="{data}"/></g>'
    body += RECT.replace('width="100"', 'width="60"')
    root, told, [request] = run("texture", body, "--id=i", "--id=r", "--source=part")
    assert not told and request.region == (7, 13, 40, 34)
    assert root.find(f".//{SVG}rect").get("style").startswith("fill:#ff0000")


def test_a_part_that_is_too_small_is_said(run):
    body = f'<g transform="scale(3)">{IMAGE}</g>' + RECT.replace('width="100"', 'width="60"')
    root, told, requests = run("texture", body, "--id=i", "--id=r", "--source=part")
    assert root is None and not requests and "at least 32 px a side" in told[0]


def test_a_pattern_fills_shapes_at_one_scale_whatever_their_transforms(run):
    hidden = '<g style="display:none"><path id="h"/></g>'
    body = f'{RECT}<g id="g" transform="translate(50 60) rotate(90) scale(2)"><circle id="c" r="9"/>{hidden}</g>'
    root, told, [request] = run(
        "texture", body, "--id=r", "--id=g", "--use=pattern", "--tiled=false", "--width=64", "--height=64"
    )
    assert not told and request.tiled
    patterns = root.findall(f".//{SVG}defs/{SVG}pattern")
    plain, turned = patterns
    assert (plain.get("width"), plain.get("height"), plain.get("patternUnits")) == ("64", "64", "userSpaceOnUse")
    assert embedded(plain.find(SVG + "image")) == (64, 64)
    assert turned.get(XLINK) == "#" + plain.get("id") and turned.find(SVG + "image") is None
    fills = {name: re.search(r"fill:url\(#([^)]*)\)", root.find(f".//*[@id='{name}']").get("style")).group(1) for name in "rc"}
    assert fills == {"r": plain.get("id"), "c": turned.get("id")}
    assert "stroke:#000000" in root.find(f".//{SVG}rect").get("style")
    assert root.find(f".//{SVG}path[@id='h']").get("style") is None
    group = Transform("translate(50 60) rotate(90) scale(2)")
    for pattern, shape in ((plain, Transform()), (turned, group)):
        matrix = shape @ Transform(pattern.get("patternTransform"))
        assert [round(value, 6) for value in matrix.to_hexad()] == [1, 0, 0, 1, 0, 0]


def test_paper_is_the_lowest_of_a_sketch_and_as_large_as_its_drawing(run):
    root, told, _ = run("texture", SKETCH.format(""), "--id=stroke", "--use=paper", "--width=64", "--height=64")
    assert not told
    layer = root.find(".//*[@id='ss']")
    sheet = layer[0]
    assert (
        sheet.get(LABEL) == "paper" and sheet.get("{http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd}insensitive") == "true"
    )
    assert sheet.get("d") == "M 30 40 L 130 40 L 130 120 L 30 120 Z"
    pattern = root.find(f".//{SVG}pattern")
    assert sheet.get("style") == f"fill:url(#{pattern.get('id')});stroke:none"
    assert pattern.get("patternTransform") == "matrix(1,0,0,1,30,40)"


def test_paper_lies_over_a_sheet_of_color_which_would_hide_it(run):
    sheet = '<path inkscape:label="paper" id="sheet" d="M 0 0 L 9 9"/>'
    root, _, _ = run("texture", SKETCH.format("<desc/>" + sheet), "--id=ss", "--use=paper")
    assert [child.get("id") for child in root.find(".//*[@id='ss']")][:3] == [None, "sheet", "ss-texture-2"]


def test_sketches_without_a_size_are_told(run):
    root, [told], _ = run("texture", SKETCH.format("").replace("stylesketch:size", "stylesketch:was"), "--id=ss", "--use=paper")
    assert root is None and "older StyleSketch" in told


# ---- Prompt…


def test_a_text_becomes_a_layer_in_the_middle_of_the_page(run):
    root, told, [request] = run(
        "prompt", RECT, "--text= a horse ", "--strokes=9", "--seed=5", "--style=charcoal", "--method=clip"
    )
    assert not told
    assert (request.prompt, request.method, request.settings.strokes, request.settings.seed) == ("a horse", "clip", 9, 5)
    layer = root[-1]
    assert layer.get(LABEL) == "a horse — Technical pen (StyleSketch)"
    assert len(layer.findall(f".//{SVG}path")) == 9
    assert layer.get(OURS + "size") == "100 80"
    assert layer.get(OURS + "placement") == "2.25 0 0 2.25 87.5 60"


@pytest.mark.parametrize(("method", "labels"), [
    ("auto", ["a horse (picture)", "a horse — Technical pen (StyleSketch)"]),
    ("clip", ["a horse — Technical pen (StyleSketch)"]),
])  # fmt: skip
def test_the_picture_it_was_drawn_after_lies_below(run, method, labels):
    root, _, _ = run("prompt", "", "--text=a horse", "--picture=true", f"--method={method}")
    layers = [child for child in root if child.get(LABEL)]
    assert [layer.get(LABEL) for layer in layers] == labels
    if method == "auto":
        image = layers[0].find(SVG + "image")
        assert [float(image.get(name)) for name in ("x", "y", "width", "height")] == [87.5, 60, 225, 180]
