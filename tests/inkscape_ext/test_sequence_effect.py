"""Sketch Sequence… without a window: a layer for each frame, right above its own picture, all hidden but the first."""

import io
import re

import pytest
from documents import IMAGE, svg_text
from fake_engine import FakeEngine
from lxml import etree
from stylesketch_ext import job_effect
from stylesketch_ext.sequence_effect import SequenceEffect
from stylesketch_ext.words import spoken_stage

SVG = "{http://www.w3.org/2000/svg}"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
OURS = "{https://stylesketch.org/ns/1}"
LAYER = '<g inkscape:groupmode="layer" id="{}" transform="{}">{}</g>'
FRAMES = "".join(
    LAYER.format(f"l{k}", f"translate({50 * k} 0) scale({1 + k})", IMAGE.replace('id="i"', f'id="i{k}"')) for k in range(3)
)


@pytest.fixture
def run(tmp_path, install_json, monkeypatch):
    """Runs the menu entry on a document; gives (the written document or None, the sentences told, what was asked)."""

    def run_on(body, *arguments, mode="good"):
        path = tmp_path / "input.svg"
        path.write_text(svg_text(body, 'width="400" height="300"'), encoding="utf-8")
        monkeypatch.setenv("DOCUMENT_PATH", str(path))
        told, written = [], io.BytesIO()
        monkeypatch.setattr(job_effect.inkex, "errormsg", told.append)
        with FakeEngine(mode) as engine:
            engine.write_endpoint(install_json()["endpoint"])
            SequenceEffect().run(["--gui=false", *arguments, str(path)], output=written)
        assert len(told) <= 1 and all("\n" not in text for text in told)
        return (etree.fromstring(written.getvalue()) if written.getvalue() else None), told, list(engine.jobs.values())

    return run_on


def strokes(layer):
    return [path for path in layer.iter(SVG + "path") if path.get(OURS + "index")]


def test_each_frame_is_a_layer_right_above_its_picture(run):
    root, told, [request] = run(FRAMES, "--id=i0", "--id=i2", "--id=i1", "--strokes=5", "--seed=4", "--mask=none")
    assert not told and len(request.images) == 3
    assert (request.settings.strokes, request.settings.seed, request.settings.mask) == (5, 4, "none")
    tops = [child for child in root if child.tag == SVG + "g"]
    assert [tops[k].get("id") for k in (0, 2, 4)] == ["l0", "l1", "l2"]
    layers = [tops[k] for k in (1, 3, 5)]
    assert [layer.get("id") for layer in layers] == [f"ss-0123abcd-f00{k}" for k in range(3)]
    assert [layer.get("style") for layer in layers] == [None, "display:none", "display:none"]
    assert [layer.get(LABEL).split(" — ")[0] for layer in layers] == [f"frame {k + 1}: i{k}" for k in range(3)]
    assert all(layer.get("transform") is None and layer.get(OURS + "recipe") == "sequence" for layer in layers)
    assert [len(layer.findall(SVG + "desc")) for layer in layers] == [1, 0, 0]


def test_the_same_stroke_has_the_same_number_in_all_frames_at_the_place_of_its_picture(run):
    root, _told, _asked = run(FRAMES, "--id=i0", "--id=i1", "--id=i2", "--strokes=5")
    layers = [child for child in root if child.get(OURS + "recipe")]
    names = [[path.get("id") for path in strokes(layer)] for layer in layers]
    assert names[1][2] == "ss-0123abcd-f001-s002" and [len(ids) for ids in names] == [5, 5, 5]
    starts = [[float(n) for n in re.findall(r"-?[0-9.]+", strokes(layer)[0].get("d"))[:2]] for layer in layers]
    for k in (1, 2):
        expected = [50 * k + (1 + k) * starts[0][0], (1 + k) * starts[0][1]]
        assert starts[k] == pytest.approx(expected, abs=0.01)


def test_all_frames_can_shine_through_and_the_pictures_be_hidden(run):
    root, _told, _asked = run(FRAMES, "--id=i0", "--id=i1", "--id=i2", "--shown=onion", "--hide=true")
    layers = [child for child in root if child.get(OURS + "recipe")]
    assert [layer.get("style") for layer in layers] == [None, "opacity:0.25", "opacity:0.25"]
    assert all("display:none" in image.get("style") for image in root.iter(SVG + "image"))


def test_a_layer_of_pictures_is_a_sequence(run):
    body = LAYER.format("all", "", IMAGE.replace('id="i"', 'id="a"') + IMAGE.replace('id="i"', 'id="b" x="60"'))
    root, told, [request] = run(body, "--id=all")
    assert not told and len(request.images) == 2
    assert [child.get("id") for child in root if child.tag == SVG + "g"] == ["all", "ss-0123abcd-f000", "ss-0123abcd-f001"]


@pytest.mark.parametrize("arguments", [[], ["--id=i1"]])
def test_one_picture_is_no_sequence(run, arguments):
    root, [sentence], asked = run(FRAMES, *arguments)
    assert root is None and not asked and sentence.startswith("Select two or more pictures")


@pytest.mark.parametrize(("mode", "said"), [("fails", "choose fewer strokes"), ("garbled", "does not understand")])
def test_what_went_wrong_is_one_sentence(run, mode, said):
    root, [sentence], _asked = run(FRAMES, "--id=i0", "--id=i1", mode=mode)
    assert root is None and said in sentence


def test_numbers_out_of_range_are_one_sentence(run):
    root, [sentence], asked = run(FRAMES, "--id=i0", "--id=i1", "--strokes=2000")
    assert root is None and not asked and "strokes" in sentence


def test_the_progress_of_frames_is_told_in_the_user_s_words():
    assert spoken_stage("frame 3 of 16") == "Frame 3 of 16"
