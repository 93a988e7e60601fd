"""Several attempts at one drawing, side by side: the worse ones are stopped early, the best one is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from backend.core.drawing import Drawing
from backend.core.work import Executor, Progress, Work, mapped
from backend.model_pool import ModelPool
from backend.perception.faces import find_faces
from backend.recipes.judging import Judge, TextJudge, judge_of
from backend.recipes.object_sketch import choose_foreground
from backend.recipes.recipe import Inputs, Recipe, SketchChoices
from backend.recipes.text_sketch import TEXT_SKETCH
from backend.style_pack import StylePack

MOST_SEED = 2**31 - 1
LOOKS = (0.34, 0.6)  # of an attempt's work, where those that go on are chosen: once it is traced, and on its way …
LATE_LOOKS = (0.7, 0.85)  # … and of a scene, whose objects come after its background


@dataclass(frozen=True)
class Candidate:
    """One attempt."""

    seed: int
    drawing: Drawing  # as it was when it was stopped
    score: float  # by the judge, 1 = alike
    finished: bool


@dataclass
class _Attempt:
    """An attempt that is being drawn."""

    seed: int
    work: Work[Drawing]
    done: float = 0.0
    shown: Drawing | None = None  # the last preview
    drawn: Drawing | None = None  # the result
    score: float = 0.0
    alive: bool = True

    @property
    def picture(self) -> Drawing | None:
        return self.drawn or self.shown

    def step(self) -> Progress | None:
        """One piece of work; None where it ended."""
        try:
            progress = next(self.work)
        except StopIteration as end:
            self.drawn, self.done = end.value, 1.0
            return None
        self.done, self.shown = progress.done, progress.preview or self.shown
        return progress


def draw_candidates(
    works: Sequence[tuple[int, Work[Drawing]]], judge: Judge, looks: tuple[float, ...] = LOOKS
) -> Work[tuple[Candidate, ...]]:
    """Attempts of these seeds, in their order; the best one is finished.

    They take turns, step by step (works that run elsewhere run at the same time). At every look the worse half is closed;
    closing this closes all. One that fails ends all.
    """
    attempts = [_Attempt(seed, work) for seed, work in works]
    try:
        for begin, end in zip((0.0, *looks), (*looks, 1.0), strict=True):
            alive = [attempt for attempt in attempts if attempt.alive]
            yield from _turns(alive, begin, end)
            _weed(alive, judge, last=end == 1.0)
    finally:
        for attempt in attempts:
            attempt.work.close()
    return tuple(Candidate(a.seed, a.picture, a.score, a.drawn is not None) for a in attempts if a.picture)


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """The finished one of the highest score; of equal ones the first."""
    return max((each for each in candidates if each.finished), key=lambda each: each.score)


def told(candidates: Sequence[Candidate], judge: str) -> str:
    """What the user should know of the choice."""
    best = best_of(candidates)
    others = ", ".join(
        f"{each.score:.3f} (seed {each.seed}{'' if each.finished else ', stopped before'})"
        for each in candidates
        if each is not best
    )
    by = "how well strokes and the picture's lines agree" if judge == "lines" else f"what {judge} sees"
    sentence = (
        f"Of {len(candidates)} attempts the one of seed {best.seed} was kept, judged by {by}: {best.score:.3f}, not {others}."
    )
    if judge == "lines":
        return f"{sentence} With a network that sees they are judged better: `stylesketch models pull squeezenet`."
    return sentence


def draw_text_attempts(text: str, choices: SketchChoices, count: int, pack: StylePack, pool: ModelPool) -> Work[Attempts]:
    """The best of `count` drawings of a text by CLIP alone. Raises as TextSketch does."""
    judge, seeds = TextJudge(text, pool), _seeds(choices, count)
    works = [(seed, TEXT_SKETCH.run(text, replace(choices, seed=seed), pack, pool)) for seed in seeds]
    candidates = yield from draw_candidates(works, judge)
    return Attempts(with_note(best_of(candidates).drawing, told(candidates, judge.name)), candidates, judge.name)


def _seeds(choices: SketchChoices, count: int) -> list[int]:
    return [(choices.seed + i) % (MOST_SEED + 1) for i in range(count)]


def _attempt(recipe: Recipe, inputs: Inputs, choices: SketchChoices, pack: StylePack, pool: ModelPool) -> Work[Drawing]:
    """One attempt, as workers run it."""
    return recipe.run(inputs, choices, pack, pool)


def _works(tasks: Sequence[tuple[Any, ...]], workers: Sequence[Executor]) -> list[Work[Drawing]]:
    """Attempts here, or shared out: a worker does one at a time, so the last ones are done here where workers are few."""
    away = [worker.run(_attempt, *task) for worker, task in zip(workers, tasks, strict=False)]
    return [*away, *(_attempt(*task) for task in tasks[len(away) :])]


def _turns(alive: Sequence[_Attempt], begin: float, end: float) -> Work[None]:
    """Every attempt brought to where it can be looked at: so far done, and with a preview to see."""
    going = [attempt for attempt in alive if attempt.drawn is None]
    while going:
        for attempt in list(going):
            progress = attempt.step()
            if progress is None or (end < 1 and attempt.done >= end and attempt.shown):
                going.remove(attempt)
            part = sum(min(max(a.done - begin, 0.0), end - begin) for a in alive) / len(alive)
            if progress:
                shown = progress.preview if attempt is alive[0] else None
                yield Progress(progress.stage, begin + part, shown, progress.losses)


def _weed(alive: Sequence[_Attempt], judge: Judge, last: bool) -> None:
    """Scores the attempts; unless it is the last look, the worse half is closed. Equal ones: the first stay."""
    seen = [(attempt, attempt.picture) for attempt in alive]
    for attempt, score in zip(alive, judge([picture for _, picture in seen if picture]), strict=True):
        attempt.score = round(score, 4)
    if last:
        return
    ranked = sorted(alive, key=lambda attempt: -attempt.score)
    for attempt in ranked[max(1, math.ceil(len(alive) / 2)) :]:
        attempt.alive = False
        attempt.work.close()


def with_note(drawing: Drawing, note: str) -> Drawing:
    """The drawing with one more thing that the user should know."""
    return replace(drawing, account=replace(drawing.account, notes=(*drawing.account.notes, note)))


@dataclass(frozen=True)
class Attempts:
    """What several attempts brought."""

    drawing: Drawing  # the best one
    candidates: tuple[Candidate, ...]
    judge: str  # whose scores they are: an encoder, or `lines`


def draw_attempts(
    recipe: Recipe,
    inputs: Inputs,
    choices: SketchChoices,
    count: int,
    pack: StylePack,
    pool: ModelPool,
    workers: Sequence[Executor] = (),
) -> Work[Attempts]:
    """The best of `count` drawings by a recipe, of this seed and those after it. Raises as the recipe does.

    workers: whose processes draw attempts at the same time; the result is the same with or without them.
    """
    yield Progress("finding the subject", 0.0)
    pixels = inputs.photograph.pixels
    found = choose_foreground(inputs, choices, find_faces(pixels), pool)
    seen = torch.ones_like(pixels[:, :1]) if recipe.background else found[0].mask
    judge = judge_of(pixels, seen, pool)
    known = replace(inputs, found=found)
    seeds = _seeds(choices, count)
    tasks = [(recipe, known, replace(choices, seed=seed), pack, pool) for seed in seeds]
    looks = LATE_LOOKS if recipe.background else LOOKS
    drawn = draw_candidates(list(zip(seeds, _works(tasks, workers), strict=True)), judge, looks)
    candidates = yield from mapped(drawn, lambda progress: progress.within(0.05, 1.0))
    return Attempts(with_note(best_of(candidates).drawing, told(candidates, judge.name)), candidates, judge.name)
