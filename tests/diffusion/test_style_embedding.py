"""A style is learned as a word: the loss falls, the same steps give the same word, stopped or not, and files are checked."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from backend.core.errors import BadPack, BadRequest
from backend.diffusion import style_embedding
from backend.diffusion.conditions import encode_with_word
from backend.diffusion.image_prompt import embed, read_image_encoder
from backend.diffusion.latents import encode
from backend.diffusion.style_embedding import LearnedStyle, StyleWord, read_style, write_style
from backend.diffusion.style_training import LEARNING_RATE, STEPS, StyleTraining, View
from tests.diffusion.conftest import CPU
from tests.diffusion.tiny import save_image_encoder
from tests.pictures import face, photograph


@pytest.fixture
def training(networks_of):
    networks = networks_of()
    square = photograph(face()).pixels

    def make(seed=0, rate=1e-3):
        pictures = (square, square.flip(-1))
        views = [View(encode(networks, p[..., 80:112, 80:112]), embed(networks.image_encoder, p)) for p in pictures]
        return StyleTraining(networks, views, seed, rate)

    return make


def test_the_defaults_are_the_seeds():
    assert (STEPS, LEARNING_RATE) == (6100, 1e-4)


def test_only_the_word_is_learned_and_the_loss_falls(training, networks_of):
    networks = networks_of()
    before = {name: value.clone() for name, value in networks.unet.state_dict().items()}
    work = training(rate=3e-3)
    losses = list(work.run(120))
    assert len(losses) == work.step == 120
    assert all(torch.equal(value, before[name]) for name, value in networks.unet.state_dict().items())
    learned = work.learned()
    assert learned.steps == 120 and learned.checkpoint == networks.fingerprint and learned.exemplar.shape == (1, 32)
    start = training().learned()
    assert fixed_loss(networks, work, learned) < fixed_loss(networks, work, start)


@torch.no_grad()
def fixed_loss(networks, work, learned):
    """The loss at the same times and noises, told the word of the exemplars."""
    generator, total = torch.Generator().manual_seed(9), 0.0
    states = encode_with_word(networks, "*", learned.exemplar[0])
    for time in range(20, 1000, 60):
        latents = work._views[0].latents
        drawn = torch.randn(latents.shape, generator=generator)
        clear = float(networks.scheduler.alphas_cumprod[time])
        found = networks.unet(clear**0.5 * latents + (1 - clear) ** 0.5 * drawn, time, encoder_hidden_states=states).sample
        total += float((found - drawn).square().mean())
    return total


def test_every_step_has_its_own_noise(training):
    losses = list(training(rate=1e-9).run(6))
    assert len({round(loss, 4) for loss in losses}) >= 5


def test_a_stopped_training_comes_to_the_same(training):
    straight = training()
    list(straight.run(12))
    stopped = training()
    list(stopped.run(5))
    state, resumed = stopped.state(), training()
    resumed.restore(state)
    assert resumed.step == 5
    list(resumed.run(12))
    assert write_style(resumed.learned()) == write_style(straight.learned())
    other = training(seed=1)
    list(other.run(12))
    assert write_style(other.learned()) != write_style(straight.learned())


def test_a_state_of_another_training_is_refused(training):
    state = training().state()
    state["word.outward.weight"] = torch.zeros(3, 3)
    with pytest.raises(RuntimeError):
        training().restore(state)
    with pytest.raises(KeyError):
        training().restore({name: value for name, value in training().state().items() if name != "step"})


def test_a_learned_style_is_written_and_read():
    torch.manual_seed(0)
    style = LearnedStyle(StyleWord(24, 32).eval(), torch.ones(1, 32), "abc", "Tiny", 7)
    content = write_style(style)
    again = read_style(content)
    picture = torch.randn(1, 24)
    assert torch.equal(again.word(picture), style.word(picture)) and again.word(picture).shape == (1, 32)
    assert (again.checkpoint, again.title, again.steps, again.width) == ("abc", "Tiny", 7, 32) and content == write_style(again)
    assert not any(parameter.requires_grad for parameter in again.word.parameters())


def test_dropout_is_drawn_by_its_generator():
    word, picture = StyleWord(24, 32), torch.randn(1, 24)
    drawn = [word(picture, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize("spoil", ["cut", "format", "shape", "nan", "lacking"])
def test_a_damaged_file_is_said(spoil):
    word = StyleWord(24, 32)
    if spoil == "nan":
        word.outward.bias.data[0] = float("nan")
    exemplar = torch.ones(1, 31 if spoil == "shape" else 32)
    content = write_style(LearnedStyle(word, exemplar, "abc", "Tiny", 7))
    if spoil == "cut":
        content = content[:-4]
    if spoil == "format":
        content = content.replace(b'"format":"1"', b'"format":"2"')
    if spoil == "lacking":
        content = content.replace(b"word.outward.bias", b"word.outward.bia2")
    with pytest.raises(BadPack, match="Train the style again"):
        read_style(content)


def test_a_small_file_makes_no_large_network(monkeypatch):
    """A file that tells of a wide embedding, and has not its tensors, is refused before room for them is taken."""
    style = LearnedStyle(StyleWord(24, 32), torch.ones(1, 1), "abc", "Tiny", 7)
    style.word.outward.weight = torch.nn.Parameter(torch.zeros(1, 100_000))
    content = write_style(style)
    monkeypatch.setattr(style_embedding, "StyleWord", None)
    with pytest.raises(BadPack, match="do not fit each other"):
        read_style(content)


def test_an_image_encoder_that_is_not_whole_is_refused(tmp_path):
    save_image_encoder(tmp_path / "eyes", 24)
    assert embed(read_image_encoder(tmp_path / "eyes", CPU, torch.float32), torch.rand(1, 3, 9, 9)).shape == (1, 24)
    file = tmp_path / "eyes" / "model.safetensors"
    tensors = load_file(file)
    del tensors["visual_projection.weight"]
    save_file(tensors, file, {"format": "pt"})
    with pytest.raises(BadRequest, match="lacks tensors"):
        read_image_encoder(tmp_path / "eyes", CPU, torch.float32)
    file.unlink()
    with pytest.raises(BadRequest, match="Bring it anew"):
        read_image_encoder(tmp_path / "eyes", CPU, torch.float32)


def test_clip_sees_all_of_a_picture_on_white(networks_of):
    encoder = networks_of().image_encoder
    wide = torch.zeros(1, 3, 20, 60)
    square = torch.ones(1, 3, 60, 60)
    square[..., 20:40, :] = 0
    assert torch.allclose(embed(encoder, wide), embed(encoder, square), atol=1e-5)
    assert not torch.allclose(embed(encoder, wide), embed(encoder, torch.rand(1, 3, 60, 60)), atol=1e-3)
