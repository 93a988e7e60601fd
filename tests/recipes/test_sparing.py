"""Memory that runs out: simulated allocators that fail."""

import pytest
import torch

from backend.core.errors import BadRequest, OutOfMemory
from backend.core.work import Progress, completed
from backend.encoders import ENCODERS
from backend.model_pool import BY_PROCESSOR, ONE_BY_ONE, ModelPool
from backend.recipes import RECIPES, Inputs, SketchChoices
from backend.recipes.sparing import sparing
from backend.remembered import Remembered
from backend.style_pack import StylePack
from tests.pictures import face, photograph
from tests.recipes.test_guided import WEIGHTS

CPU, CARD = torch.device("cpu"), torch.device("cuda:0")


@pytest.fixture(autouse=True)
def seconds(monkeypatch):
    """Nothing is known from other tests; a list with the time."""
    now = [0.0]
    monkeypatch.setattr("backend.recipes.sparing.WORKED", Remembered(600.0, lambda: now[0]))
    return now


def pool_on(device):
    return ModelPool(device, ModelPool.choose("cpu").engine)


def works_where(fits):
    """Work that says where it was done, if the pool fits, and else fails as torch does."""

    def work(pool):
        yield Progress("drawing", 0.5)
        if not fits(pool):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return (pool.device, pool.together)

    return work


@pytest.mark.parametrize(
    ("fits", "where", "notes"),
    [
        (lambda pool: True, (CARD, None), ()),
        (lambda pool: pool.together == 1, (CARD, 1), (ONE_BY_ONE,)),
        (lambda pool: pool.device == CPU, (CPU, None), (BY_PROCESSOR,)),
        (lambda pool: pool.device == CPU and pool.together == 1, (CPU, 1), (BY_PROCESSOR, ONE_BY_ONE)),
    ],
)
def test_first_fewer_pictures_then_the_processor(fits, where, notes):
    seen = []
    done, pool = completed(sparing(works_where(fits), pool_on(CARD)), lambda progress: seen.append(progress.stage))
    assert done == where and pool.lacked == notes
    assert set(notes) <= set(pool.notes)
    assert seen.count("beginning anew with less memory") == len(seen) - seen.count("drawing")


@pytest.mark.parametrize(
    ("fits", "where", "notes"),
    [
        (lambda pool: pool.together == 1, (CARD, 1), (ONE_BY_ONE,)),
        (lambda pool: pool.device == CPU, (CPU, None), (BY_PROCESSOR,)),
    ],
)
def test_the_next_work_begins_with_what_worked_and_some_time_later_with_all_again(seconds, fits, where, notes):
    asked = []

    def tried(pool):
        asked.append(pool)
        return fits(pool)

    completed(sparing(works_where(tried), pool_on(CARD)))
    for moment, tries in ((100.0, 1), (599.0, 1), (700.0, 2 if where == (CARD, 1) else 3), (800.0, 1)):
        seconds[0] = moment
        asked.clear()
        done, pool = completed(sparing(works_where(tried), pool_on(CARD)))
        assert done == where and pool.lacked == notes and len(asked) == tries
    other = completed(sparing(works_where(lambda pool: True), pool_on(CPU)))[0]
    assert other == (CPU, None), "another device is another matter"


def test_what_worked_lately_may_be_too_much_now(seconds):
    completed(sparing(works_where(lambda pool: pool.together == 1), pool_on(CARD)))
    done, pool = completed(sparing(works_where(lambda pool: pool.device == CPU), pool_on(CARD)))
    assert done == (CPU, None) and pool.lacked == (BY_PROCESSOR,)
    assert completed(sparing(works_where(lambda pool: True), pool_on(CARD)))[0] == (CPU, None)


def test_work_that_fails_in_the_end_leaves_nothing_to_be_known(seconds):
    with pytest.raises(OutOfMemory):
        completed(sparing(works_where(lambda pool: False), pool_on(CARD)))
    assert completed(sparing(works_where(lambda pool: True), pool_on(CARD)))[0] == (CARD, None)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")])
def test_in_the_end_it_is_said_in_one_sentence(error):
    def work(pool):
        yield Progress("drawing", 0.5)
        raise error

    with pytest.raises(OutOfMemory, match="not enough memory"):
        completed(sparing(work, pool_on(CARD)))


def test_nothing_that_was_kept_holds_an_encoder(monkeypatch):
    cleared = []
    for name in ("exemplar", "diffusion_parts"):
        monkeypatch.setattr(f"backend.recipes.sparing.{name}.forget", lambda name=name: cleared.append(name))
    monkeypatch.setattr(ModelPool, "release", lambda self: cleared.append("pool"))
    completed(sparing(works_where(lambda pool: pool.together == 1), pool_on(CARD)))
    assert cleared == ["exemplar", "diffusion_parts", "pool"]


def test_other_errors_are_not_tried_again():
    calls = []

    def work(pool):
        calls.append(pool)
        yield Progress("drawing", 0.5)
        raise BadRequest("No lines.")

    with pytest.raises(BadRequest):
        completed(sparing(work, pool_on(CARD)))
    assert len(calls) == 1


def test_closing_it_closes_the_work():
    closed = []

    def work(pool):
        try:
            while True:
                yield Progress("drawing", 0.5)
        finally:
            closed.append(True)

    begun = sparing(work, pool_on(CPU))
    next(begun)
    begun.close()
    assert closed == [True]


class Narrow:
    """An encoder on a device whose memory holds one picture and its gradient."""

    def __init__(self, encoder):
        self._encoder, self.name, self.layers = encoder, encoder.name, encoder.layers

    def __call__(self, images):
        if images.requires_grad and len(images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self._encoder(images)

    def saliency(self, images, inside=None):
        return self._encoder.saliency(images, inside)


def test_a_guided_drawing_goes_on_picture_by_picture(monkeypatch):
    monkeypatch.setattr("backend.model_pool.weights.find", lambda name, places: None)
    encoder = Narrow(ENCODERS["squeezenet"](WEIGHTS["squeezenet"](), CPU))
    monkeypatch.setattr("backend.model_pool.LOADED", Loaded(encoder))
    choices = SketchChoices(strokes=6, guidance="squeezenet", steps=2)

    def work(pool):
        return RECIPES["object"].run(Inputs(photograph(face())), choices, StylePack("plain", "Plain"), pool)

    drawing, pool = completed(sparing(work, pool_on(CPU)))
    assert pool.together == 1 and pool.notes[:1] == (ONE_BY_ONE,)
    assert drawing.account.guidance == "squeezenet" and 0 < drawing.count <= 6


class Loaded:
    """Stands for the networks that are kept."""

    def __init__(self, encoder):
        self._encoder = encoder

    def get(self, key, make):
        return self._encoder

    def forget(self):
        pass
