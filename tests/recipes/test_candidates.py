"""The best of several attempts: who is stopped when, and what is told."""

from dataclasses import replace

import pytest
import torch

from backend.core.drawing import Drawing, Layer, StrokeNote
from backend.core.errors import BadRequest
from backend.core.image import Framing
from backend.core.strokes import Strokes
from backend.core.work import Progress, completed
from backend.daemon.executors import ProcessExecutor
from backend.daemon.sketching import prepare_process
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes import EVERY_RECIPE, RECIPES, Inputs, SketchChoices
from backend.recipes.candidates import LOOKS, best_of, draw_attempts, draw_candidates, halting, told
from backend.recipes.judging import LineJudge
from backend.style_library import load_pack
from backend.style_pack import StylePack
from tests.pictures import face, photograph
from tests.recipes.tiny_pool import TinyPool

PLAIN = StylePack("plain", "Plain")
STEPS = 20


def drawing(worth):
    """A drawing whose only stroke is as long as the drawing is good."""
    strokes = Strokes.build([torch.tensor([[0.0, 5], [1, 5], [2, 5], [float(worth), 5]])], 1.0)
    return Drawing(
        (10, 100), (Layer("object", Framing((10, 100), (10, 100)), strokes, (StrokeNote("contour", "object", 1.0),)),)
    )


class ByLength:
    name = "lines"

    def __init__(self):
        self.asked = []

    def __call__(self, drawings):
        self.asked.append(len(drawings))
        return [float(each.layers[0].strokes.points[0, -1, 0]) / 100 for each in drawings]


class Attempts:
    """Works of known worth that write down how far they came; dressing adds to what is seen before."""

    def __init__(self, worths, dressed=None):
        self.worths, self.dressed = worths, dressed or {}
        self.steps = dict.fromkeys(worths, 0)

    def work(self, seed):
        for number in range(1, STEPS + 1):
            self.steps[seed] = number
            if (yield Progress("drawing", number / STEPS, drawing(self.worths[seed]) if number > 2 else None)):
                break
        worth = self.worths[seed] + self.dressed.get(seed, 0)
        return drawing(worth if number == STEPS else worth - 5)

    def drawn(self, report=lambda progress: None):
        judge = ByLength()
        makes = {seed: lambda seat, seed=seed: halting(self.work(seed), LOOKS) for seed in self.worths}
        return completed(draw_candidates(makes, judge, LOOKS), report), judge


def test_the_best_is_finished_and_the_worse_halves_are_hurried_early():
    attempts = Attempts({7: 30, 8: 90, 9: 50, 10: 10, 11: 70})
    found, judge = attempts.drawn()
    assert best_of(found).seed == 8
    assert [each.seed for each in found] == [7, 8, 9, 10, 11]
    assert [each.finished for each in found] == [False, True, False, False, True]
    assert judge.asked == [5, 3, 5]
    third, half = 0.34 * STEPS + 2, 0.6 * STEPS + 1
    assert attempts.steps[7] <= third and attempts.steps[10] <= third
    assert third <= attempts.steps[9] <= half
    assert attempts.steps[8] == attempts.steps[11] == STEPS


def test_all_scores_are_of_what_is_kept():
    found, _judge = Attempts({7: 30, 8: 90, 9: 50}, dressed={7: 4, 8: -60, 9: 6}).drawn()
    lengths = [float(each.drawing.layers[0].strokes.points[0, -1, 0]) / 100 for each in found]
    assert [each.score for each in found] == lengths


def test_a_hurried_one_that_is_the_best_after_all_is_drawn_anew():
    attempts = Attempts({7: 30, 8: 90}, dressed={7: 40, 8: -60})
    found, judge = attempts.drawn()
    assert best_of(found).seed == 7 and best_of(found).finished
    assert [each.score for each in found] == [0.7, 0.3]
    assert attempts.steps[7] == STEPS and judge.asked == [2, 2, 1]


def test_one_that_only_seemed_the_best_is_not_drawn_again_and_again():
    found, _judge = Attempts({1: 10, 2: 60, 3: 50}, dressed={1: 80, 3: 60}).drawn()
    assert best_of(found).seed == 3 and best_of(found).finished


def test_of_equal_ones_the_first_stays():
    found, _judge = Attempts({3: 50, 4: 50}).drawn()
    assert best_of(found).seed == 3


def test_progress_rises_to_the_end_and_shows_one_of_them():
    seen = []
    Attempts({1: 20, 2: 60, 3: 40}).drawn(seen.append)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert 0.9 < seen[-1].done <= 1
    assert any(p.preview for p in seen)
    assert not any(p.waits for p in seen)


def test_closing_it_closes_every_attempt():
    closed = []

    def work(seed):
        try:
            while True:
                yield Progress("drawing", 0.1)
        finally:
            closed.append(seed)

    candidates = draw_candidates({seed: lambda seat, seed=seed: work(seed) for seed in (1, 2)}, ByLength(), LOOKS)
    for _ in range(4):
        next(candidates)
    candidates.close()
    assert closed == [1, 2]


def test_one_that_fails_ends_all():
    closed = []

    def work(seed):
        try:
            yield Progress("drawing", 0.1)
            if seed == 2:
                raise BadRequest("No lines.")
            yield Progress("drawing", 0.2)
        finally:
            closed.append(seed)

    with pytest.raises(BadRequest):
        completed(draw_candidates({seed: lambda seat, seed=seed: work(seed) for seed in (1, 2)}, ByLength(), LOOKS))
    assert sorted(closed) == [1, 2]


def test_the_choice_is_told_with_the_judge():
    found, _judge = Attempts({1: 20, 2: 60}).drawn()
    note = told(found, "squeezenet")
    assert note == "Of 2 attempts the one of seed 2 was kept, judged by what squeezenet sees: 0.600, not 0.150."
    assert "models pull squeezenet" in told(found, "lines")
    del note.values["judge"]
    assert not any(letter.isalpha() for value in note.values.values() for letter in value)  # words could not be translated


@pytest.fixture(params=["squeezenet", "lines"])
def pool(request, tmp_path):
    return TinyPool.made() if request.param == "squeezenet" else ModelPool.choose("cpu", places=Places.find(tmp_path))


@pytest.mark.parametrize("recipe", ["object", "scene"])
def test_the_best_attempt_is_the_drawing_of_its_seed(pool, recipe):
    inputs, choices = Inputs(photograph(face())), SketchChoices(strokes=6, steps=2, seed=5)
    attempts = completed(draw_attempts(RECIPES[recipe], inputs, choices, 3, PLAIN, pool))
    best = best_of(attempts.candidates)
    assert [each.seed for each in attempts.candidates] == [5, 6, 7]
    assert attempts.judge == ("squeezenet" if pool.has_encoder("squeezenet") else "lines")
    alone = completed(RECIPES[recipe].run(inputs, replace(choices, seed=best.seed), PLAIN, pool))
    assert torch.equal(attempts.drawing.layers[-1].strokes.points, alone.layers[-1].strokes.points)
    assert attempts.drawing.account.notes[-1].startswith("Of 3 attempts")
    assert all(0 <= each.score <= 1 for each in attempts.candidates)


def test_attempts_in_other_processes_give_the_same_drawing(tmp_path):
    inputs, choices = Inputs(photograph(face())), SketchChoices(strokes=6, steps=2, guidance="classical")
    pool = ModelPool.choose("cpu", places=Places.find(tmp_path))
    process, asked = ProcessExecutor("attempt", prepare_process), []

    class Worker:
        def run(self, task, *arguments):
            asked.append(arguments[2].seed)
            return process.run(task, *arguments)

    try:
        away = completed(draw_attempts(RECIPES["object"], inputs, choices, 2, PLAIN, pool, [Worker()]))
    finally:
        process.stop()
    assert set(asked) == {0}  # once more if it was hurried, and is the best after all
    here = completed(draw_attempts(RECIPES["object"], inputs, choices, 2, PLAIN, pool))
    assert [each.score for each in away.candidates] == [each.score for each in here.candidates]
    assert away.drawing.account == here.drawing.account
    assert torch.equal(away.drawing.layers[0].strokes.points, here.drawing.layers[0].strokes.points)


NEAR = 0.02  # px of the canvas, that a point may lie beside where it lies in the drawing made alone
ALIKE = 2e-4  # in scores: the last digit that is told


class Counted:
    """An encoder that writes down how many pictures it saw, and with a gradient or without."""

    def __init__(self, encoder):
        self._encoder, self.seen = encoder, []
        self.name, self.layers, self.saliency = encoder.name, encoder.layers, encoder.saliency

    def __call__(self, images):
        self.seen.append((len(images), images.requires_grad))
        return self._encoder(images)


def guided_in_a_batch(recipe, monkeypatch, looks, **choices):
    """Attempts in a batch and alone, and what the encoder saw."""
    pool = TinyPool.made()
    encoder = Counted(pool.encoder("squeezenet"))
    monkeypatch.setattr(TinyPool, "_network", lambda self, name: encoder)
    monkeypatch.setattr("backend.recipes.candidates.GUIDED_LOOKS", looks)
    asked = SketchChoices(strokes=6, guidance="squeezenet", **choices)
    attempts = completed(draw_attempts(EVERY_RECIPE[recipe], Inputs(photograph(face())), asked, 3, PLAIN, pool))
    together = list(encoder.seen)
    alone = [
        completed(EVERY_RECIPE[recipe].run(Inputs(photograph(face())), replace(asked, seed=each.seed), PLAIN, pool))
        for each in attempts.candidates
    ]
    return attempts, together, alone


@pytest.mark.parametrize("recipe", ["object", "clipasso"])
def test_a_drawing_of_a_batch_is_the_one_made_alone(recipe, monkeypatch):
    attempts, _seen, alone = guided_in_a_batch(recipe, monkeypatch, (), steps=4)
    assert all(each.finished for each in attempts.candidates)
    for ours, theirs in zip(attempts.candidates, alone, strict=True):
        [one], [other] = ours.drawing.layers, theirs.layers
        assert len(one.strokes) == len(other.strokes) > 0
        assert float((one.strokes.points - other.strokes.points).abs().max()) < NEAR
        assert ours.drawing.account.scores == pytest.approx(theirs.account.scores, abs=ALIKE)


def test_the_encoder_sees_all_attempts_at_once_until_the_worse_are_hurried(monkeypatch):
    attempts, seen, _alone = guided_in_a_batch("clipasso", monkeypatch, (0.5,), steps=40)
    with_gradient = [count for count, gradient in seen if gradient]
    views = 5  # the clean pair and four
    assert with_gradient == [3 * views] * 20 + [2 * views] * 20
    assert [each.finished for each in attempts.candidates].count(False) == 1


def test_an_encoder_s_drawings_are_looked_at_while_it_moves_them(monkeypatch):
    """Of four guided attempts two are looked at again once the encoder has moved them for a while."""
    told = []

    class Judge:
        name = "lines"

        def __call__(self, drawings):
            told.append([drawing.account.steps for drawing in drawings])
            return [float(len(drawings) - i) for i in range(len(drawings))]

    monkeypatch.setattr("backend.recipes.candidates.judge_of", lambda image, mask, pool: Judge())
    asked = SketchChoices(strokes=6, guidance="squeezenet", steps=10)
    pool = TinyPool.made()
    attempts = completed(draw_attempts(RECIPES["object"], Inputs(photograph(face())), asked, 4, PLAIN, pool))
    assert [len(steps) for steps in told] == [4, 2, 4]
    [finished, moved, *stopped] = [each.drawing.account.steps for each in attempts.candidates]
    assert finished == 20 and 10 < moved < 20 and max(stopped) <= 1


def test_hurried_attempts_are_hatched_as_the_others_are(tmp_path):
    pool, pack = ModelPool.choose("cpu", places=Places.find(tmp_path)), load_pack("engraving", tmp_path)
    asked = SketchChoices(strokes=120, steps=2, style_weight=0.0)
    attempts = completed(draw_attempts(RECIPES["object"], Inputs(photograph(face())), asked, 3, pack, pool))
    assert not all(each.finished for each in attempts.candidates)
    hatches = [[note.kind for note in each.drawing.layers[0].notes].count("hatch") for each in attempts.candidates]
    assert min(hatches) > 0.5 * max(hatches) > 0
    judged = LineJudge(photograph(face()).pixels, torch.ones(1, 1, *photograph(face()).size), pool)
    everything = replace(asked, whole_picture=True)
    whole = completed(draw_attempts(RECIPES["object"], Inputs(photograph(face())), everything, 3, pack, pool))
    assert [each.score for each in whole.candidates] == [round(s, 4) for s in judged([c.drawing for c in whole.candidates])]
