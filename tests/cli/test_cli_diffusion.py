"""prompt, restyle --method diffusion, style train and models pull, end to end on tiny checkpoints."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from backend.cli import style_train
from backend.encoders import ENCODERS
from backend.model_pool import ModelPool
from backend.places import Places
from backend.recipes import diffusion_parts
from backend.style_library import Library
from tests.diffusion.tiny import save_checkpoint
from tests.encoders.networks import WEIGHTS

PROMPT = ("--mask", "none", "--strokes", 8, "--steps", 0, "--image-steps", 2, "--image-size", 64)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    yield save_checkpoint(tmp_path_factory.mktemp("checkpoint"))
    diffusion_parts.forget()


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))


def test_a_prompt_becomes_files_of_every_kind(command, checkpoint, tmp_path):
    files = [tmp_path / f"x.{ending}" for ending in ("svg", "png", "gif")]
    outputs = [option for file in files for option in ("-o", file)]
    options = ("--checkpoint", checkpoint, *PROMPT, "--image-out", tmp_path / "picture.png", "--json")
    code, out, err = command("prompt", "a cup", *outputs, *options)
    assert code == 0, err
    account = json.loads(out)
    assert account["outputs"] == [str(file) for file in [*files, tmp_path / "picture.png"]]
    assert (account["recipe"], account["prompt"], account["method"]) == ("prompt_sketch", "a cup", "diffusion")
    assert account["strokes"] == 8 and account["picture_kept"] is False
    assert files[0].read_text().count("<path") == 8
    with Image.open(files[1]) as drawing, Image.open(files[2]) as film, Image.open(tmp_path / "picture.png") as picture:
        assert drawing.size == film.size == picture.size == (64, 64) and film.n_frames >= 2
    code, out, _err = command("prompt", "a cup", "-o", files[1], *options[:-3], "--style", "charcoal", "--json")
    assert code == 0 and json.loads(out)["picture_kept"] is True
    code, out, _err = command("prompt", "a cup", "-o", files[0], *options[:-3], "--negative", "", "--suffix", "blue")
    assert code == 0 and "8 strokes" in out and "there already" not in out


def test_the_same_prompt_gives_the_same_bytes(command, checkpoint, tmp_path):
    for name in ("one", "two"):
        options = ("--checkpoint", checkpoint, *PROMPT, "--data", tmp_path / name, "-o", tmp_path / f"{name}.svg")
        assert command("prompt", "a cup", *options)[0] == 0
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_a_mask_that_is_not_there_is_told_before_anything_is_generated(command, tmp_path):
    code, _out, err = command("prompt", "a cup", "-o", tmp_path / "x.svg", "--mask", tmp_path / "gone.png")
    assert code == 1 and "There is no file" in err


def test_without_any_network_the_sentence_tells_command_size_and_licence(command, tmp_path):
    code, out, err = command("prompt", "a cup", "-o", tmp_path / "x.svg")
    assert code == 3 and not out and err.count("\n") == 1
    assert "models pull sd15" in err and "2.1 GB, unverified" in err and "OpenRAIL-M" in err
    code, _out, err = command("prompt", "a cup", "-o", tmp_path / "x.svg", "--checkpoint", "some/one")
    assert code == 3 and "models pull some/one" in err
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ((" ", "-o", "x.svg"), 1, "empty"),
        (("a cup", "-o", "x.jpg"), 2, "must end in"),
        (("a cup", "-o", "nowhere/x.svg"), 1, "does not exist"),
        (("a cup", "-o", "x.svg", "--scheduler", "best"), 1, "ddim"),
        (("a cup", "-o", "x.svg", "--method", "magic"), 2, "clip"),
    ],
)
def test_what_cannot_be_is_said(command, checkpoint, tmp_path, monkeypatch, arguments, code, word):
    monkeypatch.chdir(tmp_path)
    found, _out, err = command("prompt", *arguments, "--checkpoint", checkpoint)
    assert found == code and word in err


def test_a_prompt_can_be_drawn_as_sd_clipasso_does(command, checkpoint, tmp_path, monkeypatch):
    tiny = ENCODERS["squeezenet"](WEIGHTS["squeezenet"](), torch.device("cpu"))
    monkeypatch.setattr(ModelPool, "encoder", lambda self, name: tiny)
    ask = ("prompt", "a cup", "-o", tmp_path / "x.svg", "--checkpoint", checkpoint, *PROMPT[:-4], "--image-steps", 2, "--json")
    ask = (*ask, "--image-size", 64, "--guidance", "squeezenet", "--steps", 40)
    accounts = []
    for options in (
        (),
        ("--geometric-weight", 0),
        ("--semantic-weight", 50),
        ("--early-stop-patience", 1, "--early-stop-threshold", 1),
        ("--stroke-width", 5),
    ):
        code, out, err = command(*ask, "--recipe", "clipasso", *options)
        assert code == 0, err
        accounts.append((json.loads(out)["steps"], (tmp_path / "x.svg").read_text()))
    assert accounts[0][0] == 40 and accounts[3][0] == 10
    assert len({drawing for _, drawing in accounts}) == 5
    code, _out, err = command(*ask, "--stroke-width", 5)
    assert code == 1 and "--recipe clipasso" in err


def trained(command, checkpoint, *options):
    return command("style", "train", "woodcut", "--as", "mine", "--checkpoint", checkpoint, "--steps", 3, *options)


def test_a_style_is_trained_shown_exported_and_restyles(command, checkpoint, picture, tmp_path):
    code, out, err = trained(command, checkpoint, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert told["style"] == "mine" and told["steps"] == 3 and told["loss"] > 0
    folder = Library(Places.find().packs).folder("mine")
    assert (folder / "learned_style.safetensors").stat().st_size > 1000
    assert command("style", "export", "mine", "-o", tmp_path / "mine.stylepack")[0] == 0
    assert command("style", "import", tmp_path / "mine.stylepack", "--name", "copy")[0] == 0
    options = ("--method", "diffusion", "--checkpoint", checkpoint, "--steps", 5, "--json")
    results = []
    for style in ("mine", tmp_path / "mine.stylepack", "copy"):
        code, out, err = command("restyle", picture, "--style", style, "-o", tmp_path / "x.png", *options)
        assert code == 0, err
        account = json.loads(out)
        assert (account["guidance"], account["strength"], account["steps"], account["notes"]) == ("diffusion", 0.4, 2, [])
        results.append(np.asarray(Image.open(tmp_path / "x.png")))
    assert results[0].shape == (72, 96, 3) and (results[0] == results[1]).all() and (results[0] == results[2]).all()


def test_training_again_goes_into_the_same_pack(command, checkpoint):
    trained(command, checkpoint)
    file = Library(Places.find().packs).folder("mine") / "learned_style.safetensors"
    before = file.read_bytes()
    code, out, _err = command("style", "train", "mine", "--checkpoint", checkpoint, "--steps", 4)
    assert code == 0 and "4 steps" in out and file.read_bytes() != before


def test_ctrl_c_keeps_what_was_learned(command, checkpoint, monkeypatch):
    real = style_train.ProgressLine.show

    def interrupted(self, event):
        real(self, event)
        if "step 2" in event.stage:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(style_train.ProgressLine, "show", interrupted)
        code, _out, err = trained(command, checkpoint)
    assert code == 130 and "goes on from there" in err and not Library(Places.find().packs).own.joinpath("mine").exists()
    code, out, _err = trained(command, checkpoint, "--json")
    assert code == 0 and json.loads(out)["resumed"] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("woodcut",), 1, "--as NEW"),
        (("woodcut", "--as", "pencil"), 1, "comes with StyleSketch"),
        (("woodcut", "--as", "../x"), 1, "cannot be called"),
        (("nothing",), 1, "Installed packs"),
        (("woodcut", "--as", "mine", "--checkpoint", "some/one"), 3, "models pull some/one"),
        (("woodcut", "--as", "mine", "--steps", "0"), 2, "between"),
    ],
)
def test_a_training_that_cannot_be_is_said(command, arguments, code, word):
    found, _out, err = command("style", "train", *arguments)
    assert found == code and word in err


def test_restyling_by_diffusion_names_what_is_lacking(command, checkpoint, picture, tmp_path):
    ask = ("restyle", picture, "--style", "woodcut", "-o", tmp_path / "x.png", "--method", "diffusion")
    code, _out, err = command(*ask)
    assert code == 3 and "models pull sd15" in err
    code, _out, err = command(*ask, "--checkpoint", checkpoint)
    assert code == 3 and "style train" in err and "ip_adapter" in err
    code, _out, err = command(*ask, "--checkpoint", checkpoint, "--prompt", "a cup", "--steps", 3)
    assert code == 0 and "was not trained" in err
    code, _out, err = command(*ask[:-1], "classical", "--prompt", "a cup")
    assert code == 1 and "for diffusion" in err
    code, _out, err = command(*ask[:-2], "--strength", 0)
    assert code == 0 and "models pull sd15" in err


def test_pulling_tells_the_size_first(command, monkeypatch, tmp_path):
    from backend.cli import checkpoints
    from backend.weights.checkpoints import Found, Offer
    from backend.weights.hub_files import HubFile

    offered = Offer("some--one", "some/one", "some/one", "abc", "openrail", (HubFile("model_index.json", 2_500_000_000),))
    seen = []

    def fetched(wanted, where, patience):
        seen.append(wanted)
        yield from ()
        return Found("some/one", tmp_path)

    monkeypatch.setattr(checkpoints, "offer", lambda name, timeout: offered)
    monkeypatch.setattr(checkpoints, "fetch", fetched)
    code, out, err = command("models", "pull", "some/one")
    assert code == 0 and seen == [offered] and str(tmp_path) in out
    assert err.startswith("some/one from huggingface.co/some/one: 2.50 GB in 1 files, licence openrail.")


def test_checkpoints_are_listed_verified_and_removed(command, checkpoint):
    listed = {entry["name"]: entry for entry in json.loads(command("models", "list", "--json")[1])["models"]}
    assert not listed["sd15"]["here"] and "unverified" in listed["sd15"]["about"] and listed["sd_turbo"]["size"] is None
    folder = Places.find().weights / "checkpoints" / "sd15"
    folder.parent.mkdir(parents=True)
    save_checkpoint(folder)
    listed = {entry["name"]: entry for entry in json.loads(command("models", "list", "--json")[1])["models"]}
    assert listed["sd15"]["here"] and listed["sd15"]["size"] > 10_000
    code, out, _err = command("models", "verify")
    assert code == 3 and "sd15: DAMAGED" in out  # it has no receipt
    code, out, _err = command("models", "remove", "sd15")
    assert code == 0 and not folder.exists()
    code, _out, err = command("models", "verify", "sd15")
    assert code == 1 and "not here" in err
