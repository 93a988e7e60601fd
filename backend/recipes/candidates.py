"""Several attempts at one drawing, side by side: the worse ones are hurried to their end early, the best one is kept."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from backend.core.drawing import Drawing
from backend.core.notes import Note, wording
from backend.core.work import Executor, Progress, Work, mapped
from backend.meeting import Member, Seat, answer
from backend.model_pool import ModelPool
from backend.perception.faces import find_faces
from backend.recipes.guided import for_one_subject
from backend.recipes.judging import Judge, TextJudge, image_score, judge_of
from backend.recipes.object_sketch import choose_subject
from backend.recipes.recipe import Inputs, Recipe, SketchChoices
from backend.recipes.text_sketch import TEXT_SKETCH
from backend.style_pack import StylePack

BY_NETWORK = wording("Of {count} attempts the one of seed {seed} was kept, judged by what {judge} sees: {score}, not {others}.")
BY_LINES = wording(
    "Of {count} attempts the one of seed {seed} was kept, judged by how well strokes and the picture's lines agree: {score}, "
    "not {others}. With a network that sees they are judged better: `stylesketch models pull squeezenet`."
)

MOST_SEED = 2**31 - 1
LOOKS = (0.34, 0.6)  # of an attempt's work, where those that go on are chosen: once it is traced, and on its way …
GUIDED_LOOKS = (0.34, 0.8)  # … where an encoder moves the strokes last: only then its second look tells which is the best …
LATE_LOOKS = (0.7, 0.85)  # … and of a scene, whose objects come after its background
Make = Callable[[Seat], Work[Drawing]]  # an attempt, whose progress says `waits` where it may be hurried


@dataclass(frozen=True)
class Candidate:
    """One attempt."""

    seed: int
    drawing: Drawing  # whole and in its style; where it is not finished, its strokes were moved less far
    score: float  # by the judge, 1 = alike; of `drawing`, so that all are comparable
    finished: bool


@dataclass
class _Attempt:
    """An attempt that is being drawn."""

    seed: int
    member: Member[Drawing]
    done: float = 0.0
    shown: Drawing | None = None  # the last preview
    drawn: Drawing | None = None  # the result
    score: float = 0.0
    waits: bool = False  # where it may be hurried
    hurried: bool = False

    @property
    def picture(self) -> Drawing:
        found = self.drawn or self.shown
        assert found, "what waits or ended can be seen"
        return found

    def moved(self, progress: Progress | None) -> Progress | None:
        """Notes how far it is; the progress."""
        self.waits = False
        if progress:
            self.done, self.shown, self.waits = progress.done, progress.preview or self.shown, progress.waits
        elif self.member.ended:
            self.drawn, self.done = self.member.result, 1.0
        return progress

    def is_at(self, look: float) -> bool:
        """Whether it need not go on before this look."""
        return self.drawn is not None or (look < 1 and self.waits and self.done >= look and not self.hurried)


def draw_candidates(makes: Mapping[int, Make], judge: Judge, looks: tuple[float, ...] = LOOKS) -> Work[tuple[Candidate, ...]]:
    """Attempts of these seeds, in their order; the best one is finished.

    They take turns, step by step (works that run elsewhere run at the same time), and meet where a network looks. At every
    look the worse half is hurried to its end. If one of these turns out to be the best after all, it is drawn anew, unhurried.
    Closing this closes all. One that fails ends all.
    """
    attempts = [_Attempt(seed, Member(make)) for seed, make in makes.items()]
    try:
        for begin, end in zip((0.0, *looks), (*looks, 1.0), strict=True):
            racing = [attempt for attempt in attempts if not attempt.hurried]
            yield from _turns(attempts, racing, begin, end)
            if end < 1 and len(racing) > 1:
                _weed(racing, judge)
        _judge(attempts, judge)
        while (best := max(range(len(attempts)), key=lambda i: (attempts[i].score, -i))) in _unfinished(attempts):
            attempts[best] = anew = _Attempt(attempts[best].seed, Member(makes[attempts[best].seed]))
            yield from _turns([anew], [anew], 0.99, 1.0)
            _judge([anew], judge)
    finally:
        for attempt in attempts:
            attempt.member.close()
    return tuple(Candidate(each.seed, each.picture, each.score, not each.hurried) for each in attempts)


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """The one of the highest score, which is finished; of equal ones the first."""
    return max(candidates, key=lambda each: each.score)


def told(candidates: Sequence[Candidate], judge: str) -> Note:
    """What the user should know of the choice."""
    best = best_of(candidates)
    others = ", ".join(f"{each.score:.3f}" for each in candidates if each is not best)  # no words, which would stay English
    pattern = BY_LINES if judge == "lines" else BY_NETWORK
    return Note(pattern, count=len(candidates), seed=best.seed, judge=judge, score=f"{best.score:.3f}", others=others)


def draw_text_attempts(text: str, choices: SketchChoices, count: int, pack: StylePack, pool: ModelPool) -> Work[Attempts]:
    """The best of `count` drawings of a text by CLIP alone. Raises as TextSketch does."""
    judge = TextJudge(text, pool)

    def attempt(seed: int, seat: Seat) -> Work[Drawing]:
        return halting(TEXT_SKETCH.run(text, replace(choices, seed=seed), pack, replace(pool, seat=seat)), LOOKS)

    makes = {seed: functools.partial(attempt, seed) for seed in _seeds(choices, count)}
    candidates = yield from draw_candidates(makes, judge, LOOKS)
    return Attempts(with_note(best_of(candidates).drawing, told(candidates, judge.name)), candidates, judge.name)


def halting(work: Work[Drawing], looks: Sequence[float]) -> Work[Drawing]:
    """The same work, which waits at these looks, as soon as it can be seen, to be told whether to hurry from there on."""
    left, hurry, shown = list(looks), False, False
    try:
        while True:
            progress = work.send(hurry or None) if shown else next(work)
            shown = shown or progress.preview is not None
            waits = shown and any(progress.done >= look for look in left)
            left = [look for look in left if not waits or progress.done < look]
            hurry = bool((yield replace(progress, waits=waits))) or hurry
            left = [] if hurry else left
    except StopIteration as end:
        drawing: Drawing = end.value
        return drawing
    finally:
        work.close()


def _seeds(choices: SketchChoices, count: int) -> list[int]:
    return [(choices.seed + i) % (MOST_SEED + 1) for i in range(count)]


def _attempt(
    recipe: Recipe, inputs: Inputs, choices: SketchChoices, pack: StylePack, pool: ModelPool, looks: tuple[float, ...]
) -> Work[Drawing]:
    """One attempt, as workers run it."""
    return halting(recipe.run(inputs, choices, pack, pool), looks)


def _turns(attempts: Sequence[_Attempt], racing: Sequence[_Attempt], begin: float, end: float) -> Work[None]:
    """Every attempt that races brought to where it can be looked at, or all of them to their end; hurried ones go on beside.

    Where all that go on wait for networks, these look at the pictures of all at once.
    """
    while not all(attempt.is_at(end) for attempt in (racing if end < 1 else attempts)):
        going = [attempt for attempt in attempts if not attempt.is_at(end)]
        free = [attempt for attempt in going if attempt.member.request is None]
        if free:
            moves = ((attempt, attempt.moved(attempt.member.step(attempt.hurried))) for attempt in free)
        else:
            by_member = {id(attempt.member): attempt for attempt in going}
            answered = answer([attempt.member for attempt in going])
            moves = ((by_member[id(member)], by_member[id(member)].moved(progress)) for member, progress in answered)
        for attempt, progress in moves:
            if progress:
                part = sum(min(max(a.done - begin, 0.0), end - begin) for a in racing) / len(racing)
                yield Progress(
                    progress.stage, begin + part, progress.preview if attempt is racing[0] else None, progress.losses
                )


def _weed(racing: Sequence[_Attempt], judge: Judge) -> None:
    """Scores the attempts as they are; the worse half is hurried. Of equal ones the first go on."""
    _judge(racing, judge)
    ranked = sorted(racing, key=lambda attempt: -attempt.score)
    for attempt in ranked[max(1, math.ceil(len(racing) / 2)) :]:
        attempt.hurried = attempt.drawn is None


def _judge(attempts: Sequence[_Attempt], judge: Judge) -> None:
    for attempt, score in zip(attempts, judge([attempt.picture for attempt in attempts]), strict=True):
        attempt.score = round(score, 4)


def _unfinished(attempts: Sequence[_Attempt]) -> list[int]:
    return [number for number, attempt in enumerate(attempts) if attempt.hurried]


def _looks(recipe: Recipe, guidance: str) -> tuple[float, ...]:
    if recipe.background:
        return LATE_LOOKS
    return LOOKS if guidance == "classical" else GUIDED_LOOKS


def with_note(drawing: Drawing, note: str) -> Drawing:
    """The drawing with one more thing that the user should know."""
    return replace(drawing, account=replace(drawing.account, notes=(*drawing.account.notes, note)))


@dataclass(frozen=True)
class Attempts:
    """What several attempts brought."""

    drawing: Drawing  # the best one
    candidates: tuple[Candidate, ...]
    judge: str  # whose scores they are: an encoder, or `lines`


def attempted(
    recipe: Recipe,
    inputs: Inputs,
    choices: SketchChoices,
    count: int,
    pack: StylePack,
    pool: ModelPool,
    workers: Sequence[Executor] = (),
) -> Work[tuple[Drawing, Attempts | None]]:
    """The drawing by a recipe, and the attempts that it is the best of, where more than one was asked for.

    Its scores tell how near it is to the photograph, where the network that sees that is here.
    """
    if count == 1:
        return _scored((yield from recipe.run(inputs, choices, pack, pool)), inputs, pool), None
    attempts = yield from draw_attempts(recipe, inputs, choices, count, pack, pool, workers)
    return _scored(attempts.drawing, inputs, pool), attempts


def _scored(drawing: Drawing, inputs: Inputs, pool: ModelPool) -> Drawing:
    scores = {**drawing.account.scores, **image_score(drawing, inputs.photograph.pixels, pool)}
    return replace(drawing, account=replace(drawing.account, scores=scores))


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

    workers: whose processes draw attempts at the same time, one each; those for which there is none are drawn here, side by
    side, and encoders look at all their pictures at once. The result is the same with or without workers, as near as sums
    of floats over other batches are.
    """
    yield Progress("finding the subject", 0.0)
    unframed = inputs.unframed
    pixels = unframed.photograph.pixels
    faces = find_faces(pixels)
    found = choose_subject(unframed, choices, faces, pool, faces)
    seen = torch.ones_like(pixels[:, :1]) if recipe.background else found[0].mask
    judge = judge_of(pixels, seen, pool)
    known = replace(inputs, found=found)
    seeds = _seeds(choices, count)
    looks = _looks(recipe, for_one_subject(choices.guidance, pool))

    def here(seed: int, seat: Seat) -> Work[Drawing]:
        return _attempt(recipe, known, replace(choices, seed=seed), pack, replace(pool, seat=seat), looks)

    def away(worker: Executor, seed: int, seat: Seat) -> Work[Drawing]:
        return worker.run(_attempt, recipe, known, replace(choices, seed=seed), pack, pool, looks)

    makes: dict[int, Make] = {seed: functools.partial(here, seed) for seed in seeds}
    makes |= {seed: functools.partial(away, worker, seed) for worker, seed in zip(workers, seeds, strict=False)}
    drawn = draw_candidates(makes, judge, looks)
    candidates = yield from mapped(drawn, lambda progress: progress.within(0.05, 1.0))
    return Attempts(with_note(best_of(candidates).drawing, told(candidates, judge.name)), candidates, judge.name)
