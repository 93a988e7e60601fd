"""Restyling, prompts and training on tiny checkpoints: what is taken, what is told, what is kept."""

import contextlib
import json
import os

import pytest
import torch

from backend.core.errors import BadPack, BadRequest, Missing
from backend.core.work import Progress, completed
from backend.diffusion import packages
from backend.diffusion.style_embedding import LearnedStyle, StyleWord, write_style
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes import diffusion_parts, style_training
from backend.recipes.prompt_sketch import PromptChoices, imagine, prompt_sketch
from backend.recipes.recipe import SketchChoices
from backend.recipes.style_training import TrainingChoices, train_style
from backend.recipes.style_transfer import RestyleChoices, StyleSource, restyle
from backend.remembered import Remembered
from backend.style_library import bundled_packs
from backend.style_pack import read_pack
from tests.diffusion.tiny import WIDTH, save_adapter, save_checkpoint
from tests.pictures import face, photograph

PACK = read_pack(bundled_packs() / "technical-pen")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def pool(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(diffusion_parts, "WORKED", Remembered())
    yield ModelPool.choose("cpu", places=Places.find(tmp_path / "home").create())
    diffusion_parts.forget()


def shelved(pool, name, save, **settings):
    """A checkpoint where `models pull` puts it."""
    folder = pool.places.weights / "checkpoints" / name
    folder.mkdir(parents=True)
    return save(folder, **settings)


def loads(monkeypatch):
    """The versions of the checkpoints that were loaded, as they are loaded."""
    real, seen = diffusion_parts._loaded, []

    def loaded(wanted, memory):
        seen.append(wanted.version)
        return real(wanted, memory)

    monkeypatch.setattr(diffusion_parts, "_loaded", loaded)
    return seen


def used(pool, folder):
    """A use of a checkpoint that takes no time."""

    def make(networks):
        yield Progress("using", 0.5)
        return networks.name

    return completed(diffusion_parts.sparingly(diffusion_parts.wanted_checkpoint(str(folder), (), pool), make))


def test_a_checkpoint_is_loaded_once_and_anew_when_its_folder_changes(pool, tmp_path, monkeypatch):
    folder, seen = save_checkpoint(tmp_path / "mine"), loads(monkeypatch)
    used(pool, folder), used(pool, folder)
    assert len(seen) == 1 and not diffusion_parts.KEPT.empty
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    told = weights.stat()
    weights.write_bytes(weights.read_bytes()[:-4] + b"\x00\x00\x80\x3f")  # the same size, in the middle of the hour
    os.utime(weights, ns=(told.st_atime_ns, told.st_mtime_ns + 1))
    used(pool, folder)
    assert len(seen) == 2 and seen[0] != seen[1]


def test_the_checkpoint_that_is_kept_goes_before_another_is_loaded(pool, tmp_path, monkeypatch):
    folders, kept = [save_checkpoint(tmp_path / name) for name in ("one", "two")], []
    used(pool, folders[0])
    monkeypatch.setattr(diffusion_parts, "_loaded", lambda wanted, memory: kept.append(diffusion_parts.KEPT.empty))
    with contextlib.suppress(AttributeError):  # there are no networks
        used(pool, folders[1])
    assert kept == [True]


@pytest.fixture(scope="module")
def pictures():
    image = photograph(face()).pixels[..., :150, :]
    return image, image.flip(3)


def learned(checkpoint, seed=0, width=WIDTH, embedding=WIDTH):
    torch.manual_seed(seed)
    word = StyleWord(embedding, width).eval()
    name = diffusion_parts.fingerprint(checkpoint)
    return write_style(LearnedStyle(word, torch.randn(1, width), name, "Tiny", 5))


def restyled(pictures, pool, checkpoint, style=None, **choices):
    source = StyleSource(pictures[1], "mine", style)
    chosen = {"method": "diffusion", "checkpoint": str(checkpoint), "steps": 5, **choices}
    return completed(restyle(pictures[0], source, RestyleChoices(**chosen), pool))


def test_a_learned_style_restyles(pictures, pool, checkpoint):
    result = restyled(pictures, pool, checkpoint, learned(checkpoint))
    assert result.image.shape == pictures[0].shape and (result.method, result.strength, result.steps) == ("diffusion", 0.4, 2)
    assert result.edges.shape == (1, 1, 150, 200) and set(result.edges.unique().tolist()) == {0.0, 1.0} and result.notes == ()
    again = restyled(pictures, pool, checkpoint, learned(checkpoint))
    assert torch.equal(result.image, again.image)
    for other in (
        restyled(pictures, pool, checkpoint, learned(checkpoint, seed=1)),
        restyled(pictures, pool, checkpoint, learned(checkpoint), prompt="a blue horse"),
        restyled(pictures, pool, checkpoint, learned(checkpoint), negative="a cup"),
        restyled(pictures, pool, checkpoint, learned(checkpoint), cfg_scale=2.0),
        restyled(pictures, pool, checkpoint, learned(checkpoint), inversion="ddim"),
        restyled(pictures, pool, checkpoint, learned(checkpoint), seed=1),
        restyled(pictures, pool, checkpoint, learned(checkpoint), strength=0.8),
        restyled(pictures, pool, checkpoint, learned(checkpoint), steps=10),
    ):
        assert not torch.equal(result.image, other.image)


def test_strength_zero_is_the_photograph(pictures, pool, checkpoint):
    result = restyled(pictures, pool, checkpoint, learned(checkpoint), strength=0.0)
    assert torch.equal(result.image, pictures[0]) and result.method == "diffusion" and result.steps == 0


def test_an_adapter_restyles_what_was_not_trained(pictures, pool, checkpoint):
    with pytest.raises(Missing, match=r"style train NAME.*ip_adapter.*--prompt"):
        restyled(pictures, pool, checkpoint)
    plain = restyled(pictures, pool, checkpoint, prompt="a cup")
    assert "was not trained" in plain.notes[0]
    shelved(pool, "ip_adapter", save_adapter)
    adapted = restyled(pictures, pool, checkpoint, prompt="a cup")
    assert adapted.notes == () and torch.isfinite(adapted.image).all() and not torch.equal(adapted.image, plain.image)
    other = restyled((pictures[0], pictures[1].roll(30, 2)), pool, checkpoint, prompt="a cup")
    assert not torch.equal(adapted.image, other.image)


def test_an_adapter_that_does_not_fit_is_said(pictures, pool, checkpoint):
    folder = shelved(pool, "ip_adapter", save_adapter)
    (folder / "models" / "ip-adapter_sd15.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    with pytest.raises(BadRequest, match="does not fit"):
        restyled(pictures, pool, checkpoint)


def test_auto_takes_what_is_here(pictures, pool, checkpoint):
    classical = restyled(pictures, pool, "auto", learned(checkpoint), method="auto")
    assert classical.method == "classical" and classical.strength == 1.0
    assert (
        "models pull sd15" in classical.notes[-2] and "OpenRAIL-M" in classical.notes[-2] and "steps" not in classical.notes[-2]
    )
    assert "changed nothing" in classical.notes[-1]  # the steps
    shelved(pool, "sd15", save_checkpoint)
    assert restyled(pictures, pool, "auto", learned(checkpoint), method="auto").method == "diffusion"
    untrained = restyled(pictures, pool, "auto", method="auto")
    assert untrained.method == "classical" and "style train" in untrained.notes[-2]


def test_the_classical_method_is_quiet_about_networks(pictures, pool):
    source = StyleSource(pictures[1], "mine")
    assert completed(restyle(pictures[0], source, RestyleChoices(method="classical", strength=0.0), pool)).notes == ()


def test_a_style_of_another_checkpoint_is_said(pictures, pool, checkpoint, tmp_path):
    other = save_checkpoint(tmp_path / "other", seed=1)
    assert "trained for Tiny" in restyled(pictures, pool, other, learned(checkpoint)).notes[0]
    for style in (learned(checkpoint, width=48), learned(checkpoint, embedding=48)):
        with pytest.raises(BadPack, match=r"(?i)train it again"):
            restyled(pictures, pool, checkpoint, style)
    assert "left out" in restyled(pictures, pool, checkpoint, learned(checkpoint), prompt="a blue horse " * 9).notes[0]
    with pytest.raises(BadPack, match="Train the style again"):
        restyled(pictures, pool, checkpoint, b"damaged")


def test_without_an_image_encoder_the_exemplars_word_is_told_alone(pictures, pool, tmp_path):
    blind = save_checkpoint(tmp_path / "blind", image_encoder=False)
    result = restyled(pictures, pool, blind, learned(blind))
    assert "clip_vit_l14" in result.notes[0] and torch.isfinite(result.image).all()


def test_missing_packages_are_said(pictures, pool, checkpoint, monkeypatch):
    monkeypatch.setattr(packages, "have_packages", lambda: False)
    with pytest.raises(Missing, match="pip install"):
        restyled(pictures, pool, checkpoint, learned(checkpoint))
    assert "pip install" in restyled(pictures, pool, "auto", method="auto").notes[-2]


def test_where_memory_runs_out_less_of_it_is_used(pictures, pool, checkpoint, monkeypatch):
    from backend.recipes import diffusion_transfer

    real, asked = diffusion_transfer._redrawn, []

    def short(*arguments):
        asked.append(arguments[-1].memory)
        if len(asked) < 3:
            raise torch.OutOfMemoryError("out of memory")
        return (yield from real(*arguments))

    monkeypatch.setattr(diffusion_transfer, "_redrawn", short)
    result = restyled(pictures, pool, checkpoint, learned(checkpoint))
    assert [(memory.offloaded, memory.sliced) for memory in asked] == [(False, False), (True, False), (True, True)]
    assert "in slices" in result.notes[-1]


@pytest.mark.parametrize(
    "choices",
    [{"method": "magic"}, {"inversion": "none"}, {"strength": 2.0}, {"steps": 0, "strength": 0.5}, {"cfg_scale": -1.0}],
)
def test_what_cannot_be_is_said(pictures, pool, checkpoint, choices):
    with pytest.raises(BadRequest, match=r"\.$"):
        restyled(pictures, pool, checkpoint, learned(checkpoint), **choices)


def prompt(checkpoint, text="a cup", **choices):
    return PromptChoices(text, **{"checkpoint": str(checkpoint), "steps": 2, "side": 64, **choices})


def sketched(wanted, pool, pack=PACK, report=lambda progress: None, **choices):
    return completed(
        prompt_sketch(wanted, SketchChoices(whole_picture=True, strokes=8, steps=0, **choices), pack, pool), report
    )


def test_a_text_is_imagined_once_and_drawn_in_any_style(pool, checkpoint):
    stages = []
    first = sketched(prompt(checkpoint), pool, report=lambda progress: stages.append(progress.stage))
    assert first.picture.shape == (1, 3, 64, 64) and first.drawing.size == (64, 64) and first.drawing.count and not first.kept
    assert "imagining the picture" in stages
    stages.clear()
    charcoal = read_pack(bundled_packs() / "charcoal")
    again = sketched(prompt(checkpoint), pool, charcoal, lambda progress: stages.append(progress.stage))
    assert again.kept and torch.equal(again.picture, first.picture) and "imagining the picture" not in stages
    assert again.drawing.texture != first.drawing.texture
    assert [note for note in first.drawing.account.notes if "too long" in note] == [
        note for note in again.drawing.account.notes if "too long" in note
    ]


@pytest.mark.parametrize(
    "other",
    [{"text": "a horse"}, {"suffix": ""}, {"negative": "blue"}, {"steps": 3}, {"cfg_scale": 2.0}, {"scheduler": "ddim"}],
)
def test_another_wish_is_another_picture(pool, checkpoint, other):
    first = completed(imagine(prompt(checkpoint, suffix="of"), 0, pool))
    changed = completed(imagine(prompt(checkpoint, **{"suffix": "of", **other}), 0, pool))
    assert not changed.kept and not torch.equal(first.image, changed.image)
    assert completed(imagine(prompt(checkpoint, suffix="of"), 0, pool)).kept


def test_another_seed_or_checkpoint_is_another_picture(pool, checkpoint, tmp_path):
    first = completed(imagine(prompt(checkpoint), 0, pool))
    assert not torch.equal(first.image, completed(imagine(prompt(checkpoint), 1, pool)).image)
    other = save_checkpoint(tmp_path / "other", seed=1)
    assert not torch.equal(first.image, completed(imagine(prompt(other), 0, pool)).image)


def test_only_the_newest_pictures_are_kept(pool, checkpoint, monkeypatch):
    monkeypatch.setattr("backend.recipes.prompt_sketch.KEPT", 2)
    for seed in range(4):
        completed(imagine(prompt(checkpoint), seed, pool))
        for file in (pool.places.data / "prompts").iterdir():  # clocks of file systems may be coarse
            os.utime(file, ns=(file.stat().st_mtime_ns - 10**9,) * 2)
    assert [completed(imagine(prompt(checkpoint), seed, pool)).kept for seed in (3, 2, 1)] == [True, True, False]
    assert len(list((pool.places.data / "prompts").iterdir())) == 2 * 2


def test_a_damaged_kept_picture_is_made_anew(pool, checkpoint):
    first = completed(imagine(prompt(checkpoint), 0, pool))
    [file] = (pool.places.data / "prompts").glob("*.png")
    file.write_bytes(b"damaged")
    again = completed(imagine(prompt(checkpoint), 0, pool))
    assert not again.kept and torch.equal(again.image, first.image)
    file.with_suffix(".json").write_text(json.dumps({}))
    assert not completed(imagine(prompt(checkpoint), 0, pool)).kept


def test_a_stopped_prompt_keeps_nothing(pool, checkpoint):
    work = prompt_sketch(prompt(checkpoint), SketchChoices(), PACK, pool)
    while next(work).stage != "imagining the picture":
        pass
    work.close()
    assert not list(pool.places.data.glob("prompts/*"))


def test_without_any_network_one_sentence_says_what_to_bring(pool):
    with pytest.raises(Missing) as raised:
        sketched(PromptChoices("a cup"), pool)
    for word in (
        "models pull sd15",
        "2.1 GB, unverified",
        "CreativeML OpenRAIL-M",
        "models pull clip_vit_b32",
        "354 MB",
        "clip_vocabulary",
    ):
        assert word in str(raised.value)


def test_what_clip_lacks_is_told_alone(pool, monkeypatch):
    monkeypatch.setattr(ModelPool, "has_encoder", lambda self, name: name == "clip_vit_b32")
    with pytest.raises(Missing) as raised:
        sketched(PromptChoices("a cup"), pool)
    assert "clip_vocabulary" in str(raised.value) and "clip_vit_b32" not in str(raised.value)


def test_clip_draws_where_it_is_all_there_is(pool, monkeypatch):
    from backend.recipes import prompt_sketch as module

    asked = []

    class Instead:
        def run(self, text, choices, pack, pool):
            asked.append(text)
            yield from ()
            return "a drawing"

    monkeypatch.setattr(module, "TEXT_SKETCH", Instead())
    monkeypatch.setattr(ModelPool, "has_encoder", lambda self, name: name.startswith("clip_"))
    for wanted in (PromptChoices("a cup"), PromptChoices("a cup", method="clip")):
        found = completed(prompt_sketch(wanted, SketchChoices(), PACK, pool))
        assert found.drawing == "a drawing" and found.picture is None
    with pytest.raises(Missing, match="sd15"):
        completed(prompt_sketch(PromptChoices("a cup", method="diffusion"), SketchChoices(), PACK, pool))
    assert asked == ["a cup"] * 2


def trained(pictures, pool, checkpoint, report=lambda progress: None, **choices):
    work = train_style(pictures, TrainingChoices(**{"steps": 6, "checkpoint": str(checkpoint), **choices}), pool)
    return completed(work, report)


def test_a_trained_style_can_be_used(pictures, pool, checkpoint):
    seen = []
    found = trained(pictures, pool, checkpoint, seen.append)
    assert found.steps == 6 and found.resumed == 0 and found.notes == () and found.loss > 0
    assert seen[-1].done == 1 and "step 6 of 6" in seen[-1].stage and seen[-1].losses["loss"] == found.loss
    assert restyled(pictures, pool, checkpoint, found.content).notes == ()
    assert not list((pool.places.data / "training").iterdir())


def test_a_training_is_stopped_and_goes_on(pictures, pool, checkpoint):
    straight = trained(pictures, pool, checkpoint)
    work = train_style(pictures, TrainingChoices(steps=6, checkpoint=str(checkpoint)), pool)
    while "step 4" not in next(work).stage:
        pass
    work.close()
    seen = []
    again = trained(pictures, pool, checkpoint, seen.append)
    assert again.resumed == 4 and "4 of 6 steps" in again.notes[0] and again.content == straight.content
    assert sum("step" in progress.stage for progress in seen) == 2


def test_a_damaged_state_counts_for_nothing(pictures, pool, checkpoint):
    work = train_style(pictures, TrainingChoices(steps=6, checkpoint=str(checkpoint)), pool)
    while "step 2" not in next(work).stage:
        pass
    work.close()
    [state] = (pool.places.data / "training").iterdir()
    whole = state.read_bytes()
    straight = trained(pictures, pool, checkpoint)
    for damaged in (whole[:99], whole.replace(b"optimizer.0.step", b"optimizer.x.step")):  # nothing of it is taken up
        state.write_bytes(damaged)
        found = trained(pictures, pool, checkpoint)
        assert found.resumed == 0 and "began anew" in found.notes[0] and found.content == straight.content


def test_slow_steps_are_kept_before_they_are_many(pictures, pool, checkpoint, monkeypatch):
    monkeypatch.setattr(style_training, "KEEP_SECONDS", 0.0)
    work = train_style(pictures, TrainingChoices(steps=6, checkpoint=str(checkpoint)), pool)
    while "step 3" not in next(work).stage:
        pass
    with pytest.raises(KeyboardInterrupt):  # which may come in the middle of a step, so the state is as of the last one
        work.throw(KeyboardInterrupt)
    assert trained(pictures, pool, checkpoint).resumed == 3


def test_a_training_needs_eyes_exemplars_and_steps(pictures, pool, checkpoint, tmp_path):
    blind = save_checkpoint(tmp_path / "blind", image_encoder=False)
    with pytest.raises(Missing, match="models pull clip_vit_l14"):
        trained(pictures, pool, blind)
    with pytest.raises(BadRequest, match="no exemplar"):
        trained((), pool, checkpoint)
    for wrong in ({"steps": 0}, {"learning_rate": 0.0}):
        with pytest.raises(BadRequest, match=r"\.$"):
            TrainingChoices(**wrong)
