"""Drawings of texts on a tiny random CLIP: the code is what is tested, since such a CLIP means nothing."""

from dataclasses import replace

import pytest
import torch

from backend.core.errors import BadRequest, Missing
from backend.core.work import completed
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes.candidates import best_of, draw_text_attempts
from backend.recipes.recipe import SketchChoices
from backend.recipes.text_sketch import CUT, TextSketch, TextSketchSettings
from backend.style_library import load_pack
from backend.style_pack import StylePack
from tests.recipes.tiny_pool import ReadingPool

PLAIN = StylePack("plain", "Plain")
SHORT = TextSketch(TextSketchSettings(canvas=64, strokes=8, steps=12, pool=6, proposals=4))


@pytest.fixture
def pool():
    return ReadingPool.made()


def drawn(pool, text="a photo of the cat", pack=PLAIN, recipe=SHORT, **choices):
    return completed(recipe.run(text, SketchChoices(**choices), pack, pool))


def test_a_text_becomes_strokes_in_order_with_its_score(pool):
    drawing = drawn(pool)
    [layer] = drawing.layers
    assert drawing.count == 8 and drawing.size == (1024, 1024)
    importances = [note.importance for note in layer.notes]
    assert importances == sorted(importances, reverse=True) and importances[0] == 1
    assert list(drawing.account.scores) == ["clip_vit_b32 text"]
    assert drawing.account.guidance == "clip" and drawing.account.steps == 12 and drawing.account.notes == ()
    points = layer.framing.to_source(layer.strokes.points)
    assert float(points.min()) > -100 and float(points.max()) < 1124


def test_steps_bring_it_nearer_and_the_layout_is_chosen(pool):
    def score(steps, proposals, seed):
        recipe = TextSketch(replace(SHORT.settings, proposals=proposals))
        return drawn(pool, steps=steps, recipe=recipe, seed=seed).account.scores["clip_vit_b32 text"]

    for seed in (1, 2):
        assert score(40, 12, seed) > score(0, 12, seed) > score(0, 1, seed)


def test_the_same_request_gives_the_same_strokes_and_other_words_or_seeds_others(pool):
    one, again, word, seed = (
        drawn(pool, text, seed=n).layers[0].strokes.points
        for text, n in (("the cat", 0), ("the cat", 0), ("drawing", 0), ("the cat", 1))
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, word) and not torch.equal(one, seed)


def test_it_can_be_stopped_at_any_time(pool):
    work = SHORT.run("the cat", SketchChoices(), StylePack("plain", "Plain"), pool)
    stages = [next(work).stage for _ in range(6)]
    work.close()
    assert stages[0] == "reading the text" and stages[-1] == "drawing"
    with pytest.raises(StopIteration):
        next(work)


def test_progress_rises(pool):
    seen = []
    completed(SHORT.run("the cat", SketchChoices(), StylePack("plain", "Plain"), pool), seen.append)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert any(p.preview for p in seen)


def test_choices_count(pool):
    assert drawn(pool, strokes=5, steps=2).count == 5
    assert drawn(pool, simplicity=1.0, steps=2).count == 4


@pytest.mark.parametrize("name", ["pencil", "engraving", "single-line"])
def test_packs_dress_it(pool, name, tmp_path):
    drawing = drawn(pool, pack=load_pack(name, tmp_path), steps=1)
    assert 0 < drawing.count <= 16


def test_a_text_that_is_too_long_or_empty_is_told(pool):
    assert CUT in drawn(pool, "cat " * 90, steps=0).account.notes
    with pytest.raises(BadRequest, match="no text"):
        drawn(pool, "  ")


def test_missing_weights_are_told_with_the_command(tmp_path):
    with pytest.raises(Missing, match="models pull clip_vit_b32"):
        drawn(ModelPool.choose("cpu", places=Places.find(tmp_path)))


def test_the_best_of_several_attempts_is_nearest_to_the_text(pool, monkeypatch):
    monkeypatch.setattr("backend.recipes.candidates.TEXT_SKETCH", SHORT)
    attempts = completed(draw_text_attempts("the cat", SketchChoices(seed=3), 3, PLAIN, pool))
    best = best_of(attempts.candidates)
    assert [each.seed for each in attempts.candidates] == [3, 4, 5] and attempts.judge == "clip_vit_b32"
    assert best.score == max(each.score for each in attempts.candidates if each.finished)
    alone = drawn(pool, "the cat", seed=best.seed)
    assert torch.equal(attempts.drawing.layers[0].strokes.points, alone.layers[0].strokes.points)
    assert "3 attempts" in attempts.drawing.account.notes[-1]
