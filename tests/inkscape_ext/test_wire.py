"""Messages survive the way over the wire, and nothing but messages gets in."""

import dataclasses
import hashlib
from dataclasses import replace

import pytest
from stylesketch_ext.wire import codec
from stylesketch_ext.wire.messages import (
    PROTOCOL_VERSION,
    CandidateData,
    DrawingData,
    FeaturesRequest,
    FilterStep,
    Health,
    ImageInfo,
    JobInfo,
    LayerData,
    Mark,
    MatrixRequest,
    MatrixResult,
    ModelInfo,
    PathData,
    Phrase,
    PictureInfo,
    PicturesResult,
    Problem,
    ProgressEvent,
    PromptRequest,
    PullRequest,
    PullResult,
    RefineRequest,
    RestyleRequest,
    SequenceRequest,
    SequenceResult,
    SketchRequest,
    SketchResult,
    SketchSettings,
    StrokeData,
    StyleChange,
    StyleInfo,
    StyleRequest,
    StyleResult,
    TextureData,
    TextureRequest,
)

PATH = PathData(
    "s0", [(0.0, 1.5), (1.0, 2.0), (2.0, 2.0), (3.0, 1.0)], False, [1.5], "#123456", 0.5, "detail", "object", 0.5, 3
)
BRUSHED = replace(PATH, widths=[0.0, 2.0], profile=[(0.0, 0.0), (1.0, 2.0)], outline=[PATH.points])
GRAIN = TextureData("grain", [FilterStep("feTurbulence", {"seed": "7"})])
REQUEST = SketchRequest("ab" * 32, SketchSettings(strokes=12, steps=0, seed=7), title="Käthe ▸")
RESULT = SketchResult(
    DrawingData(4, 3, [LayerData("object", [PATH, BRUSHED])], "0123abcd", "#123a6b", GRAIN), "ab" * 32, "t", "object",
    SketchSettings(), "Pen", "classical", "cpu", "fast", 10, "0.1.0", ["a note"], {"total": 1.0}, job="job1",
)  # fmt: skip
PROBLEM = Problem("Bad image", 422, "bad-image", "A sentence.")
STYLE = StyleInfo("chalk", "Red chalk", bundled=True, strokes=9, measured={"width": 0.01}, features=["squeezenet/fire5"])
MODEL = ModelInfo("squeezenet", "SqueezeNet 1.1", "guidance", "BSD-3-Clause", False, 4958839, kept=100, pullable=True)
STYLE_REQUEST = StyleRequest(["ab" * 32], "red-chalk", "Rötel", True)
MATRIX = MatrixRequest(replace(REQUEST, recipe="scene"), [1.0, 0.5])
TEXTURE = TextureRequest(
    "ab" * 32, region=(1, 2, 40, 50), guidance="vgg19", iterations=9, snapshots=2, seed=3, tries=2, title="Ü"
)
PROMPT = PromptRequest("ein Pferd", SketchSettings(strokes=12, seed=7), "clip", "a rider", "")
RESTYLE = RestyleRequest(
    "ab" * 32,
    style="ink",
    strength=0.5,
    method="diffusion",
    prompt="a horse",
    seed=1,
    device="cpu",
    sketch=SketchSettings(strokes=9),
)
SEQUENCE = SequenceRequest(["ab" * 32, "cd" * 32], SketchSettings(strokes=12), "Ente")
DRAWN = StrokeData("p", PATH.points, True, [1.0, 2.0], (1.0, 0.0, 0.5), 0.5, True, 3, 0.5, "hatch")
RINGS = [[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)]]
REFINE = RefineRequest("ab" * 32, [DRAWN], SketchSettings(style="ink"), False, 8, region=RINGS, size=(4, 3))
MESSAGES = [
    REFINE, JobInfo("j", "queued", None, 1.0, refine=REFINE), RefineRequest("", [], redraw=False, more=-2),
    replace(RESULT, removed=["p"]),
    SketchSettings(), REQUEST, PATH, RESULT, PROBLEM, Health(1, "0.1.0"), Health(1, "0.1.0", "cpu", "fast", ["classical"], 2),
    ImageInfo("ab", 4, 3), ProgressEvent("drawing", 0.5, "QUJD", {"line": 0.25}),
    JobInfo("j", "failed", REQUEST, 1.0, 2.0, 3.0, "drawing", 0.5, PROBLEM), STYLE, STYLE_REQUEST, StyleChange(title="Öl"),
    JobInfo("j", "queued", None, 1.0, style=STYLE_REQUEST), JobInfo("j", "queued", None, 1.0, features=FeaturesRequest("ink")),
    StyleResult(STYLE, ["a note"], "job1"),
    MODEL, JobInfo("j", "queued", None, 1.0, pull=PullRequest("squeezenet")), PullResult(MODEL, ["a note"], "job1"),
    MATRIX, JobInfo("j", "queued", None, 1.0, matrix=MATRIX), MatrixResult([RESULT], "job1"),
    ProgressEvent("drawing", 0.5, rows=2),
    PROMPT, JobInfo("j", "queued", None, 1.0, prompt=PROMPT),
    SEQUENCE, JobInfo("j", "queued", None, 1.0, sequence=SEQUENCE),
    SequenceResult([RESULT.drawing] * 2, SEQUENCE, [0], "Pen", "classical", "cpu", "fast", 3, "0.1", ["a note"], kept=1),
    TEXTURE, RESTYLE, JobInfo("j", "queued", None, 1.0, texture=TEXTURE), JobInfo("j", "queued", None, 1.0, restyle=RESTYLE),
    replace(RESULT, phrases=[Phrase("a {kind}", {"kind": "note"})]),
    PicturesResult(
        [PictureInfo(4, 3, 7, 25)], "style_texture", "vgg19", "ink", "cpu", "0.1", "t", "Ink", ["a note"], 1.5, "job1"
    ),
]  # fmt: skip


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_round_trip(message):
    text = codec.dumps(message)
    assert codec.loads(type(message), text) == message
    assert codec.dumps(codec.loads(type(message), text)) == text


@pytest.mark.parametrize(
    ("kind", "text", "place"),
    [
        (ImageInfo, '{"sha256":"a","width":"4","height":3}', "ImageInfo.width must be int"),
        (ImageInfo, '{"sha256":"a","width":true,"height":3}', "ImageInfo.width must be int"),
        (ImageInfo, '{"sha256":"a","width":4}', "lacks the field 'height'"),
        (ImageInfo, "[]", "ImageInfo must be dict"),
        (ImageInfo, '{"half', "not valid JSON"),
        (LayerData, '{"name":"n","paths":[{"id":3}]}', r"LayerData.paths\[0\]"),
        (SketchSettings, '{"strokes":0}', "strokes must be between 1 and"),
        (SketchSettings, '{"style_weight":100.5}', "style_weight must be between 0 and 100"),
        (StyleRequest, '{"images":[],"name":"x"}', "a style is made from 1 to"),
        (StyleRequest, '{"images":["a"],"name":"../x"}', "cannot be called"),
        (FeaturesRequest, '{"style":"../x"}', "cannot be called"),
        (StyleRequest, '{"images":["a"],"name":"Nul"}', "cannot be called"),
        (StyleChange, '{"name":"nul"}', "cannot be called"),
        (StyleChange, '{"title":" "}', "a title has"),
        (
            MatrixRequest,
            '{"sketch":{"image":"a","recipe":"scene","settings":{"candidates":2}},"fidelities":[1]}',
            "leave out the candidates",
        ),
        (PromptRequest, '{"prompt":"a","settings":{"mask":"%s"}}' % ("0" * 64), "'auto' or 'none'"),
        (PromptRequest, '{"prompt":"a","suffix":"%s"}' % ("x" * 1001), "more than 1000 characters"),
        (RefineRequest, '{"image":"a","strokes":[{"id":"p","points":[[0,1],[1,2]]}]}', "not 2"),
        (RefineRequest, '{"image":"","strokes":[],"more":3}', "picture must be named"),
        (RefineRequest, '{"image":"a","strokes":[],"count":0}', "1 to 1000 strokes"),
        (RefineRequest, '{"image":"a","strokes":[],"region":[[[0,0],[1,1]]]}', "3 to 10000 points"),
        (RestyleRequest, '{"image":"a","style":"b","prompt":"%s"}' % ("x" * 1001), "more than 1000 characters"),
        (Health, '{"protocol":1,"version":"1","guidance":[1]}', r"Health.guidance\[0\] must be str"),
    ],
)
def test_what_is_no_message_is_refused_with_its_place(kind, text, place):
    with pytest.raises(codec.WireError, match=place):
        codec.loads(kind, text)


def test_fields_of_newer_peers_are_skipped():
    assert codec.loads(ImageInfo, '{"sha256":"a","width":4,"height":3,"depth":16}') == ImageInfo("a", 4, 3)


def test_the_first_strokes_of_a_drawing_are_the_most_important_of_all_its_layers():
    near, far = ([replace(PATH, id=f"s{i}", index=i) for i in ranks] for ranks in ((0, 2, 3), (1, 4)))
    drawing = replace(RESULT.drawing, layers=[LayerData("background", far), LayerData("object", near)])
    kept = drawing.first(3)
    assert [[path.index for path in layer.paths] for layer in kept.layers] == [[1], [0, 2]]
    assert replace(kept, layers=drawing.layers) == drawing


@pytest.mark.parametrize(("simplicity", "count"), [(0.0, 64), (0.5, 16), (1.0, 4)])
def test_a_simplified_result_keeps_equal_ratios_of_strokes(simplicity, count):
    paths = [replace(PATH, id=f"s{i}", index=i) for i in range(64)]
    result = replace(RESULT, drawing=replace(RESULT.drawing, layers=[LayerData("object", paths)]), fewest=4)
    simpler = result.simplified(simplicity)
    assert simpler.drawing.layers == [LayerData("object", paths[:count])]
    assert simpler.settings == replace(result.settings, simplicity=simplicity)


def test_what_was_noted_of_the_attempt_that_was_kept_is_not_told_of_another():
    attempts = [CandidateData(3, 0.4, RESULT.drawing), CandidateData(4, 0.6, RESULT.drawing, kept=True)]
    phrases = [Phrase("Only {found} lines.", {"found": "3"}), Phrase("Seed {seed} was kept.", {"seed": "4"})]
    notes = ["Only 3 lines.", "Seed 4 was kept."]
    result = replace(RESULT, candidates=attempts, notes=notes, phrases=phrases)
    other, kept = result.attempt(0), result.attempt(1)
    assert (other.settings.seed, other.notes, other.phrases) == (3, notes[:1], phrases[:1])
    assert (kept.settings.seed, kept.notes, kept.phrases) == (4, notes, phrases)
    assert replace(result, phrases=[]).attempt(0).notes == notes  # of an engine that tells no phrases


def test_an_empty_result_can_be_simplified():
    empty = replace(RESULT, drawing=replace(RESULT.drawing, layers=[]))
    assert empty.simplified(1.0).drawing == empty.drawing


ASKED = {  # the parts of requests in this version of the protocol
    2: "9f10",
    3: "8be2",
}
REQUESTS = (SketchRequest, MatrixRequest, TextureRequest, RestyleRequest, PromptRequest, SequenceRequest, StyleRequest,
            StyleChange, PullRequest, FeaturesRequest, SketchSettings, Mark, RefineRequest, StrokeData)  # fmt: skip


def test_a_request_with_another_part_is_another_version_of_the_protocol():
    """An older engine skips what it does not know, and would do something else than was asked for."""
    parts = [(kind.__name__, field.name) for kind in REQUESTS for field in dataclasses.fields(kind)]
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:4]
    assert ASKED.get(PROTOCOL_VERSION) == digest, "raise PROTOCOL_VERSION, and note the new digest here"
