"""A text becomes a picture: the same for the same seed, another for another text, stopped at any step."""

import pytest
import torch

from backend.core.errors import BadRequest
from backend.core.work import completed
from backend.diffusion.conditions import encode_text, encode_with_word, placeholder_id, token_ids
from backend.diffusion.denoising import SCHEDULERS, guidance_embedding
from backend.diffusion.text_to_image import NEGATIVE, SUFFIX, TextToImage, text_to_image

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # diffusers' own, of its Euler schedulers


def picture(networks, prompt="a horse", **wanted):
    return completed(text_to_image(TextToImage(prompt, **{"steps": 3, "suffix": "", **wanted}), networks))


def test_a_seed_and_a_text_give_one_picture(networks_of):
    networks = networks_of()
    first, again = picture(networks), picture(networks)
    assert first.image.shape == (1, 3, 32, 32) and 0 <= float(first.image.min()) < float(first.image.max()) <= 1
    assert torch.equal(first.image, again.image) and first.steps == 3 and first.cfg_scale == 7.5
    for other in (
        picture(networks, seed=1),
        picture(networks, "a cup"),
        picture(networks, negative=""),
        picture(networks, cfg_scale=3),
    ):
        assert not torch.equal(first.image, other.image)


@pytest.mark.parametrize(("kind", "steps", "scale"), [("turbo", 4, 1.0), ("lcm", 4, 8.5), ("sd15", 50, 7.5)])
def test_distilled_checkpoints_take_few_steps_and_no_guidance(networks_of, kind, steps, scale):
    wanted, networks = TextToImage("a horse"), networks_of(kind)
    assert wanted.steps_for(networks) == steps and wanted.scale_for(networks) == scale
    assert TextToImage("a horse", steps=7, cfg_scale=2).steps_for(networks) == 7
    assert TextToImage("a horse", steps=7, cfg_scale=2).scale_for(networks) == 2
    if steps < 50:
        found = picture(networks, steps=None)
        assert found.steps == steps and torch.isfinite(found.image).all() and "negative prompt" in found.notes[-1]
        assert not torch.equal(found.image, picture(networks, seed=2, steps=None).image)


def test_latent_consistency_models_are_told_the_guidance(networks_of):
    networks = networks_of("lcm")
    assert not torch.equal(picture(networks, cfg_scale=2).image, picture(networks, cfg_scale=9).image)
    assert guidance_embedding(7.5, 9).shape == (1, 9) and guidance_embedding(0, 8).tolist() == [[0] * 4 + [1] * 4]


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_takes_its_steps(networks_of, name):
    found = picture(networks_of(), scheduler=name, steps=4)
    assert torch.isfinite(found.image).all() and float(found.image.std()) > 0
    assert torch.equal(found.image, picture(networks_of(), scheduler=name, steps=4).image)


def test_small_pictures_come_on_the_way_and_the_work_can_be_stopped(networks_of):
    networks = networks_of()
    seen = []
    completed(text_to_image(TextToImage("a horse", steps=20), networks), seen.append)
    shown = [progress.picture for progress in seen if progress.picture is not None]
    assert 5 <= len(shown) <= 10 and all(image.shape == (1, 3, 16, 16) for image in shown)
    assert [p.done for p in seen] == sorted(p.done for p in seen) and seen[-1].done < 1
    work = text_to_image(TextToImage("a horse"), networks)
    while next(work).picture is None:
        pass
    work.close()
    assert torch.isfinite(picture(networks).image).all()


def test_texts_are_put_together_as_the_seed_does():
    assert TextToImage("a horse").text == f"a horse, {SUFFIX}" and "contours only" in SUFFIX and "shadow" in NEGATIVE
    assert TextToImage(" a horse ", suffix=" ").text == "a horse"


def test_an_overlong_text_is_cut_and_this_is_said(networks_of):
    networks = networks_of()
    assert token_ids(networks, "a horse")[1] is False
    assert token_ids(networks, "a horse " * 30)[1] is True
    assert any("left out" in note for note in picture(networks, "a horse " * 30).notes)
    assert not picture(networks).notes


def test_a_word_can_have_another_embedding(networks_of):
    networks = networks_of()
    own = networks.text_encoder.get_input_embeddings().weight[placeholder_id(networks)]
    word = own.clone().requires_grad_()
    states = encode_with_word(networks, "a * horse", word)
    assert torch.allclose(states, encode_text(networks, "a * horse"), atol=1e-6)
    states.sum().backward()
    assert float(word.grad.abs().sum()) > 0
    other = encode_with_word(networks, "a * horse", torch.ones(32))
    assert not torch.allclose(other, states) and torch.equal(encode_text(networks, "a *"), encode_text(networks, "a *"))
    with pytest.raises(BadRequest, match="Add one"):
        encode_with_word(networks, "a horse", word)


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        ({"prompt": "  "}, "empty"),
        ({"prompt": "x", "steps": 0}, "steps"),
        ({"prompt": "x", "cfg_scale": -1}, "CFG"),
        ({"prompt": "x", "side": 33}, "multiple of 16"),
        ({"prompt": "x", "side": 4096}, "2048"),
        ({"prompt": "x", "scheduler": "best"}, "ddim"),
    ],
)
def test_what_cannot_be_is_said(networks_of, wanted, word):
    with pytest.raises(BadRequest, match=word) as raised:
        completed(text_to_image(TextToImage(**wanted), networks_of()))
    assert str(raised.value).endswith(".")
