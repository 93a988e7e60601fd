"""Every kind of work that uses a device goes on with less memory where an allocator fails: simulated failures."""

import importlib

import pytest
import torch
from PIL import Image
from stylesketch_ext.wire.messages import (
    MatrixRequest,
    RestyleRequest,
    SequenceRequest,
    SketchRequest,
    SketchSettings,
    TextureRequest,
)

from backend.core.errors import OutOfMemory
from backend.core.work import Progress, completed
from backend.daemon.images import KeptPicture
from backend.daemon.matrix import draw_rows
from backend.daemon.picturing import restyled, textures
from backend.daemon.prompting import PromptOrder, draw_prompt
from backend.daemon.published import draw_published
from backend.daemon.sequence_task import draw as draw_sequence
from backend.daemon.sketching import Sources, draw
from backend.model_pool import BY_PROCESSOR, ONE_BY_ONE, ModelPool
from backend.places import Places
from backend.recipes import diffusion_parts
from backend.recipes.diffusion_parts import Wanted, sparingly
from backend.recipes.prompt_sketch import PromptChoices
from backend.recipes.sparing import sparing
from backend.remembered import Remembered
from tests.pictures import face, file_of
from tests.recipes.tiny_pool import ReadingPool, TinyPool

QUICK = SketchSettings(strokes=6, steps=1, mask="none", device="cpu")
HASH = "ab" * 32
DRAWING = "backend.recipes.object_sketch.draw_region"


@pytest.fixture
def home(tmp_path):
    """Places with a photograph in them."""
    (tmp_path / "photograph").write_bytes(file_of(Image.fromarray(face()), "PNG"))
    return Places.find(tmp_path / "home").create()


def sources(home):
    return Sources(home.data.parent.parent / "photograph", home.packs, None, home)


def sketch(home, recipe="object", **changes):
    from dataclasses import replace

    return completed(draw(SketchRequest(HASH, replace(QUICK, **changes), recipe, "x"), sources(home), False)).result.notes


def matrix(home):
    request = MatrixRequest(SketchRequest(HASH, QUICK, "scene", "x"), [1.0, 0.5])
    return completed(draw_rows(request, sources(home))).rows[0].notes


def sequence(home):
    frames = [KeptPicture(sources(home).image, 200, 200)] * 2
    return completed(draw_sequence(SequenceRequest([HASH] * 2, QUICK), frames, None, home)).result.notes


def texture(home):
    request = TextureRequest(HASH, "", width=48, height=48, tries=1, device="cpu")
    return completed(textures(request, sources(home).image, home)).result.notes


def restyle(home, pen=None):
    request = RestyleRequest(HASH, HASH, method="classical", tries=1, sketch=pen)
    photograph = sources(home).image
    made = completed(restyled(request, photograph, photograph, None, home))
    return (made.finished if pen else made).result.notes


def text(home, candidates=1):
    settings = SketchSettings(strokes=3, steps=1, device="cpu", candidates=candidates)
    order = PromptOrder(PromptChoices("a photo of the cat", method="clip"), settings, home.packs, home)
    return completed(draw_prompt(order)).result.notes


def published(home):
    request = SketchRequest(HASH, QUICK, "scene", "x")
    return completed(draw_published(request, sources(home))).result.notes


KINDS = {
    "sketch": (sketch, DRAWING),
    "attempts": (lambda home: sketch(home, candidates=2), DRAWING),
    "scene": (lambda home: sketch(home, "scene"), "backend.recipes.scene_sketch.draw_region"),
    "matrix": (matrix, "backend.recipes.scene_sketch.draw_region"),
    "matrix, its objects": (matrix, "backend.daemon.matrix.Scene.of"),
    "sequence": (sequence, "backend.recipes.sequence_sketch.draw_region"),
    "texture": (texture, "backend.recipes.style_texture.quilt"),
    "restyling": (restyle, "backend.recipes.style_transfer.style_transfer"),
    "restyling to a sketch": (lambda home: restyle(home, QUICK), DRAWING),
    "text": (text, "backend.recipes.text_sketch.leave_one_out"),
    "attempts at a text": (lambda home: text(home, 2), "backend.recipes.text_sketch.leave_one_out"),
    "finish in a style": (
        lambda home: sketch(home, style="engraving", style_weight=60.0, strokes=20),
        "backend.recipes.style_finish.optimize",
    ),
    "published scene": (published, "backend.recipes.clipascene.Pairs"),
}


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch):
    for part in ("sparing", "diffusion_parts"):
        monkeypatch.setattr(f"backend.recipes.{part}.WORKED", Remembered())


def fails_once(monkeypatch, target):
    """The function of that dotted name has too little memory the first time; its calls."""
    place, name = target.rsplit(".", 1)
    try:
        owner = importlib.import_module(place)
    except ModuleNotFoundError:
        module, kind = place.rsplit(".", 1)
        owner = getattr(importlib.import_module(module), kind)
    real, calls = getattr(owner, name), []

    def once(*arguments, **named):
        calls.append(name)
        if len(calls) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return real(*arguments, **named)

    monkeypatch.setattr(owner, name, once)
    return calls


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_work_goes_on_with_less(kind, home, monkeypatch):
    work, target = KINDS[kind]
    kinds = {"published scene": TinyPool, "text": ReadingPool, "attempts at a text": ReadingPool}
    if kind in kinds:
        tiny = kinds[kind].made()
        monkeypatch.setattr(ModelPool, "choose", classmethod(lambda cls, *_, **__: tiny))
    calls = fails_once(monkeypatch, target)
    notes = work(home)
    assert len(calls) >= 2
    assert notes.count(ONE_BY_ONE) == 1


def test_a_network_that_does_not_fit_while_it_is_loaded_is_loaded_more_sparingly(monkeypatch, tmp_path):
    asked = []

    def loaded(wanted, memory):
        asked.append(memory)
        if len(asked) < 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return "networks"

    loaded.cache_clear = lambda: None
    first = diffusion_parts.Memory(torch.float16)
    monkeypatch.setattr(diffusion_parts, "_loaded", loaded)
    monkeypatch.setattr(diffusion_parts, "plan", lambda folder, device: first)

    def make(networks):
        yield Progress("working", 0.5)
        return networks

    wanted = Wanted("tiny", tmp_path, torch.device("cuda:0"))
    assert completed(sparingly(wanted, make)) == "networks"
    assert asked == [None, first.thriftier, first.thriftier.thriftier]
    diffusion_parts.forget()
    assert completed(sparingly(wanted, make)) == "networks"
    assert asked[3:] == [first.thriftier.thriftier], "the next one begins with what worked"
    other = Wanted("tiny", tmp_path, torch.device("cuda:1"))
    assert completed(sparingly(other, make)) == "networks" and asked[4:] == [None]


def test_what_never_fits_a_card_is_done_by_the_processor(tmp_path):
    """Networks that were used as sparingly as they can be raise OutOfMemory themselves."""

    def work(pool):
        yield Progress("working", 0.5)
        if pool.device.type == "cuda":
            raise OutOfMemory("It does not fit into the memory of cuda:0. Choose --device cpu.")
        return "done"

    seen = []
    pool = ModelPool(torch.device("cuda:0"), ModelPool.choose("cpu").engine)
    result, used = completed(sparing(work, pool), lambda progress: seen.append(progress.stage))
    assert (result, used.lacked, seen.count("working")) == ("done", (BY_PROCESSOR,), 2)
    with pytest.raises(OutOfMemory, match="smaller size"):
        completed(sparing(_never, used))


def test_where_other_processes_run_out_of_memory_this_one_draws_alone(home):
    from dataclasses import replace

    class Full:
        """A worker whose process has too little memory, as the executors say it."""

        def run(self, task, *arguments):
            yield Progress("drawing", 0.1)
            raise OutOfMemory("There is not enough memory for this picture.")

    request = SketchRequest(HASH, replace(QUICK, candidates=2), "object", "x")
    found = completed(draw(request, sources(home), False, [Full()])).result
    assert ONE_BY_ONE in found.notes and len(found.candidates) == 2


def _never(pool):
    yield Progress("working", 0.5)
    raise OutOfMemory("There is not enough memory for this drawing: choose a smaller size or fewer strokes.")
