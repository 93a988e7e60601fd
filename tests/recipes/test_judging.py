"""Judges prefer the drawing to what has nothing to do with the photograph."""

import pytest
import torch

from backend.core.work import completed
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes import RECIPES, Inputs, SketchChoices
from backend.recipes.candidates import attempted
from backend.recipes.judging import EncoderJudge, LineJudge, image_score, judge_of, text_score
from backend.style_pack import StylePack
from tests.pictures import face, photograph
from tests.recipes.test_guided import Pool
from tests.recipes.tiny_pool import ReadingPool

PICTURE = photograph(face())


@pytest.fixture
def bare(tmp_path):
    return ModelPool.choose("cpu", places=Places.find(tmp_path))


@pytest.fixture
def rich():
    return Pool(torch.device("cpu"), ModelPool.choose("cpu").engine)


def drawn(pool, strokes):
    choices = SketchChoices(strokes=strokes, steps=0, guidance="classical")
    return completed(RECIPES["object"].run(Inputs(PICTURE), choices, StylePack("plain", "Plain"), pool))


def moved(drawing):
    """The same strokes where nothing of the photograph is."""
    from dataclasses import replace

    [layer] = drawing.layers
    strokes = layer.strokes.with_points(layer.strokes.points.flip(-1) * 0.5)
    return replace(drawing, layers=(replace(layer, strokes=strokes),))


def test_lines_judge_by_what_is_covered_and_what_ink_lies_elsewhere(bare):
    mask = torch.ones_like(PICTURE.pixels[:, :1])
    judge, full = LineJudge(PICTURE.pixels, mask, bare), drawn(bare, 16)
    good, few, wrong, blank = judge([full, full.first(1), moved(full), full.first(0)])
    assert good > few > blank == 0
    assert good > wrong


def test_an_encoder_judges_all_in_one_batch(rich, monkeypatch):
    mask, full, batches = torch.ones_like(PICTURE.pixels[:, :1]), drawn(rich, 8), []
    encoder = rich.encoder("squeezenet")
    judge = EncoderJudge(encoder, {"fire3": 1.0}, PICTURE.pixels, mask, rich)
    judge._encoder = lambda images: (batches.append(len(images)), encoder(images))[1]
    together = judge([full, full.first(1)])
    assert batches == [2]
    assert together == pytest.approx([*judge([full]), *judge([full.first(1)])], abs=1e-4)


def test_the_best_judge_that_is_here(bare, rich):
    mask = torch.ones_like(PICTURE.pixels[:, :1])
    assert judge_of(PICTURE.pixels, mask, bare).name == "lines"
    assert judge_of(PICTURE.pixels, mask, rich).name == "clip_vit_b32"


def test_drawings_have_scores_where_clip_is_here(bare):
    reading = ReadingPool.made()
    full = drawn(bare, 8)
    text, image = text_score(full, "a photo of the cat", reading), image_score(full, PICTURE.pixels, reading)
    assert (list(text), list(image)) == (["clip_vit_b32 text"], ["clip_vit_b32 image"])
    assert all(-1 <= score <= 1 for score in (*text.values(), *image.values()))
    assert text != text_score(full, "drawing", reading)
    assert image != image_score(full, PICTURE.pixels.flip(-1) ** 3, reading)
    assert text_score(full, "a photo of the cat", bare) == image_score(full, PICTURE.pixels, bare) == {}


@pytest.mark.parametrize("count", [1, 2])
def test_a_sketch_tells_how_near_it_is_to_its_photograph(count, bare):
    for pool, named in ((ReadingPool.made(), ["clip_vit_b32 image"]), (bare, [])):
        choices = SketchChoices(strokes=4, steps=0, guidance="classical")
        work = attempted(RECIPES["object"], Inputs(PICTURE), choices, count, StylePack("plain", "Plain"), pool)
        drawing, attempts = completed(work)
        assert list(drawing.account.scores) == named and bool(attempts) == (count > 1)
